"""Backtests: every model forecasts at every cutoff, and the scores are ranked and tested."""

from tsforecast.backtest.backtest_result import BacktestResult
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.run import backtest

__all__ = ["BacktestResult", "RollingOrigin", "backtest"]
