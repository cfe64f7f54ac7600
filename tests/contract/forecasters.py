"""The one list of forecasters for the tests of what all of them promise: a new forecaster is one line here.

A name is a short name of the package, or an import path such as ``tsforecast.models.theta.Theta``.
"""

from typing import Any

import tsforecast
from tsforecast._classes import find_class
from tsforecast.models.neural.networks.minimal_gated import MinimalGated

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
}
WRAPPERS = {
    "Conformal": {"forecaster": tsforecast.Drift(), "calibration_size": 12},
    "Ensemble": {"forecasters": [tsforecast.Naive(), tsforecast.ARIMA((1, 0, 0))], "how": "median"},
    "Tuned": {"forecaster": tsforecast.SeasonalNaive(1), "space": {"season_length": [2, 3]}, "budget": 3},
}


def forecaster(name: str, **changes: Any) -> tsforecast.BaseForecaster:
    """The forecaster of the list with this name, some of its settings changed."""
    return find_class(name)(**({**MODELS, **WRAPPERS}[name] | changes))
