"""monitor_coverage: past forecasts in every layout, and what is counted of them."""

import copy
import functools
import io

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, monitor_coverage
from tsforecast.exceptions import ContainerTypeError, DataError, ParameterError

DAYS = pd.date_range("2024-01-01", periods=60, freq="D")
RNG = np.random.default_rng(0)
TRUTH = pd.DataFrame(RNG.normal(size=(60, 2)).cumsum(axis=0), index=DAYS, columns=["a", "b"])
LONG = TRUTH.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")


@functools.cache
def made(layout, horizon, kind):
    y = {"long": LONG, "wide": TRUTH, "series": TRUTH["a"].rename(None)}[layout]
    rows = [y[y["ds"] <= day] if layout == "long" else y[:day] for day in DAYS[29:-1]]
    return [getattr(Naive().fit(each), kind)(horizon, level=[80, 95]) for each in rows]


def nights(layout="long", horizon=2, kind="predict"):
    """A forecast every night from the 30th day on."""
    return [copy.copy(each) for each in made(layout, horizon, kind)]


def by_hand(column):
    """Nights on which the next value of a random walk lies outside 80%, of 29: the last forecast is not over."""
    y, outside = TRUTH[column].to_numpy(), 0
    for t in range(30, 59):
        sigma = np.sqrt(np.mean(np.diff(y[:t]) ** 2))
        outside += abs(y[t] - y[t - 1]) > 1.2815515655446004 * sigma
    return outside


def test_every_layout_gives_the_same_numbers():
    want = monitor_coverage(nights(), LONG)
    assert want["unique_id"].tolist() == [None, "a", "b"] and want["n"].tolist() == [58, 29, 29]
    for i, name in enumerate("ab", start=1):
        assert want.loc[i, "n_below"] + want.loc[i, "n_above"] == by_hand(name)
        assert want.loc[i, "coverage"] == pytest.approx(100 * (1 - by_hand(name) / 29))
    wide, forecasts = nights("wide"), nights("wide", kind="forecast")
    files = [pd.read_csv(io.StringIO(each.to_csv(index=False))) for each in nights()]
    stacked = pd.concat([each.assign(cutoff=each["ds"].min() - pd.Timedelta(days=1)) for each in nights()])
    for past in (wide, forecasts, files, stacked, nights()[::-1]):
        for truth in (LONG, TRUTH):
            pd.testing.assert_frame_equal(monitor_coverage(past, truth), want)


def test_one_series_needs_no_name():
    got = monitor_coverage(nights("series"), TRUTH["a"])
    assert got["unique_id"].tolist() == ["a"] and got["n"].tolist() == [29]
    assert got["n_below"][0] + got["n_above"][0] == by_hand("a")


def test_only_the_last_forecast_of_a_time_counts():
    pd.testing.assert_frame_equal(
        monitor_coverage(nights(horizon=1)[:-1], LONG), monitor_coverage(nights(horizon=2), LONG)
    )


def test_a_forecast_that_is_not_over_does_not_count_yet():
    weekly = nights(horizon=7)[::7]  # the fifth begins two days before the truth ends
    assert monitor_coverage(weekly, LONG)["n"][0] == 2 * 28
    whole = monitor_coverage(weekly[:2], LONG)
    for day in range(44, 51):  # from the last step of the second on
        pd.testing.assert_frame_equal(monitor_coverage(weekly[:3], LONG[LONG["ds"] < DAYS[day]]), whole)


def test_intervals_that_are_much_too_narrow_raise_the_alarm_for_their_series_alone():
    past = nights(horizon=1)
    for each in past:
        centre = each["mean"].where(each["unique_id"] == "b")
        each[["lo-80", "hi-80"]] = each[["lo-80", "hi-80"]].where(centre.isna(), np.column_stack([centre, centre]))
    got = monitor_coverage(past, LONG, run_length=100).set_index("unique_id")
    assert pd.isna(got.loc["a", "alarm"]) and got.loc["b", "coverage"] == 0.0
    assert DAYS[30] < got.loc["b", "alarm"] < DAYS[50]
    assert got.loc["b", "evidence"] > 1.0


def test_the_alarm_keeps_its_time_when_forecasts_get_better():
    past = nights(horizon=1)
    for each in past[:15]:
        each["hi-80"] = each["lo-80"]
    early, late = (monitor_coverage(past[:n], LONG, run_length=100)["alarm"][0] for n in (15, 30))
    assert early == late


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": 0.8}, ParameterError, "80, not 0.8"),
        ({"level": 90}, ParameterError, "no column 'lo-90'"),
        ({"run_length": 1}, ParameterError, "run_length=1 "),
        ({"truth": [1.0, 2.0]}, ContainerTypeError, "no times"),
        ({"truth": LONG[LONG["ds"] < DAYS[20]]}, DataError, "No forecast, of 2024-01-31"),
        ({"truth": pd.Series([1.0, 2.0], index=[1, 2])}, DataError, "whole numbers"),
        ({"forecasts": []}, DataError, "is empty"),
        ({"forecasts": np.zeros(3)}, ContainerTypeError, "ndarray is no past forecast"),
        ({"forecasts": pd.concat(nights())}, DataError, r"two rows for series .* column cutoff"),
    ],
)
def test_what_cannot_be_watched_is_told(options, error, message):
    given = {"forecasts": nights(), "truth": LONG} | options
    with pytest.raises(error, match=message):
        monitor_coverage(**given)
