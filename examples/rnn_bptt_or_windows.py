"""Truncated BPTT with carried state against random windows with the state at zero: one panel, equal optimiser steps.

Which is ahead depends on the panel: windows by a little on these seven series, at four times the cost; carried state on
M3 and M4 (docs/benchmarks.md).
"""

from tsforecast import LSTM, SeasonalNaive, load
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.models.neural.options import Training

result = backtest(
    {
        "seasonal naive": SeasonalNaive(),
        "truncated BPTT": LSTM(training=Training(max_steps=100)),
        "windows": LSTM(training=Training(kind="windows", max_steps=100)),
    },
    load("seasonal").panel,
    cv=RollingOrigin(horizon=12, n_windows=2, step_size=12),
    metrics=["mase", "smape", "coverage"],
)
print(result.leaderboard().to_string(index=False, float_format="%.3f"))
