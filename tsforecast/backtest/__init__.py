"""Backtests: every model forecasts at every cutoff, and the scores are ranked and tested."""

from tsforecast.backtest.backtest_result import BacktestResult
from tsforecast.backtest.choose.choice import Choice, quick_choice
from tsforecast.backtest.leaks.audit import audit
from tsforecast.backtest.leaks.report import AuditReport
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.run import backtest

__all__ = ["AuditReport", "BacktestResult", "Choice", "RollingOrigin", "audit", "backtest", "quick_choice"]
