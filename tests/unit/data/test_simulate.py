"""Processes: exact moments against statsmodels and dense normal algebra; draws against their moments."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import toeplitz
from statsmodels.tsa.arima_process import arma_acovf
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast.data.process import ArimaProcess, SeasonalProcess
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import DataError, ParameterError, SeriesTooShortError
from tsforecast.panel import Panel

PROCESSES = {
    "white noise": ArimaProcess(mean=3.0, sigma2=2.0),
    "ar1": ArimaProcess(phi=(0.8,), mean=5.0),
    "arma21": ArimaProcess(phi=(1.2, -0.5), theta=(0.4,), sigma2=4.0),
    "ma2": ArimaProcess(theta=(0.9, 0.5), mean=-1.0),
    "arima111": ArimaProcess(phi=(0.6,), theta=(0.3,), d=1, mean=0.2, level=10.0),
    "random walk": ArimaProcess(d=1),
    "i2": ArimaProcess(theta=(-0.5,), d=2),
    "seasonal arma": ArimaProcess(phi=(0.5,), seasonal_phi=(0.4,), seasonal_theta=(0.3,), season_length=4, mean=1.0),
    "airline": ArimaProcess(theta=(-0.4,), d=1, seasonal_theta=(-0.6,), seasonal_d=1, season_length=4, level=50.0),
}
EVERY = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


def sarimax(process, y):
    """statsmodels' model of the same process, at its parameters, with the mean taken out beforehand."""
    model = SARIMAX(
        y,
        order=(len(process.phi), process.d, len(process.theta)),
        seasonal_order=(
            len(process.seasonal_phi),
            process.seasonal_d,
            len(process.seasonal_theta),
            process.season_length if process.season_length > 1 else 0,
        ),
        simple_differencing=True,
    )
    parameters = [*process.phi, *process.theta, *process.seasonal_phi, *process.seasonal_theta, process.sigma2]
    return model.smooth(parameters)


def small_arma():
    coefficient = st.floats(-0.9, 0.9)
    return st.builds(
        lambda a, b, t, s: ArimaProcess(phi=(a + b, -a * b), theta=(t,), sigma2=s),  # inverse roots a and b
        coefficient,
        coefficient,
        coefficient,
        st.floats(0.1, 10),
    )


@given(small_arma(), st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_autocovariances_are_those_of_statsmodels(process, n_lags):
    ours = process.autocovariance(n_lags)
    theirs = arma_acovf(process.ar_polynomial, process.ma_polynomial, n_lags, sigma2=process.sigma2)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8 * ours[0])


@given(small_arma(), st.integers(1, 12), st.integers(1, 5), st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_conditional_moments_are_those_of_the_dense_normal(process, n, horizon, seed):
    y = process.draw(n, 1, np.random.default_rng(seed))
    joint = toeplitz(process.autocovariance(n + horizon))
    past, cross, future = joint[:n, :n], joint[:n, n:], joint[n:, n:]
    weights = np.linalg.solve(past, cross)
    mean, sd = process.conditional(Panel.from_array(y[0]), horizon)
    np.testing.assert_allclose(mean, y @ weights, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(sd[0] ** 2, np.diag(future - cross.T @ weights), rtol=1e-6, atol=1e-8)


@EVERY
def test_conditional_mean_is_the_forecast_of_statsmodels_filter(process):
    panel = simulate(process, 60, 1, random_state=3).panel
    difference = process.difference_polynomial
    used = difference.size - 1
    trend = np.zeros(75)  # what the mean of the differences adds up to
    for t in range(used, 75):
        trend[t] = process.mean - trend[t - used : t] @ difference[:0:-1]
    y = np.asarray(panel.values) - trend[:60]
    forecast = sarimax(process, y).forecast(15)
    known = np.concatenate([y[60 - used :], np.empty(15)])
    for h in range(15):
        known[used + h] = forecast[h] - known[h : used + h] @ difference[:0:-1]
    mean, _ = process.conditional(panel, 15)
    np.testing.assert_allclose(mean[0], known[used:] + trend[60:], rtol=1e-7, atol=1e-7)


@EVERY
def test_conditional_standard_deviation_matches_the_errors_of_many_draws(process):
    panel = simulate(process, 40, 4000, random_state=5).panel
    cut = np.full(4000, 30)
    mean, sd = process.conditional(panel.slice(np.zeros(4000, dtype=int), cut), 10)
    z = (panel.values.reshape(4000, 40)[:, 30:] - mean) / sd
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=5 / np.sqrt(4000))  # five standard errors
    np.testing.assert_allclose((z**2).mean(axis=0), 1, atol=5 * np.sqrt(2 / 4000))


@pytest.mark.parametrize("name", ["ar1", "arma21", "ma2", "seasonal arma"])
def test_draws_are_stationary_from_the_first_value(name):
    process = PROCESSES[name]
    draws = process.draw(6, 20000, np.random.default_rng(0))
    gamma = process.autocovariance(6)
    np.testing.assert_allclose(draws.mean(axis=0), process.mean, atol=5 * np.sqrt(gamma[0] / 20000))
    np.testing.assert_allclose(np.cov(draws, rowvar=False), toeplitz(gamma), atol=0.05 * gamma[0])


def test_a_random_walk_with_drift_starts_at_its_level():
    process = ArimaProcess(d=1, mean=2.0, level=100.0, sigma2=1e-20)
    np.testing.assert_allclose(process.draw(4, 1, np.random.default_rng(0)), [[102, 104, 106, 108]])
    mean, sd = process.conditional(Panel.from_array(np.array([100.0, 101.0])), 2)
    np.testing.assert_allclose(mean, [[103, 105]])
    np.testing.assert_allclose(sd, 1e-10 * np.sqrt([[1, 2]]))


def test_series_of_different_lengths_are_conditioned_each_on_its_own():
    process = PROCESSES["arma21"]
    panel = simulate(process, 30, 3, random_state=1).panel
    ragged = panel.slice(np.array([0, 5, 0]), np.array([30, 30, 25]))
    mean, sd = process.conditional(ragged, 4)
    for i in range(3):
        one = process.conditional(ragged.take([i]), 4)
        np.testing.assert_allclose(mean[i], one[0][0], rtol=1e-12)  # a product of matrices rounds by its shape
        np.testing.assert_allclose(sd[i], one[1][0], rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"phi": (1.0,)}, "not stationary"),
        ({"phi": (0.5, 0.6)}, "not stationary"),
        ({"theta": (-1.2,)}, "not invertible"),
        ({"seasonal_phi": (1.1,), "season_length": 4}, "seasonal_phi"),
        ({"seasonal_theta": (1.0,), "season_length": 4}, "seasonal_theta"),
        ({"seasonal_phi": (0.5,)}, "season_length=1"),
        ({"sigma2": 0.0}, "sigma2=0"),
        ({"sigma2": float("nan")}, "sigma2=nan"),
        ({"d": -1}, "d=-1"),
    ],
)
def test_a_process_that_cannot_be_is_refused(parameters, message):
    with pytest.raises(ParameterError, match=message):
        ArimaProcess(**parameters)


def test_seasonal_process_is_its_line_and_pattern_at_every_phase():
    process = SeasonalProcess(
        pattern=(1.0, 2.0, -3.0), level=10.0, slope=0.5, sigma2=4.0, freq="MS", start="2020-01-01"
    )
    panel = simulate(process, 20, 2000, random_state=0).panel
    expected = 10 + 0.5 * np.arange(25) + np.tile([1, 2, -3], 9)[:25]
    np.testing.assert_allclose(panel.values.reshape(2000, 20).mean(axis=0), expected[:20], atol=5 * 2 / np.sqrt(2000))
    late = panel.take([0, 1]).slice(np.array([7, 0]), np.array([20, 16]))
    mean, sd = process.conditional(late, 5)
    np.testing.assert_allclose(mean, [expected[20:], expected[16:21]])
    np.testing.assert_array_equal(sd, np.full((2, 5), 2.0))


def test_one_seed_gives_one_panel_and_another_seed_another():
    process = dataclasses.replace(PROCESSES["ar1"], freq="YS", start="1800-01-01")
    first, again, other = (simulate(process, 20, 2, seed).panel for seed in (1, 1, 2))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert first.times[:20].equals(pd.date_range("1800", periods=20, freq="YS"))
    assert first.ids.tolist() == ["s0", "s1"]


@pytest.mark.parametrize("counts", [(0, 1), (5, 0), (True, 1), (2.5, 1)])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(ParameterError, match="whole number"):
        simulate(PROCESSES["ar1"], *counts)


def test_start_and_frequency_of_different_kinds_are_refused():
    with pytest.raises(ParameterError, match="does not go with freq"):
        simulate(ArimaProcess(freq="MS"), 5)


def test_series_that_cannot_be_conditioned_on_are_refused():
    with pytest.raises(SeriesTooShortError, match="Series 'y' has 5 observations; 6 are needed"):
        PROCESSES["airline"].conditional(Panel.from_array(np.arange(5.0)), 1)
    with pytest.raises(DataError, match="without missing values"):
        PROCESSES["ar1"].conditional(Panel.from_array(np.array([1.0, np.nan, 2.0])), 1)
    with pytest.raises(DataError, match="frequency"):
        SeasonalProcess(pattern=(1.0,), freq="MS", start="2020-01-01").conditional(Panel.from_array(np.ones(3)), 1)
