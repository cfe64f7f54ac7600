"""The figure of residuals shows those of the fit, and what tests find in them."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf

from tsforecast import ARIMA, SARIMA, load
from tsforecast.exceptions import DataError, NotFittedError, UnknownNameError
from tsforecast.models.arima.process import ArimaStateSpace


@pytest.fixture(scope="module")
def model():
    return SARIMA((0, 1, 1), (0, 1, 1), 12).fit(load("airline").series)


def standardised(model, name):
    """Residuals of a series over their relative standard deviations."""
    y, Z = model._series(name)
    fit = model.fits_[name]
    return ArimaStateSpace.of(fit).filter(y - Z @ fit.beta).residuals


def test_the_panels_show_the_residuals_and_what_is_left_in_them(model):
    e = standardised(model, "airline")
    known, sigma = e[~np.isnan(e)], np.sqrt(model.fits_["airline"].sigma2)
    over, correlations, quantiles, tests = model.plot_diagnostics().axes
    np.testing.assert_allclose(over.lines[0].get_ydata(), e / sigma)
    expected = acf(known, nlags=24, fft=False)[1:]
    found = np.concatenate([np.array([s[1, 1] for s in part.get_segments()]) for part in correlations.collections])
    np.testing.assert_allclose(np.sort(found), np.sort(expected), atol=1e-12)
    np.testing.assert_allclose(quantiles.lines[1].get_ydata(), np.sort(known) / sigma)
    lags = np.concatenate([line.get_xdata() for line in tests.lines[1:]])
    pvalues = np.concatenate([line.get_ydata() for line in tests.lines[1:]])
    oracle = acorr_ljungbox(known - known.mean(), lags=sorted(map(int, lags)), model_df=2)["lb_pvalue"]
    np.testing.assert_allclose(pvalues[np.argsort(lags)], oracle, atol=1e-9)


def test_a_gap_in_the_series_is_one_in_the_residuals():
    y = load("airline").series.copy()
    y.iloc[60:64] = np.nan
    line = ARIMA((1, 1, 0)).fit(y).plot_diagnostics().axes[0].lines[0]
    assert np.isnan(line.get_ydata()[60:64]).all()


def test_a_series_is_chosen_by_its_name():
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
    fitted = ARIMA((1, 0, 0)).fit(y)
    assert fitted.plot_diagnostics().get_suptitle().startswith("a: ARIMA")
    assert fitted.plot_diagnostics("b").get_suptitle().startswith("b: ARIMA")
    with pytest.raises(UnknownNameError, match="'c'"):
        fitted.plot_diagnostics("c")


def test_nothing_to_look_at_is_refused():
    with pytest.raises(NotFittedError):
        ARIMA().plot_diagnostics()
    with pytest.raises(DataError, match="residuals"):
        ARIMA((0, 1, 0), trend="drift").fit(np.arange(20.0)).plot_diagnostics()
    short = ARIMA((0, 1, 0)).fit(np.array([1.0, 3.0, 2.0, 5.0, 4.0, 6.0]))
    with pytest.raises(DataError, match="there are 5 residuals"):
        short.plot_diagnostics()
