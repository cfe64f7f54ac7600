"""The backtest: models x cutoffs -> forecasts, scores, timings and failures, and a verdict."""

from tsforecast.backtest.backtest_result import BacktestResult
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.run import backtest

__all__ = ["BacktestResult", "RollingOrigin", "backtest"]
