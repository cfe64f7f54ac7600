"""Series without their season: seasonal indices are taken off that follow the series, or stay as they were learnt."""

from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.series.seasonal import follow
from tsforecast.panel import Panel


class Seasonless(NamedTuple):
    """What is left of the series of a panel, and the indices that were taken off.

    Attributes
    ----------
    v : ndarray, shape (n_obs,)
        What is left.
    day, rest : ndarray, shape (n_obs,)
        The index of each observation, told by those before it, in two parts: of the season within a longer cycle
        (zero where there is none), and of the cycle.
    ends : ndarray, shape (n_series, cycle)
        Indices after the last observation.
    season_length : int
    """

    v: Floats
    day: Floats
    rest: Floats
    ends: Floats
    season_length: int

    def following(self, panel: Panel, u: Floats, horizon: int) -> Floats:
        """The ``horizon`` values after each observation as seen from it, ``(n_obs, horizon)``; nan past the end.

        ``u`` is ``v``, or its differences. A season or more ahead, v is what an index leaves that was moved in between;
        seen from an observation, the index is the one known there.
        """
        out = _following(panel, u, horizon)
        for part, every in ((self.day, self.season_length), (self.rest, self.ends.shape[1])):
            for h in range(every + 1, min(horizon + 1, u.size)):
                known = (h - 1) % every + 1
                out[:-h, h - 1] += part[h:] - part[known : part.size - h + known]
        return out


def without_season(w: Panel, phases: Ints, indices: Floats, season_length: int, share: float) -> Seasonless:
    """The series of ``w`` without seasons that begin as ``indices``, ``(n_series, cycle)``, and move by ``share``."""
    day, rest, ends = follow(w.values, w.indptr, phases, indices, season_length, share)
    return Seasonless(w.values - day - rest, day, rest, ends, season_length)


def _following(panel: Panel, u: Floats, horizon: int) -> Floats:
    """The ``horizon`` values after each observation, nan past the end of its series: ``(n_obs, horizon)``."""
    rows = np.arange(panel.n_obs)[:, None] + np.arange(1, horizon + 1)
    inside = rows < np.repeat(panel.indptr[1:], panel.lengths)[:, None]
    return np.where(inside, u[np.minimum(rows, panel.n_obs - 1)], np.nan)
