"""What the terminal shows of a run."""

from pathlib import Path

import numpy as np

from tsforecast import HistoricAverage, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.cli.report import print_result


class Noisy(HistoricAverage):
    """An average with noise from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        found = super()._predict(panel, horizon, X, levels)
        found.mean[:] += np.random.default_rng(self.random_state).normal(size=found.mean.shape)
        return found


def test_the_terminal_shows_seconds_and_the_spread_over_seeds(capsys):
    y = np.random.default_rng(0).normal(size=40)
    for seeds, several in ((3, True), (None, False)):
        result = backtest([Noisy(), Naive()], y, cv=RollingOrigin(3, n_windows=2), metrics=["mae"], seeds=seeds)
        print_result(result, "mine", Path("runs/mine"))
        told = capsys.readouterr().out
        board = result.leaderboard().set_index("model")
        assert (f"{board.loc['Noisy', 'mae']:.3f} ± {board.loc['Noisy', 'mae_sd']:.3f}" in told) is several
        assert ("± is the standard deviation over seeds." in told) is several
        assert "Fit s" in told and "Predict s" in told and "timings.md" in told
