"""What a fit of the ARIMA family tells of itself, against its methods and statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf

from tsforecast import ARIMA, SARIMA, AutoARIMA, load_forecaster
from tsforecast.exceptions import DataError
from tsforecast.models.arima.facts import residual_facts


def walk(n=120, seed=0):
    return np.random.default_rng(seed).normal(size=n).cumsum()


def test_facts_are_those_of_the_fit():
    model = ARIMA(order=(1, 1, 1)).fit(walk())
    told, row = model.fit_facts()["y"], model.params_.iloc[0]
    assert {name: told[name] for name in ("sigma2", "loglik", "aicc", "converged")} == {
        name: row[name] for name in ("sigma2", "loglik", "aicc", "converged")
    }
    n_lags = int(told["ljung_box_lags"])
    assert n_lags == len(told["residual_acf"]) == 10
    assert (told["ljung_box"], told["ljung_box_pvalue"]) == pytest.approx(model.ljung_box("y", n_lags), rel=1e-12)
    assert "p" not in told  # it was given, not chosen


def test_the_order_is_told_where_it_was_chosen():
    model = AutoARIMA().fit(walk())
    told, order = model.fit_facts()["y"], model.fits_["y"].order
    assert {name: told[name] for name in ("p", "d", "q", "P", "D", "Q")} == {
        name: getattr(order, name) for name in ("p", "d", "q", "P", "D", "Q")
    }


def test_only_series_that_are_asked_for_are_told_of_in_detail():
    frame = pd.DataFrame({"a": walk(), "b": walk(seed=1)})
    told = ARIMA(order=(0, 1, 1)).fit(frame).fit_facts(["b"])
    assert set(told) == {"a", "b"}
    assert "residual_acf" in told["b"] and "residual_acf" not in told["a"] and "sigma2" in told["a"]


def test_lags_reach_over_two_seasons():
    told = SARIMA(order=(0, 1, 1), seasonal_order=(0, 1, 1), season_length=4).fit(walk(80)).fit_facts()["y"]
    assert len(told["residual_acf"]) == told["ljung_box_lags"] == 8


def test_residuals_are_summed_up_as_statsmodels_does():
    e = np.random.default_rng(3).normal(size=100)
    told = residual_facts(np.r_[np.nan, e], 1, 2)
    np.testing.assert_allclose(told["residual_acf"], acf(e, nlags=10)[1:], rtol=1e-10)
    expected = acorr_ljungbox(e, lags=[10], model_df=2)
    np.testing.assert_allclose([told["ljung_box"], told["ljung_box_pvalue"]], expected.to_numpy()[0], rtol=1e-10)


@pytest.mark.parametrize("residuals", [np.array([]), np.full(9, np.nan), np.zeros(30), np.array([1.0, -1.0, 2.0])])
def test_what_too_few_or_empty_residuals_do_not_show_is_not_told(residuals):
    assert not {"ljung_box", "jarque_bera"} & set(residual_facts(residuals, 12, 2))


def test_without_its_series_a_fit_tells_nothing_of_residuals(tmp_path):
    model = AutoARIMA().fit(pd.DataFrame({"a": walk(300), "b": walk(300, seed=1)}))
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    assert loaded.panel_.left_out.all()
    assert loaded.fit_facts() == loaded.fit_facts([]) == model.fit_facts([])
    assert "residual_acf" in model.fit_facts()["b"]
    with pytest.raises(DataError, match="keep_history=True"):
        loaded.plot_diagnostics()
