"""The series that a page shows: the one a model forecast best, one in the middle, the worst, and a spread of others."""

import dataclasses

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import mean_over_cutoffs


@dataclasses.dataclass(frozen=True)
class SeriesOrder:
    """The series of a run in the order of a model's mean score, best first.

    Attributes
    ----------
    model : str
    metric : str
    order : ndarray of int, shape (n_series,)
        Places in ``run.cube.ids``; series without a score come last.
    scores : ndarray, shape (n_series,)
        By place in ``run.cube.ids``; nan where there is none.
    """

    model: str
    metric: str
    order: Ints
    scores: Floats

    @property
    def n_scored(self) -> int:
        """Number of series with a score."""
        return int(np.isfinite(self.scores).sum())

    def told(self) -> dict[str, int]:
        """Places of the best, the median and the worst series by these names; fewer where there are fewer series."""
        n = self.n_scored
        names = {1: ["only"], 2: ["best", "worst"]}.get(n, ["best", "median", "worst"])
        places = {1: [0], 2: [0, 1]}.get(n, [0, (n - 1) // 2, n - 1])
        return {name: int(self.order[k]) for name, k in zip(names, places, strict=True)} if n else {}

    def spread(self, n_most: int) -> Ints:
        """At most so many series, evenly spread over the order, the first and the last among them: in that order."""
        n = self.order.size
        if n <= n_most:
            return self.order
        return self.order[np.unique(np.linspace(0, n - 1, n_most).round().astype(np.int64))]


def series_order(run: RunData, model: str, metric: str) -> SeriesOrder:
    """The series in the order of a model's mean score over its cutoffs; where more is better, the greatest first."""
    cube, about = run.cube, run.facts[metric]
    plane = cube.plane(metric)[[cube.models.index(model)]]
    scores = np.full(len(cube.ids), np.nan)
    scores[np.unique(cube.series)] = mean_over_cutoffs(plane, cube.series)[0]
    if about.below is not None:  # a share of a sum: by series it is that over its own denominators
        below = mean_over_cutoffs(cube.plane(about.below)[[cube.models.index(model)]], cube.series)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            scores[np.unique(cube.series)] = scores[np.unique(cube.series)] / below
    order = np.argsort(about.sign * np.where(np.isfinite(scores), scores, np.nan), kind="stable")
    return SeriesOrder(model, metric, order, np.where(np.isfinite(scores), scores, np.nan))
