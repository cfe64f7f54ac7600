"""Intervals of estimated models: closed forms where there are any, coverage by simulation, the limit of long series."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tsforecast.models.arima import intervals
from tsforecast.models.arima.auto import AutoARIMA
from tsforecast.models.arima.estimate import forecast
from tsforecast.models.arima.forecaster import ARIMA


def test_interval_of_a_mean_is_the_textbook_one():
    y = np.random.default_rng(0).normal(size=12)
    out = ARIMA((0, 0, 0)).fit(y).predict(3, level=95)
    half = stats.t.ppf(0.975, 11) * y.std(ddof=1) * np.sqrt(1 + 1 / 12)
    np.testing.assert_allclose(out[:, 2] - out[:, 0], half, rtol=1e-9)


def test_interval_of_a_line_is_that_of_least_squares():
    n, t = 15, np.arange(15.0)
    y = 2 + 0.3 * t + np.random.default_rng(1).normal(size=n)
    out = ARIMA((0, 0, 0), trend="drift").fit(y).predict(4, level=80)
    Z = np.column_stack([np.ones(n), t])
    left = y - Z @ np.linalg.lstsq(Z, y, rcond=None)[0]
    ahead = np.column_stack([np.ones(4), np.arange(n, n + 4)])
    leverage = np.einsum("hi,ij,hj->h", ahead, np.linalg.inv(Z.T @ Z), ahead)
    half = stats.t.ppf(0.9, n - 2) * np.sqrt(left @ left / (n - 2) * (1 + leverage))
    np.testing.assert_allclose(out[:, 2] - out[:, 0], half, rtol=1e-8)


def test_interval_of_a_walk_with_drift_counts_the_drift():
    y = np.random.default_rng(2).normal(size=11).cumsum()
    out = ARIMA((0, 1, 0), trend="drift").fit(y).predict(5, level=95)
    h, steps = np.arange(1, 6), np.diff(y)
    half = stats.t.ppf(0.975, 9) * steps.std(ddof=1) * np.sqrt(h + h**2 / 10)
    np.testing.assert_allclose(out[:, 2] - out[:, 0], half, rtol=1e-8)


def test_interval_of_an_autoregression_counts_its_coefficient_by_the_delta_method():
    # Fuller & Hasza (1981): one step ahead phi adds (y - mean)^2 / sum of squares, to first order. Steps as long as the
    # errors, and a prior, change it a little at n = 60.
    y = np.zeros(60)
    rng = np.random.default_rng(3)
    for t in range(1, 60):
        y[t] = 0.5 * y[t - 1] + rng.normal()
    y[-1] = 4.0
    model = ARIMA((1, 0, 0), trend="none").fit(y)
    fit = model.fits_["y"]
    half = (model.predict(1, level=95)[:, 2] - model.predict(1))[0]
    variance = fit.sigma2 * 60 / 59 * (1 + y[-1] ** 2 / (y[:-1] @ y[:-1]))
    assert half == pytest.approx(stats.t.ppf(0.975, 59) * np.sqrt(variance), rel=0.02)


def test_intervals_of_a_long_series_are_those_at_known_parameters():
    y = np.random.default_rng(4).normal(size=2000).cumsum()
    model = ARIMA((1, 1, 1)).fit(y)
    _, variance = forecast(model.fits_["y"], y, np.empty((2000, 0)), 12, np.empty((12, 0)), "numba")
    out = model.predict(12, level=95)
    np.testing.assert_allclose(out[:, 2] - out[:, 0], 1.959964 * np.sqrt(variance), rtol=2e-3)  # t, and n over n - 2


def test_levels_leave_the_mean_as_it_is():
    y = np.random.default_rng(5).normal(size=30).cumsum() + 40
    model = AutoARIMA(target_transform="log").fit(y)
    np.testing.assert_array_equal(model.predict(6, level=[50, 99])[:, 0], model.predict(6))


def test_the_uncertainty_from_a_history_is_that_of_the_fit():
    index = pd.RangeIndex(400)
    y = pd.Series(np.random.default_rng(6).normal(size=400), index=index, name="y")
    model = ARIMA((0, 0, 0)).fit(y.iloc[:10])
    widths = [
        out["hi-95"] - out["mean"]
        for out in (model.predict(2, level=95), model.predict(2, history=y, level=95))
    ]  # fmt: skip
    np.testing.assert_allclose(widths[0].to_numpy(), widths[1].to_numpy(), rtol=1e-9)


def test_a_choice_widens_more_the_more_it_chose_and_where_the_variance_grew():
    rng = np.random.default_rng(7)
    calm, grown = rng.normal(size=60), rng.normal(size=60) * np.where(np.arange(60) < 40, 1, 4)
    few, many = ARIMA((0, 0, 0)), ARIMA((4, 0, 0))

    def factor(model, y):
        fit = model.fit(y).fits_["y"]
        return intervals.chosen_factor(fit, intervals.uncertainty_of(fit, y, np.ones((60, 1))))

    assert 1.0 <= factor(few, calm) < factor(many, calm) < factor(few, grown)


@pytest.mark.parametrize(("order", "phi", "theta"), [((0, 0, 0), (0.0, 0.0), 0.0), ((2, 0, 1), (0.6, -0.3), 0.5)])
def test_intervals_of_twelve_values_hold_about_what_they_say(order, phi, theta):
    # 120 series, 6 steps each: the standard error is about 2 points at 80%, steps of a series being dependent.
    # At known parameters with the maximum likelihood variance ARMA(2,1) holds about 53 and 70.
    rng, hits = np.random.default_rng(8), []
    for _ in range(120):
        e, y = rng.normal(size=68), np.zeros(68)
        for t in range(2, 68):
            y[t] = phi[0] * y[t - 1] + phi[1] * y[t - 2] + e[t] + theta * e[t - 1]
        out = ARIMA(order).fit(y[50:62]).predict(6, level=[80, 95])
        hits.append([(out[:, 1] <= y[62:]) & (y[62:] <= out[:, 2]), (out[:, 3] <= y[62:]) & (y[62:] <= out[:, 4])])
    held = 100 * np.mean(hits, axis=(0, 2))
    assert abs(held[0] - 80) < 12  # the 80% interval of ARMA(2,1) holds 75 of these
    assert abs(held[1] - 95) < 9
