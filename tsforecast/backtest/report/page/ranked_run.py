"""What a page is about: a run with its leaderboard, and the order of its series by the best model."""

import dataclasses

import pandas as pd

from tsforecast.backtest.report.page.chosen import SeriesOrder, series_order
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard


@dataclasses.dataclass(frozen=True)
class RankedRun:
    """A run with what all parts of a page start from.

    Attributes
    ----------
    run : RunData
    board : DataFrame
        The leaderboard.
    ranked : list of str
        All models in the order of the board.
    order : SeriesOrder, optional
        The series in the order of the best model's score; None where no model has a rank.
    """

    run: RunData
    board: pd.DataFrame
    ranked: list[str]
    order: SeriesOrder | None

    @property
    def best(self) -> str:
        """The first model of the board."""
        return self.ranked[0]


def ranked_run_of(run: RunData) -> RankedRun:
    """A run with its leaderboard and the order of its series."""
    board = leaderboard(run)
    is_ranked = bool(board["rank"].notna().any())
    ranked = [str(name) for name in board["model"]]
    order = series_order(run, ranked[0], run.ranking_metric) if is_ranked else None
    return RankedRun(run, board, ranked, order if order is not None and order.n_scored else None)
