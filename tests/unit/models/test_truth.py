"""TrueModel: no model forecasts a simulated series better, and its intervals have their nominal coverage."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import HistoricAverage, Naive
from tsforecast.data.catalog import load
from tsforecast.data.process import ArimaProcess
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import MissingValuesError, SeriesTooShortError
from tsforecast.models.truth import TrueModel


@pytest.mark.parametrize("name", ["simulated/ar1", "simulated/arma21", "simulated/arima111", "simulated/sarima"])
def test_no_benchmark_has_a_smaller_squared_error(name):
    data = load(name, n_series=300, n_obs=80)
    panel = data.panel
    history, truth = panel.slice(np.zeros(300, dtype=int), np.full(300, 72)), panel.values.reshape(300, 80)[:, 72:]

    def squared_error(model):
        return np.mean((model.fit(history).predict(8).mean - truth) ** 2)

    best = squared_error(TrueModel(data.process))
    assert best < squared_error(Naive())
    assert best < squared_error(HistoricAverage())


def test_intervals_cover_what_they_say():
    process = ArimaProcess(phi=(1.2, -0.5), theta=(0.4,), sigma2=4.0)
    panel = simulate(process, 60, 2000, random_state=1).panel
    history = panel.slice(np.zeros(2000, dtype=int), np.full(2000, 50))
    low, high = TrueModel(process).fit(history).predict(10, level=[80]).interval(80)
    truth = panel.values.reshape(2000, 60)[:, 50:]
    coverage = ((truth >= low) & (truth <= high)).mean(axis=0)
    np.testing.assert_allclose(coverage, 0.8, atol=5 * np.sqrt(0.16 / 2000))


def test_clone_and_parameters_keep_the_process():
    process = ArimaProcess(phi=(0.5,))
    model = TrueModel(process)
    assert clone(model).get_params() == {"process": process, "nonnegative": False, "bounds": None}
    assert TrueModel(None).set_params(process=process).fit([1.0, 4.0]).predict(1).tolist() == [2.0]


def test_history_conditions_what_was_fitted():
    process = ArimaProcess(phi=(0.5,), freq="YS", start="1900-01-01")
    series = pd.Series([1.0, 2.0, 8.0], index=pd.date_range("1900", periods=3, freq="YS"))
    model = TrueModel(process).fit(series.iloc[:2])
    assert model.predict(1).tolist() == [1.0]
    assert model.predict(1, history=series).tolist() == [4.0]


def test_what_cannot_be_forecast_fails_at_fit():
    with pytest.raises(MissingValuesError):
        TrueModel(ArimaProcess()).fit([1.0, np.nan, 2.0])
    with pytest.raises(SeriesTooShortError):
        TrueModel(ArimaProcess(d=1)).fit([1.0])
