"""Containers: forecasts have the same kind, times, names and levels as the series; covariates are aligned."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, SeasonalNaive
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import CovariateError, DataError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.align import align_covariates
from tsforecast.panel.containers import to_panel

DAYS = pd.date_range("2024-01-01", periods=20)
VALUES = np.column_stack([np.sin(np.arange(20.0)), np.arange(20.0)])


class Linear(BaseForecaster):
    """Least squares of each series on its covariates: forecasts show which covariates arrived where."""

    uses_covariates = True

    def _fit(self, panel):
        self.coef_ = [
            np.linalg.lstsq(panel.take([i]).covariates, panel.series(i), rcond=None)[0] for i in range(panel.n_series)
        ]

    def _predict(self, panel, horizon, X, levels):
        rows = self.panel_.positions(panel.ids)
        mean = np.stack([X[i] @ self.coef_[row] for i, row in enumerate(rows)])
        quantiles = np.repeat(mean[:, :, None], levels.size, axis=2)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


def as_container(kind, values=VALUES, times=DAYS):
    wide = pd.DataFrame(values, index=times[: len(values)], columns=["a", "b"])
    if kind == "wide":
        return wide
    if kind == "matrix":
        return values
    long = wide.rename_axis("ds").melt(ignore_index=False, var_name="unique_id", value_name="y").reset_index()
    return long if kind == "long" else Panel.from_frame(long)


@pytest.mark.parametrize("kind", ["wide", "matrix", "long", "panel"])
def test_every_container_gets_the_same_numbers_in_its_own_shape(kind):
    model = SeasonalNaive(season_length=3).fit(as_container(kind))
    forecast = model.predict(4, level=[80], quantiles=[0.5])
    expected = SeasonalNaive(season_length=3).fit(Panel.from_array(VALUES)).predict(4, level=[80], quantiles=[0.5])
    stacked = np.stack(
        [expected.mean, *expected.interval(80), expected.quantile(0.5)], axis=-1
    )  # (series, step, column)
    if kind == "panel":
        np.testing.assert_array_equal(forecast.mean, expected.mean)
        np.testing.assert_array_equal(forecast.quantiles, expected.quantiles)
    elif kind == "matrix":
        np.testing.assert_array_equal(forecast, stacked.transpose(1, 0, 2))
    elif kind == "long":
        assert forecast.columns.tolist() == ["unique_id", "ds", "mean", "lo-80", "hi-80", "q0.5"]
        np.testing.assert_array_equal(forecast.iloc[:, 2:].to_numpy().reshape(2, 4, 4), stacked)
        assert forecast["ds"].tolist() == list(pd.date_range("2024-01-21", periods=4)) * 2
    else:
        assert forecast.columns.tolist() == [(s, c) for s in "ab" for c in ("mean", "lo-80", "hi-80", "q0.5")]
        np.testing.assert_array_equal(forecast.to_numpy().reshape(4, 2, 4), stacked.transpose(1, 0, 2))


@pytest.mark.parametrize("kind", ["wide", "matrix", "long"])
def test_forecasts_without_levels_have_the_shape_of_the_data(kind):
    forecast = Naive().fit(as_container(kind)).predict(3)
    if kind == "long":
        assert forecast.columns.tolist() == ["unique_id", "ds", "mean"]
    else:
        assert forecast.shape == (3, 2)
        assert type(forecast) is type(as_container(kind))


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 25),
        pd.period_range("2020-01", periods=20, freq="M"),
        pd.period_range("2020Q1", periods=20, freq="Q-NOV"),
        pd.date_range("2024-03-25", periods=20, tz="Europe/Berlin"),
        pd.date_range("2024-03-30 22:00", periods=20, freq="h", tz="Europe/Berlin"),
        pd.bdate_range("2024-01-01", periods=20),
        pd.date_range("2024-01-01", periods=20, freq="15min"),
        pd.date_range("2000-01-01", periods=20, freq="QE-NOV"),
        pd.Index([f"2024-01-{day:02d}" for day in range(1, 21)]),
    ],
    ids=str,
)
def test_a_series_comes_back_with_its_name_on_the_times_that_follow(index):
    series = pd.Series(np.arange(20.0), index=index, name="sales")
    forecast = Naive().fit(series.iloc[:12]).predict(8)
    expected = pd.DatetimeIndex(index) if index.dtype == object or index.dtype == "str" else index
    assert forecast.name == "sales"
    assert (forecast.index == expected[12:]).all()
    assert forecast.index.dtype.kind == expected.dtype.kind
    with_levels = Naive().fit(series.iloc[:12]).predict(8, level=[80, 95])
    assert with_levels.columns.tolist() == ["mean", "lo-80", "hi-80", "lo-95", "hi-95"]


def test_lists_and_one_dimensional_arrays_come_back_as_arrays():
    for y in ([1.0, 3.0, 2.0], (1.0, 3.0, 2.0), np.array([1, 3, 2])):
        assert Naive().fit(y).predict(2).tolist() == [2.0, 2.0]
        assert Naive().fit(y).predict(2, level=80).shape == (2, 3)


def test_wide_series_that_end_apart_are_forecast_each_from_its_end():
    wide = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [5.0, 6, 7, np.nan]}, index=DAYS[:4])
    forecast = Naive().fit(wide).predict(2)
    assert forecast.index.tolist() == list(DAYS[3:6])
    np.testing.assert_array_equal(forecast["b"], [7, 7, np.nan])
    np.testing.assert_array_equal(forecast["a"], [np.nan, 4, 4])


def test_a_history_too_short_to_show_its_frequency_takes_the_fitted_one():
    series = pd.Series(np.arange(6.0), index=pd.date_range("2024", periods=6, freq="YE"))
    model = Naive().fit(series)
    assert model.predict(1, history=series.iloc[:2]).index.tolist() == [pd.Timestamp("2026-12-31")]
    after = pd.Series([5.0, 7.0], index=pd.date_range("2030", periods=2, freq="YE"))
    assert model.score(after) == pytest.approx(-1.0)


def test_a_history_of_another_frequency_is_refused_by_name():
    model = Naive().fit(pd.Series(np.arange(6.0), index=pd.date_range("2024-01", periods=6, freq="ME")))
    with pytest.raises(DataError, match=r"frequency 'D'.*'ME'"):
        model.predict(1, history=pd.Series(np.arange(5.0), index=DAYS[:5]))


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="different lengths"):
        Naive().fit([[1.0, 2.0], [3.0]])


COVARIATES = pd.DataFrame({"x": np.arange(24.0) ** 2, "z": 1.0}, index=pd.date_range("2024-01-01", periods=24))


def linear_in(covariates, slopes=(2.0, -1.0)):
    return np.column_stack([covariates["x"] * s + 3 * covariates["z"] for s in slopes])


@pytest.mark.parametrize("kind", ["wide", "matrix", "long", "panel"])
@pytest.mark.parametrize("given_as", ["index", "ds", "long", "array"])
def test_covariates_reach_every_series_in_every_form(kind, given_as):
    truth = linear_in(COVARIATES)
    past, future = COVARIATES.iloc[:20], COVARIATES.iloc[20:]
    if kind == "matrix":
        past, future = past.reset_index(drop=True), future.set_axis(range(20, 24))
    ids = ["y0", "y1"] if kind == "matrix" else ["a", "b"]

    def form(frame):
        if given_as == "array":
            return frame.to_numpy()
        if given_as == "index":
            return frame
        if given_as == "ds":
            return frame.rename_axis("ds").reset_index()
        return pd.concat([frame.rename_axis("ds").reset_index().assign(unique_id=name) for name in ids])

    model = Linear().fit(as_container(kind, truth[:20]), form(past))
    forecast = model.predict(4, form(future))
    if kind == "panel":
        numbers = forecast.mean.T
    elif kind == "long":
        numbers = forecast["mean"].to_numpy().reshape(2, 4).T
    else:
        numbers = np.asarray(forecast)
    np.testing.assert_allclose(numbers, truth[20:], rtol=1e-9)


def test_covariates_of_each_series_are_kept_apart_and_columns_found_by_name():
    frame = as_container("long")
    X = frame[["unique_id", "ds"]].assign(x=VALUES.T.reshape(-1) * 5, one=1.0)
    shuffled = X.sample(frac=1, random_state=0)[["one", "ds", "x", "unique_id"]]
    panel, _ = to_panel(frame, shuffled)
    assert panel.covariate_names == ("one", "x")
    np.testing.assert_allclose(panel.covariates[:, 1], panel.values * 5)


def test_history_brings_its_own_covariates():
    truth = linear_in(COVARIATES)[:, 0]
    series = pd.Series(truth, index=COVARIATES.index)
    model = Linear().fit(series.iloc[:10], COVARIATES.iloc[:10])
    forecast = model.predict(4, COVARIATES, history=series.iloc[:15])
    np.testing.assert_allclose(forecast, truth[15:19])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (COVARIATES.iloc[:19], r"no row for series 'a' at 2024-01-20"),
        (pd.concat([COVARIATES, COVARIATES.iloc[:1]]), "two rows for"),
        (COVARIATES.assign(x=np.nan), "x=nan for series 'a' at 2024-01-01"),
        (COVARIATES[[]], "no column"),
        (np.ones((7, 2)), "7 rows; 40 are needed"),
    ],
)
def test_covariates_that_do_not_fit_are_refused(X, message):
    with pytest.raises(CovariateError, match=message):
        Linear().fit(as_container("wide"), X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (COVARIATES.assign(x=["high", 1.0] * 12), r"X\['x'\] holds what is no number .*'high'"),
        (COVARIATES.assign(x=COVARIATES.index), r"X\['x'\] holds what is no number"),
        ([["high"]] * 20, "X holds what is no number"),
        ([[1.0], [1.0, 2.0]], "X holds what is no number"),
        (COVARIATES.assign(ds="someday"), "times of X cannot be read.*'someday' is no date"),
        (COVARIATES.assign(ds=None), "times of X cannot be read.*no time in row 0"),
        (COVARIATES.tz_localize("Europe/Berlin"), "X are dates with a zone, those of the series dates without a zone"),
        (COVARIATES.to_period("D"), "X are periods 'D', those of the series dates without a zone"),
        (COVARIATES.reset_index(drop=True), "X are whole numbers, those of the series dates without a zone"),
        (COVARIATES["x"].rename("y"), "covariate is called 'y'.*rename it"),
    ],
)
def test_covariates_of_another_type_or_kind_of_time_are_refused_in_our_words(X, message):
    with pytest.raises(CovariateError, match=message):
        Linear().fit(as_container("wide"), X)


@pytest.mark.parametrize("name", ["x", None])
def test_a_series_of_covariates_is_found_by_its_index_and_not_by_its_place(name):
    truth = pd.Series(np.arange(20.0) ** 2 * 3, index=DAYS)
    X = pd.Series(np.arange(24.0) ** 2, index=COVARIATES.index, name=name)
    shuffled = X.sample(frac=1, random_state=0)
    model = Linear().fit(truth.iloc[:18], shuffled)
    assert model.panel_.covariate_names == (name or "x0",)
    np.testing.assert_allclose(model.predict(4, shuffled), 3 * X.iloc[18:22])
    np.testing.assert_allclose(model.predict(4, shuffled, history=truth), 3 * X.iloc[20:])


def test_covariates_meet_their_series_in_any_form_of_date():
    numbers = COVARIATES.set_axis(COVARIATES.index.strftime("%Y%m%d").astype(int))
    texts = COVARIATES.assign(ds=COVARIATES.index.strftime("%d-%b-%y"))
    expected = Linear().fit(as_container("wide"), COVARIATES).panel_.covariates
    for X in (numbers, texts):
        np.testing.assert_array_equal(Linear().fit(as_container("wide"), X).panel_.covariates, expected)


def test_predict_asks_for_the_covariates_of_fit_and_refuses_others():
    series = pd.Series(linear_in(COVARIATES)[:20, 0], index=DAYS)
    model = Linear().fit(series, COVARIATES.iloc[:20])
    with pytest.raises(CovariateError, match="needs X for the horizon"):
        model.predict(2)
    with pytest.raises(CovariateError, match="the model was fitted with"):
        model.predict(2, COVARIATES[["x"]])
    swapped = model.predict(2, COVARIATES[["z", "x"]].assign(more=1.0))
    np.testing.assert_allclose(swapped, model.predict(2, COVARIATES))


def test_aligning_a_shared_array_repeats_it_for_each_series():
    coded = align_covariates(np.arange(3.0), pd.Index(["a", "b"]), np.array([3, 3]), pd.Index([0, 1, 2, 0, 1, 2]))
    assert coded.table[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    assert coded.names == ("x0",)
