"""Short, constant, spiky and other degenerate series: a forecast of their size with an honest interval, or an error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.exceptions import DataError, FitError, SeriesTooShortError
from tsforecast.kernels.arma.estimation import order_search
from tsforecast.models.arima.auto import AutoARIMA
from tsforecast.models.arima.forecaster import ARIMA, ARMA, SARIMA
from tsforecast.models.arima.panel_fit import ConvergenceWarning

pytestmark = pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")

HORIZON = 12
MOST = 2.0  # ranges of the data, for each step ahead, that a forecast may lie past them: a second difference takes one
ROUNDING = 2.0**-46  # of the largest value: residuals below it are none


def series(kind, n, rng):
    t = np.arange(float(n))
    return {
        "noise": lambda: 50 + 3 * rng.normal(size=n),
        "walk": lambda: rng.normal(size=n).cumsum(),
        "small whole numbers": lambda: rng.integers(0, 3, size=n).astype(float),
        "constant": lambda: np.full(n, 7.3),
        "line": lambda: 3 + 0.1 * t,
        "parabola": lambda: 1 + 0.3 * t**2,
        "alternating": lambda: 10 + (-1.0) ** t,
        "one that differs": lambda: np.where(t == rng.integers(n), 158.0, 1.0),
        "last value": lambda: np.r_[60 + rng.normal(size=n - 1), 1800.0],
        "step": lambda: np.where(t > n // 2, 560.0, 60.0),
        "stairs": lambda: np.floor(t / 3),
        "a constant nearly": lambda: 1e9 + 1e-6 * rng.normal(size=n),
        "a constant less nearly": lambda: 1e9 + 1e-3 * rng.normal(size=n),
        "wave": lambda: np.sin(t),
        "pattern of three": lambda: t % 3,
        "zeros": lambda: np.zeros(n),
        "heavy tails": lambda: rng.standard_t(1.5, size=n),
        "tiny": lambda: 1e-40 * rng.normal(size=n),
        "large": lambda: 1e40 * rng.normal(size=n),
        "in pairs": lambda: np.repeat(rng.normal(size=n), 2)[:n],
    }[kind]()


KINDS = (
    "noise", "walk", "small whole numbers", "constant", "line", "parabola", "alternating", "one that differs",
    "last value", "step", "stairs", "a constant nearly", "a constant less nearly", "wave", "pattern of three", "zeros",
    "heavy tails", "tiny", "large", "in pairs",
)  # fmt: skip


def check(model, y):
    """A forecast of the size of the data whose intervals hold it, and have a width unless nothing is left."""
    model.fit(y)
    out = model.predict(HORIZON, level=[80, 95])
    mean, lo80, hi80, lo95, hi95 = out.T
    known = y[~np.isnan(y)]
    spread, size = np.ptp(known), np.abs(known).max()
    assert np.isfinite(out).all()
    past = np.maximum(mean - known.max(), known.min() - mean) / np.arange(1, HORIZON + 1)
    assert past.max() <= MOST * spread + ROUNDING * size
    assert ((lo95 <= lo80) & (lo80 <= mean) & (mean <= hi80) & (hi80 <= hi95)).all()
    left = model.residuals()
    fit = model.fits_["y"]
    if np.nanmax(np.abs(left), initial=0.0) > ROUNDING * size:
        assert (hi80 > lo80).all()
        assert fit.sigma2 > 0
        assert np.isfinite(fit.aic)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 9, 12, 15, 30])
def test_forecast_lies_within_twice_the_range_of_the_data_a_step(kind, n):
    check(AutoARIMA(), series(kind, n, np.random.default_rng(n)))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.sampled_from(KINDS), st.integers(3, 70), st.sampled_from([1, 2, 4, 7, 12, 52, 61, 80, 365]),
    st.sampled_from(["aicc", "aic", "bic"]), st.floats(0, 0.4), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_forecast_is_of_the_size_of_the_data_whatever_the_season_and_the_gaps(kind, n, season, criterion, gaps, seed):
    rng = np.random.default_rng(seed)
    y = series(kind, n, rng)
    y[rng.random(n) < gaps] = np.nan
    try:
        check(AutoARIMA(season, criterion=criterion), y)
    except SeriesTooShortError:
        assert (~np.isnan(y)).sum() < 3


@pytest.mark.parametrize("model", [ARMA((2, 1)), ARIMA(), ARIMA((2, 1, 2)), ARIMA((0, 2, 1)), SARIMA(season_length=4)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fixed_order_forecasts_in_the_size_of_the_data_or_says_why_not(model, kind):
    for n in (5, 9, 14, 30):
        try:
            check(model, series(kind, n, np.random.default_rng(n)))
        except (SeriesTooShortError, FitError) as error:
            assert "needs at least" in str(error) or "below the resolution" in str(error)


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (lambda y: 3 * y, lambda y: y / 3),
        (lambda y: 1e6 * y, lambda y: y / 1e6),
        (lambda y: y + 100, lambda y: y - 100),
    ],
)
def test_another_unit_or_zero_gives_the_same_forecast(change, back):
    # Optima are found to 1e-6 of -2 loglik; a hundredth of the spread is far below any other model's forecast.
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = 40 + rng.normal(size=int(rng.integers(3, 30))).cumsum()
        own = AutoARIMA().fit(y).predict(6, level=90)
        other = back(AutoARIMA().fit(change(y)).predict(6, level=90))
        np.testing.assert_allclose(other, own, atol=0.01 * np.ptp(y))


def test_a_season_longer_than_the_series_is_left_out():
    y = 57 + np.random.default_rng(0).normal(size=60)
    np.testing.assert_allclose(AutoARIMA(season_length=80).fit(y).predict(12), 57, atol=4)


@pytest.mark.parametrize(
    ("y", "order", "trend"),
    [
        ([50.0, 54.0, 56.0], "(0,1,0)", ()),
        ([3.0, 5.0, 4.0, 3.0], "(0,0,0)", ("mean",)),
        ([1.0, 3.0, 5.0, 7.1, 9.0], "(0,1,0)", ("drift",)),
        ([4.0, 4.0, 4.0], "(0,0,0)", ("mean",)),
    ],
)
def test_few_values_are_forecast_by_their_mean_the_last_of_them_or_a_line(y, order, trend):
    fit = AutoARIMA().fit(y).fits_["y"]
    assert (str(fit.order), fit.beta_names) == (order, trend)


def test_few_values_keep_to_what_was_asked_for():
    y = [1.0, 3.0, 5.0, 7.1, 9.0]
    assert AutoARIMA(d=2).fit(y).fits_["y"].order.d == 2
    fit = AutoARIMA(trend="none", d=0).fit(y).fits_["y"]
    assert (fit.order.d, fit.beta_names) == (0, ())


def test_a_positive_series_is_never_forecast_by_zero():
    y = np.r_[60 + np.random.default_rng(1).normal(size=11), 1800.0]
    assert AutoARIMA(d=0).fit(y).fits_["y"].beta_names == ("mean",)


@pytest.mark.parametrize(
    ("model", "n", "needed"),
    [(ARIMA((5, 1, 5)), 8, 13), (SARIMA(season_length=12), 14, 27), (ARMA((3, 2)), 7, 8), (AutoARIMA(12, D=1), 24, 25)],
)
def test_too_few_values_for_an_order_are_told_with_the_need(model, n, needed):
    y = np.random.default_rng(0).normal(size=needed) + 9
    with pytest.raises(SeriesTooShortError, match=f"{n}.* at least {needed} "):
        model.fit(y[:n])
    model.fit(y)


def test_an_order_without_degrees_of_freedom_has_no_finite_criterion():
    for criterion in (order_search.AIC, order_search.AICC, order_search.BIC):
        assert order_search.penalty(5, 6, criterion) == np.inf
        assert order_search.penalty(7, 6, criterion) == np.inf
        assert np.isfinite(order_search.penalty(4, 6, criterion))


@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
def test_noise_far_below_the_level_has_its_own_variance(engine):
    noise = 1e-3 * np.random.default_rng(3).normal(size=40)
    fit = ARIMA((1, 0, 0), engine=engine).fit(1e9 + noise).fits_["y"]
    assert fit.sigma2 == pytest.approx(np.var(noise), rel=0.01)  # a value has 1e-7 of rounding
    assert np.isfinite(fit.loglik)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_values_whose_squares_are_no_numbers_are_refused_with_the_series(size):
    with pytest.raises(DataError, match="'y' has values of the size 1e"):
        AutoARIMA().fit(size * np.array([1.0, 1.1, 0.9, 1.0, 1.2, 1.0]))


@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
@pytest.mark.parametrize("unit", [2.0**-160, 2.0**120])
def test_both_engines_fit_very_small_and_very_large_values(engine, unit):
    y = np.random.default_rng(5).normal(size=40).cumsum()
    own, other = (ARIMA((1, 1, 0), engine=engine).fit(k * y).fits_["y"] for k in (1.0, unit))
    assert other.phi[0] == pytest.approx(own.phi[0], abs=1e-3)
    assert other.sigma2 / unit**2 == pytest.approx(own.sigma2, rel=1e-3)
    assert other.loglik + 39 * np.log(unit) == pytest.approx(own.loglik, abs=1e-3)
