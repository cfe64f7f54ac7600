"""Laws that forecasts of disturbed series keep whatever the weights are, and what the defaults make of them."""

import importlib.util
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from tsforecast.exceptions import MissingValuesError, ParameterError
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.heads import LossName
from tsforecast.models.neural.options import Decoding
from tsforecast.panel import Panel

_spec = importlib.util.spec_from_file_location("disturbed", Path(__file__).with_name("disturbed_series.py"))
disturbed = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(disturbed)

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 1}
HORIZON = 10
MOST = 1e-9  # of the largest value: rounding of numbers of its size
WHOLE = ("counts", "rare counts", "intermittent", "closed for sixty steps", "one sale", "all zero", "cumulative curve")
HEADS = {
    "balanced": {},
    "mse": {"loss": "mse"},
    "quantile": {"loss": "quantile"},
    "gaussian": {"loss": "gaussian"},
    "student_t": {"loss": "student_t"},
    "negative_binomial": {"loss": "negative_binomial"},
    "recursive": {"kind": "recursive", "n_samples": 40},
    "adjusted": {"adjust_bias": True},
}


def kinds_for(head):
    return {k: disturbed.KINDS[k] for k in WHOLE} if head == "negative_binomial" else disturbed.KINDS


def check_laws(panel, forecast, unit=0.0):
    """The laws, for each series: bounded by its range, in order, not below zero where it never was.

    Intervals of counts go outward to the next whole number: ``unit`` is 1 for them.
    """
    low, high = forecast.interval(95)
    inner = forecast.interval(80)
    for i, name in enumerate(panel.ids):
        y = panel.series(i)[~np.isnan(panel.series(i))]
        reach, size = y.max() - y.min(), MOST * np.abs(y).max()
        assert forecast.mean[i].max() <= y.max() + 2 * reach + size, name
        assert forecast.mean[i].min() >= y.min() - 2 * reach - size, name
        assert high[i].max() <= y.max() + 4 * reach + size + unit, name
        assert low[i].min() >= y.min() - 4 * reach - size - unit, name
        assert (inner[0][i] <= forecast.mean[i]).all(), name
        assert (forecast.mean[i] <= inner[1][i]).all(), name
        if (y >= 0).all():
            assert min(low[i].min(), forecast.mean[i].min()) >= 0, name
        if y.size >= 60 and not y[-60:].any():
            assert (forecast.mean[i] == 0).all(), name


def test_there_are_two_hundred_disturbed_series():
    assert len(disturbed.KINDS) * disturbed.N_SEEDS == 200


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_forecasts_of_disturbed_series_are_bounded_by_what_these_have_done(head):
    panel = disturbed.draw(kinds_for(head))
    forecast = LSTM(**QUICK, decoding=Decoding(**HEADS[head])).fit(panel).predict(HORIZON, level=[80, 95])
    check_laws(panel, forecast)


@pytest.mark.slow
@pytest.mark.parametrize("preparation", [{"transform": "boxcox"}, {"difference": "first"}, {"level": "mean"}])
def test_the_bounds_hold_however_series_are_prepared(preparation):
    panel = disturbed.draw({k: v for k, v in disturbed.KINDS.items() if is_positive(v)}, n_seeds=2)
    forecast = GRU(**QUICK, preparation=preparation).fit(panel).predict(HORIZON, level=[80, 95])
    check_laws(panel, forecast)


def is_positive(make):
    return bool((make(np.random.default_rng(0))[~np.isnan(make(np.random.default_rng(0)))] > 0).all())


@pytest.mark.slow
def test_the_bounds_hold_for_yearly_series_far_past_the_steps_of_one_output():
    panel = disturbed.draw(disturbed.KINDS, "YS", n_seeds=1)
    forecast = LSTM(**QUICK).fit(panel).predict(40, level=[80, 95])
    for i, name in enumerate(panel.ids):
        y = panel.series(i)[~np.isnan(panel.series(i))]
        steps = max(40 / (panel.lengths[i] - 1), 1)  # what a series did in its time it may go on doing
        reach = steps * (y.max() - y.min()) + MOST * np.abs(y).max()
        assert np.abs(forecast.mean[i] - y[-1]).max() <= 3 * reach, name
        assert np.abs(forecast.interval(95)[1][i] - y[-1]).max() <= 5 * reach, name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zeros, then a jump", "step up", "last value x30", "growth, then a fall", "one sale"])
def test_one_disturbed_series_alone_keeps_the_laws_under_default_settings(name):
    panel = disturbed.draw({name: disturbed.KINDS[name]}, n_seeds=1)
    check_laws(panel, LSTM().fit(panel).predict(HORIZON, level=[80, 95]))


def healthy_and(*others):
    panel = disturbed.draw(disturbed.HEALTHY, n_seeds=8)
    return panel, disturbed.draw(disturbed.HEALTHY | {k: disturbed.KINDS[k] for k in others}, n_seeds=8)


@pytest.mark.slow
def test_mistyped_values_leave_the_intervals_of_other_series_as_they_were():
    few = {"n_members": 2, "max_epochs": 4}
    clean, dirty = healthy_and("middle value x1000", "last value x30")
    dirty = dirty.take([*range(clean.n_series), clean.n_series, clean.n_series + 8])  # one series of each
    widths = []
    for panel in (clean, dirty):
        low, high = LSTM(**few).fit(panel).predict(12, level=80).interval(80)
        widths.append((high - low)[: clean.n_series].mean(axis=1))
    ratio = np.median(widths[1] / widths[0])
    assert 0.7 < ratio < 1.4  # other series beside them change the weights, too


def months(values, name="y"):
    return pd.Series(values, index=pd.date_range("2000-01", periods=len(values), freq="MS"), name=name, dtype=float)


def test_a_lonely_mistyped_value_hardly_moves_the_forecast():
    y = months(disturbed.KINDS["counts"](np.random.default_rng(3)) + 100)
    typo = y.copy()
    typo.iloc[30] *= 1000
    plain, moved = (LSTM(**QUICK).fit(s).predict(6, level=95) for s in (y, typo))
    np.testing.assert_allclose(moved["mean"], plain["mean"], rtol=0.1)
    assert (moved["hi-95"] < 1.5 * plain["hi-95"]).all()


def test_a_series_that_has_ended_is_forecast_to_be_zero_and_may_begin_again():
    y = months(np.concatenate([np.random.default_rng(0).poisson(5, 60), np.zeros(60)]))
    forecast = LSTM(**QUICK).fit(y).predict(24, level=95)
    assert (forecast["mean"] == 0).all()
    assert (forecast["lo-95"] == 0).all()
    assert 0 < forecast["hi-95"].iloc[0] <= forecast["hi-95"].iloc[-1] <= 30


@pytest.mark.parametrize("decoding", [{}, {"loss": "quantile"}, {"loss": "student_t"}, {"kind": "recursive"}])
def test_the_point_forecast_of_a_median_is_its_quantile_at_a_half(decoding):
    y = months(np.exp(np.random.default_rng(0).standard_normal(60)))
    forecast = LSTM(**QUICK, decoding=decoding).fit(y).predict(6, level=[20, 80], quantiles=0.5)
    np.testing.assert_array_equal(forecast["q0.5"], forecast["mean"])
    assert (forecast["lo-20"] <= forecast["mean"]).all()


def test_a_history_of_nothing_but_missing_values_is_named():
    model = LSTM(**QUICK).fit(pd.DataFrame({"a": months(np.arange(20.0)), "b": months(np.arange(20.0))}))
    history = pd.DataFrame({"unique_id": "b", "ds": months(np.zeros(30)).index, "y": np.nan})
    with pytest.raises(MissingValuesError, match="Series 'b' has no value among the 30 steps"):
        model.predict(3, history=history)


def test_zeros_in_a_new_history_of_a_series_that_was_positive_are_forecast_from():
    y = months(np.exp(0.05 * np.arange(60) + 0.2 * np.random.default_rng(0).standard_normal(60)))
    model = LSTM(**QUICK).fit(y)
    assert (model.trained_[0].prepared.transform.lambdas == 0).all()
    forecast = model.predict(6, history=months(np.append(y, [0.0, 0.0])), level=80)
    assert np.isfinite(forecast).all().all()
    assert (forecast >= 0).all().all()


@pytest.mark.parametrize(
    ("horizon", "decoding"), [(100_000, {}), (20_000, {"kind": "recursive", "n_samples": 100_000})]
)
def test_a_forecast_too_long_is_refused_before_memory_is_taken(horizon, decoding):
    model = LSTM(**QUICK, decoding=decoding).fit(months(np.arange(30.0)))
    with pytest.raises(ParameterError, match=f"horizon={horizon}"):
        model.predict(horizon, level=80)


def test_a_series_below_zero_stays_below_zero():
    y = months(-50 - np.random.default_rng(0).random(60))
    forecast = LSTM(**QUICK).fit(y).predict(6, level=80)
    assert (forecast < -40).all().all()


ZEROS = np.zeros(30)
JUMPS = {
    "zeros, then a jump": [*ZEROS, 1, 158],
    "many zeros, then a jump": [*np.zeros(200), 5000],
    "a constant, then a jump": [*np.full(60, 3), 1e9],
    "zeros, then the largest that is taken": [*ZEROS, 1e59, 1e59],
    "zeros, a spike, zeros": [*ZEROS, 1e8, *ZEROS],
    "zeros, then another level": [*ZEROS, *np.full(8, 1e6)],
    "constant": np.full(40, 7),
    "all but constant": 1e6 + 1e-6 * np.random.default_rng(0).standard_normal(40),
    "constant but for rounding": 7 + 1e-12 * np.random.default_rng(0).standard_normal(40),
    "all zero": ZEROS,
}


@pytest.mark.parametrize("others", [0, 5])
@pytest.mark.parametrize("loss", get_args(LossName))
def test_every_head_is_fitted_to_a_jump_after_a_constant_stretch_alone_and_in_a_panel(loss, others):
    rng = np.random.default_rng(1)
    for name, values in JUMPS.items():
        series = {name: np.asarray(values, dtype=float)}
        series |= {f"usual {k}": 50 + 10 * rng.standard_normal(60) + np.arange(60) for k in range(others)}
        if loss == "negative_binomial":
            series = {key: np.round(np.abs(y)) for key, y in series.items()}
        frames = [pd.DataFrame({"unique_id": key, "ds": np.arange(y.size), "y": y}) for key, y in series.items()]
        panel = Panel.from_frame(pd.concat(frames), freq=1)
        model = LSTM(4, n_members=2, decoding={"loss": loss, "horizon": 4}, training={"max_steps": 40})
        forecast = model.fit(panel).predict(6, level=[80, 95])
        assert np.isfinite(forecast.mean).all(), name
        assert np.isfinite(forecast.quantiles).all(), name
        check_laws(panel, forecast, unit=float(loss == "negative_binomial"))
