"""A forecasting toolkit that measures whether a recurrent network beats ARIMA on a series, and by how much.

Names are imported when they are first used, so that ``import tsforecast`` is instant and the classical path never
imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsforecast.adapters.darts import Darts
    from tsforecast.adapters.function import FunctionForecaster
    from tsforecast.adapters.neuralforecast import NeuralForecast
    from tsforecast.adapters.sklearn import SklearnForecaster
    from tsforecast.adapters.sktime import Sktime
    from tsforecast.adapters.statsforecast import StatsForecast
    from tsforecast.backtest.backtest_result import BacktestResult
    from tsforecast.backtest.leaks.audit import audit
    from tsforecast.backtest.origins import RollingOrigin
    from tsforecast.backtest.tuned import Tuned
    from tsforecast.base import BaseForecaster
    from tsforecast.charts.forecasts import plot_forecast
    from tsforecast.charts.seasons import plot_seasons
    from tsforecast.charts.series import plot_cutoffs, plot_series
    from tsforecast.data.catalog import load
    from tsforecast.data.file_format import FileFormat
    from tsforecast.data.process import ArimaProcess, SeasonalProcess
    from tsforecast.data.read import read
    from tsforecast.data.simulate import simulate
    from tsforecast.forecast import Forecast
    from tsforecast.models.arima.auto import AutoARIMA
    from tsforecast.models.arima.forecaster import ARIMA, ARMA, SARIMA
    from tsforecast.models.conformal import Conformal
    from tsforecast.models.ensemble import Ensemble
    from tsforecast.models.naive import Drift, HistoricAverage, Naive, SeasonalNaive
    from tsforecast.models.neural.forecaster import GRU, LSTM, RNN, NeuralForecaster
    from tsforecast.models.neural.linear import LinearAR
    from tsforecast.models.neural.options import Decoding, Training
    from tsforecast.models.neural.prepare.preparation import Preparation
    from tsforecast.models.truth import TrueModel
    from tsforecast.monitor.coverage import monitor_coverage
    from tsforecast.panel import Panel
    from tsforecast.panel.times.holiday_columns import holiday_covariates
    from tsforecast.persist.load import load_forecaster
    from tsforecast.series.diagnose import diagnose

__version__ = "0.1.0"

_HOMES = {
    "Sktime": "tsforecast.adapters.sktime",
    "NeuralForecast": "tsforecast.adapters.neuralforecast",
    "Darts": "tsforecast.adapters.darts",
    "ARIMA": "tsforecast.models.arima.forecaster",
    "ARMA": "tsforecast.models.arima.forecaster",
    "ArimaProcess": "tsforecast.data.process",
    "AutoARIMA": "tsforecast.models.arima.auto",
    "BacktestResult": "tsforecast.backtest.backtest_result",
    "BaseForecaster": "tsforecast.base",
    "Conformal": "tsforecast.models.conformal",
    "Decoding": "tsforecast.models.neural.options",
    "Drift": "tsforecast.models.naive",
    "Ensemble": "tsforecast.models.ensemble",
    "FileFormat": "tsforecast.data.file_format",
    "Forecast": "tsforecast.forecast",
    "FunctionForecaster": "tsforecast.adapters.function",
    "GRU": "tsforecast.models.neural.forecaster",
    "HistoricAverage": "tsforecast.models.naive",
    "LSTM": "tsforecast.models.neural.forecaster",
    "LinearAR": "tsforecast.models.neural.linear",
    "Naive": "tsforecast.models.naive",
    "NeuralForecaster": "tsforecast.models.neural.forecaster",
    "Panel": "tsforecast.panel",
    "Preparation": "tsforecast.models.neural.prepare.preparation",
    "RNN": "tsforecast.models.neural.forecaster",
    "RollingOrigin": "tsforecast.backtest.origins",
    "SARIMA": "tsforecast.models.arima.forecaster",
    "SeasonalNaive": "tsforecast.models.naive",
    "SeasonalProcess": "tsforecast.data.process",
    "Training": "tsforecast.models.neural.options",
    "SklearnForecaster": "tsforecast.adapters.sklearn",
    "StatsForecast": "tsforecast.adapters.statsforecast",
    "TrueModel": "tsforecast.models.truth",
    "audit": "tsforecast.backtest.leaks.audit",
    "diagnose": "tsforecast.series.diagnose",
    "Tuned": "tsforecast.backtest.tuned",
    "holiday_covariates": "tsforecast.panel.times.holiday_columns",
    "load": "tsforecast.data.catalog",
    "monitor_coverage": "tsforecast.monitor.coverage",
    "plot_cutoffs": "tsforecast.charts.series",
    "plot_forecast": "tsforecast.charts.forecasts",
    "plot_seasons": "tsforecast.charts.seasons",
    "plot_series": "tsforecast.charts.series",
    "load_forecaster": "tsforecast.persist.load",
    "read": "tsforecast.data.read",
    "simulate": "tsforecast.data.simulate",
}

__all__ = [
    "ARIMA",
    "ARMA",
    "GRU",
    "LSTM",
    "RNN",
    "SARIMA",
    "ArimaProcess",
    "AutoARIMA",
    "BacktestResult",
    "BaseForecaster",
    "Conformal",
    "Darts",
    "Decoding",
    "Drift",
    "Ensemble",
    "FileFormat",
    "Forecast",
    "FunctionForecaster",
    "HistoricAverage",
    "LinearAR",
    "Naive",
    "NeuralForecast",
    "NeuralForecaster",
    "Panel",
    "Preparation",
    "RollingOrigin",
    "SeasonalNaive",
    "SeasonalProcess",
    "SklearnForecaster",
    "Sktime",
    "StatsForecast",
    "Training",
    "TrueModel",
    "Tuned",
    "audit",
    "diagnose",
    "holiday_covariates",
    "load",
    "load_forecaster",
    "monitor_coverage",
    "plot_cutoffs",
    "plot_forecast",
    "plot_seasons",
    "plot_series",
    "read",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tsforecast' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
