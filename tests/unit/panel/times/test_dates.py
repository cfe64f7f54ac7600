"""Dates in the formats of spreadsheets and programs; other texts are refused rather than read as wrong dates."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.exceptions import DataError
from tsforecast.panel.times.dates import compact_dates, parse_dates

DAYS = st.dates(pd.Timestamp("1969-01-01").date(), pd.Timestamp("2068-12-31").date())
FORMS = ["%d/%m/%y", "%d.%m.%y", "%m/%d/%y", "%d-%b-%y", "%d %B %y", "%d/%m/%y 00:00", "%d.%m.%y 00:00:00"]


def texts(days, form):
    return pd.Series([day.strftime(form) for day in days])


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(days=st.lists(DAYS, min_size=1, max_size=12))
def test_a_year_of_two_digits_is_the_one_from_1969_to_2068(form, days):
    days = [*days, pd.Timestamp("1999-12-31").date()]  # a day that shows which number is the month and which the year
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


@pytest.mark.parametrize(
    ("form", "step"), [("%YQ{q}", "QS"), ("%Y-Q{q}", "QS"), ("Q{q} %Y", "QS"), ("{q}Q%Y", "QS"), ("%YM%m", "MS")]
)
@settings(max_examples=20)
@given(start=st.dates(pd.Timestamp("1901-01-01").date(), pd.Timestamp("2090-01-01").date()))
def test_quarters_and_months_of_statistical_offices_are_their_first_days(form, step, start):
    days = pd.date_range(start, periods=9, freq=step)
    written = pd.Series([day.strftime(form).format(q=day.quarter) for day in days])
    np.testing.assert_array_equal(parse_dates(written), days)


@settings(max_examples=20)
@given(start=st.dates(pd.Timestamp("1901-01-01").date(), pd.Timestamp("2090-01-01").date()))
def test_weeks_are_their_mondays(start):
    mondays = pd.date_range(start, periods=60, freq="W-MON")
    written = pd.Series([f"{day.isocalendar().year}-W{day.isocalendar().week:02}" for day in mondays])
    np.testing.assert_array_equal(parse_dates(written), mondays)


@pytest.mark.parametrize("step", ["D", "MS", "QS", "7D", "B", "YS"])
@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%-m/%-d/%Y"])
@settings(max_examples=15)
@given(start=st.dates(pd.Timestamp("1901-01-01").date(), pd.Timestamp("2090-01-01").date()), n=st.integers(1, 40))
def test_a_regular_series_is_read_as_it_was_written_or_not_at_all(form, step, start, n):
    days = pd.date_range(start, periods=n, freq=step)
    try:
        read = parse_dates(texts(days, form))
    except DataError as error:
        assert "cannot be told" in str(error)
        np.testing.assert_array_equal(parse_dates(texts(days, form), "%d" in form[:2]), days)
        return
    np.testing.assert_array_equal(read, days)


@given(text=st.text(max_size=12))
def test_any_text_is_a_date_of_its_year_or_none(text):
    try:
        (read,) = parse_dates(pd.Series([text]), day_first=True)
    except DataError:
        return
    assert pd.isna(read) or re.search(r"[0-9]{2}", text)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["01/02/2020", "02/02/2020"], "cannot be told"),
        (["2001/02", "2002/03"], "financial years"),
        (["2020-01-01T00:00Z", "2020-01-01T00:00"], "offset from UTC"),
    ],
)
def test_texts_that_may_be_other_dates_are_refused(texts, why):
    with pytest.raises(DataError, match=why):
        parse_dates(pd.Series(texts))
