"""Holidays and working days at given times, counted day by day."""

import holidays
import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, holiday_covariates
from tsforecast.exceptions import CovariateError, ParameterError

BAVARIA = holidays.country_holidays("DE", subdiv="BY", years=range(2022, 2027))


def is_free(days):
    return [day.date() in BAVARIA for day in days]


def works(days):
    return [day.date() not in BAVARIA and day.weekday() < 5 for day in days]


@pytest.mark.parametrize("freq", ["D", "h", "B", "15min"])
def test_times_of_a_day_have_its_holiday(freq):
    times = pd.date_range("2024-12-23", periods=80, freq=freq)
    found = holiday_covariates(times, "DE-BY")
    assert list(found.columns) == ["holiday"]
    np.testing.assert_array_equal(found["holiday"], is_free(times))


@pytest.mark.parametrize(
    ("freq", "first", "last"),
    [
        ("W-MON", lambda t: t, lambda t: t + pd.Timedelta(days=6)),
        ("W-SUN", lambda t: t - pd.Timedelta(days=6), lambda t: t),
        ("2W-SUN", lambda t: t - pd.Timedelta(days=13), lambda t: t),
        ("MS", lambda t: t, lambda t: t + pd.offsets.MonthEnd()),
        ("ME", lambda t: t.replace(day=1), lambda t: t),
        ("QS", lambda t: t, lambda t: t + pd.offsets.QuarterEnd()),
        ("QE", lambda t: t - pd.offsets.QuarterBegin(startingMonth=1), lambda t: t),
        ("YS", lambda t: t, lambda t: t + pd.offsets.YearEnd()),
        ("YE", lambda t: t - pd.offsets.YearBegin(), lambda t: t),
        ("10D", lambda t: t, lambda t: t + pd.Timedelta(days=9)),
    ],
)
def test_periods_of_days_count_their_holidays_and_working_days(freq, first, last):
    times = pd.date_range("2023-01-01", periods=3, freq=freq)
    found = holiday_covariates(times, "DE-BY", freq=freq)
    for k, time in enumerate(times):
        days = pd.date_range(first(time), last(time), freq="D")
        assert found["holidays"].iloc[k] == sum(is_free(days))
        if "workdays" in found:
            assert found["workdays"].iloc[k] == sum(works(days))
    assert ("workdays" in found) == (freq[-1] != "D" and "W" not in freq)


def test_periods_and_times_with_a_zone_are_those_of_the_clock():
    months = pd.period_range("2024-01", periods=6, freq="M")
    np.testing.assert_array_equal(
        holiday_covariates(months, "DE"), holiday_covariates(months.to_timestamp(), "DE", freq="MS")
    )
    hours = pd.date_range("2024-12-24 22:00", periods=4, freq="h", tz="Europe/Berlin")
    assert holiday_covariates(hours, "DE")["holiday"].tolist() == [0, 0, 1, 1]
    assert holiday_covariates(hours.tz_convert("UTC"), "DE")["holiday"].tolist() == [0, 0, 0, 1]


def test_days_before_and_after_a_holiday():
    days = pd.date_range("2024-12-22", periods=8, freq="D")
    found = holiday_covariates(days, "DE", before=2, after=1)
    assert list(found.columns) == ["holiday", "holiday_before1", "holiday_before2", "holiday_after1"]
    assert found["holiday"].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    assert found["holiday_before2"].tolist() == [0, 1, 1, 0, 0, 0, 0, 0]
    assert found["holiday_after1"].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


def test_what_is_no_calendar_is_told_with_those_there_are():
    days = pd.date_range("2024-12-22", periods=8, freq="D")
    with pytest.raises(ParameterError, match="no country is called 'DD'; those known are AD, AE"):
        holiday_covariates(days, "DD")
    with pytest.raises(ParameterError, match="DE has no part 'XX'; those known are BB, BE"):
        holiday_covariates(days, "DE-XX")
    with pytest.raises(ParameterError, match=r"calendar=7 is no country"):
        holiday_covariates(days, 7)
    with pytest.raises(ParameterError, match="before=-1"):
        holiday_covariates(days, "DE", before=-1)
    with pytest.raises(ParameterError, match="a day or less apart"):
        holiday_covariates(pd.date_range("2024", periods=4, freq="MS"), "DE", before=1)
    with pytest.raises(CovariateError, match=r"known for the years 199[01] to 2100"):
        holiday_covariates(pd.date_range("1960-01-01", periods=4, freq="D"), "DE")


def test_the_effect_of_holidays_is_found_and_predict_needs_no_covariates():
    days = pd.date_range("2023-01-01", periods=500, freq="D")
    free = holiday_covariates(days.append(pd.date_range(days[-1], periods=60, freq="D")[1:]), "DE", freq="D")
    y = 50 - 20 * free["holiday"].to_numpy()[:500] + np.random.default_rng(0).normal(0, 1, 500)
    model = ARIMA((1, 0, 0)).fit(pd.Series(y, index=days), calendar="DE")
    assert model.params_["holiday"].iloc[0] == pytest.approx(-20, abs=1)
    forecast = model.predict(59)
    np.testing.assert_array_equal(forecast < 40, free["holiday"].to_numpy()[500:] == 1)
    assert (forecast < 40).sum() > 0
