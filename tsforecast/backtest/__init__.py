"""The backtest: models x cutoffs -> forecasts, scores, timings and failures, and a verdict."""

from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.result.result import BacktestResult
from tsforecast.backtest.run import backtest

__all__ = ["BacktestResult", "RollingOrigin", "backtest"]
