"""Dates in the forms of spreadsheets and programs; what is no date is none, and not a date of another time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast._dates import compact_dates, parse_dates

DAYS = st.dates(pd.Timestamp("1969-01-01").date(), pd.Timestamp("2068-12-31").date())
FORMS = ["%d/%m/%y", "%d.%m.%y", "%m/%d/%y", "%d-%b-%y", "%d %B %y", "%d/%m/%y 00:00", "%d.%m.%y 00:00:00"]


def texts(days, form):
    return pd.Series([day.strftime(form) for day in days])


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(days=st.lists(DAYS, min_size=1, max_size=12))
def test_a_year_of_two_digits_is_the_one_from_1969_to_2068(form, days):
    days = [*days, pd.Timestamp("2001-12-31").date()]  # a day that shows which number is the month
    np.testing.assert_array_equal(parse_dates(texts(days, form)), pd.DatetimeIndex(days))


@pytest.mark.parametrize("form", ["%b-%y", "%b'%y", "%B-%y", "%b %Y", "%B %Y", "%b-%Y", "%Y-%b", "%m/%Y", "%Y/%m"])
@settings(max_examples=25)
@given(start=st.dates(pd.Timestamp("1969-01-01").date(), pd.Timestamp("2060-01-01").date()))
def test_months_with_their_year_are_their_first_day(form, start):
    months = pd.date_range(start, periods=14, freq="MS")
    np.testing.assert_array_equal(parse_dates(texts(months, form)), months)


@given(days=st.lists(st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2100-12-31").date()), min_size=1))
def test_whole_numbers_that_are_days_are_those_days(days):
    numbers = pd.Index([day.year * 10_000 + day.month * 100 + day.day for day in days])
    np.testing.assert_array_equal(compact_dates(numbers), pd.DatetimeIndex(days))


@pytest.mark.parametrize("stranger", [0, 20230229, 20231301, 18991231, 21010101, -20230101])
def test_one_number_that_is_no_day_makes_all_of_them_numbers(stranger):
    assert compact_dates(pd.Index([20230101, stranger])) is None


@pytest.mark.parametrize(
    "text",
    ["12-Jan", "Jan", "Jan 12", "05:00", "1/2", "0012-01-01", "1499-12-31", "13-01-23", "12,345", "", "May", "3"],
)
def test_a_text_without_a_year_that_can_be_told_is_no_date(text):
    assert parse_dates(pd.Series([text, "2020-01-01"])).isna().tolist() == [True, False]


def test_dates_that_begin_in_may_are_read_like_any_other():
    months = pd.date_range("2020-05-01", periods=4, freq="MS")  # May is its own short form
    np.testing.assert_array_equal(parse_dates(texts(months, "%d %b %Y")), months)
