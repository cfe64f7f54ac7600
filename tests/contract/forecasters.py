"""The one list of forecasters for the tests of what all of them promise: a new forecaster is one line here.

A name is a short name of the package, or an import path such as ``tsforecast.models.theta.Theta``.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import QuantileRegressor

import tsforecast
from tsforecast._classes import find_class
from tsforecast.models.neural.networks.minimal_gated import MinimalGated


def drift_of(y, horizon, level):
    """The line through the first and the last value, with the spread of the changes; gaps are filled by a line."""
    y = pd.Series(y).interpolate(limit_direction="both").to_numpy()
    h = np.arange(1, horizon + 1)
    mean = y[-1] + h * (y[-1] - y[0]) / (len(y) - 1)
    table = {"mean": mean}
    for percent in level:
        width = percent / 50 * np.diff(y).std() * np.sqrt(h)
        table |= {f"lo-{percent:g}": mean - width, f"hi-{percent:g}": mean + width}
    return pd.DataFrame(table)


# Settings that keep a fit under a second; the defaults are tried in the accuracy tests.
MODELS = {
    "Naive": {},
    "SeasonalNaive": {},
    "Drift": {},
    "HistoricAverage": {},
    "ARMA": {},
    "ARIMA": {},
    "SARIMA": {},
    "AutoARIMA": {},
    "LinearAR": {},
    "RNN": {"max_epochs": 2, "random_state": 0},
    "LSTM": {"max_epochs": 2, "random_state": 0},
    "GRU": {"max_epochs": 2, "random_state": 0},
    "NeuralForecaster": {"network": MinimalGated, "settings": {"hidden_size": 8}, "n_members": 2, "max_epochs": 2},
    "SklearnForecaster": {"regressor": QuantileRegressor(alpha=1e-3, solver="highs"), "lags": 4},
    "FunctionForecaster": {"function": drift_of, "handles_missing": True},
}
WRAPPERS = {
    "Conformal": {"forecaster": tsforecast.Drift(), "calibration_size": 12},
    "Ensemble": {"forecasters": [tsforecast.Naive(), tsforecast.ARIMA((1, 0, 0))], "how": "median"},
    "Tuned": {"forecaster": tsforecast.SeasonalNaive(1), "space": {"season_length": [2, 3]}, "budget": 3},
}


def forecaster(name: str, **changes: Any) -> tsforecast.BaseForecaster:
    """The forecaster of the list with this name, some of its settings changed."""
    return find_class(name)(**({**MODELS, **WRAPPERS}[name] | changes))
