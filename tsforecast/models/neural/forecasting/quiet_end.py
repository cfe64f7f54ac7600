"""Series that are zero at their end, for longer than ever: how likely it is that they begin again."""

import dataclasses

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.panel import Panel

_SHORTEST = 8  # zeros


@dataclasses.dataclass(frozen=True, eq=False)
class Silence:
    """Runs of zeros, of series that are not below zero.

    Attributes
    ----------
    smallest : ndarray, shape (n_series,)
        Smallest positive value of a series that is zero more than once; 0 for other series.
    n_zeros : ndarray, shape (n_series,)
        Zeros at the end, where they are more than eight, a season, and twice the longest run before: what the series
        was about has ended, or rests. 0 for other series.
    """

    smallest: Floats
    n_zeros: Floats

    def of_points(self, points: Floats, *, medians: bool) -> Floats:
        """Point forecasts: zero where the series has ended, and for medians below half the smallest positive value."""
        ended = (self.n_zeros > 0)[:, None]
        smallest = self.smallest[:, None]
        small = medians & (smallest > 0) & (points < 0.5 * smallest)
        return np.where(ended | small, 0.0, points)

    def of_quantiles(self, quantiles: Floats, levels: Floats) -> Floats:
        """Quantiles of a series that has ended, times the chance to lie above zero, over that of their level.

        After n zeros it begins again within h steps with probability h / (n + h), by Laplace's rule of succession.
        """
        ended = np.flatnonzero(self.n_zeros > 0)
        if ended.size == 0 or levels.size == 0:
            return quantiles
        steps = np.arange(1, quantiles.shape[1] + 1)
        chance = steps / (self.n_zeros[ended, None] + steps)  # (n_ended, horizon)
        share = np.where(levels > 0.5, np.minimum(chance[:, :, None] / (1 - levels), 1.0), 0.0)
        out = quantiles.copy()
        out[ended] = quantiles[ended] * share
        return out


def silence_of(panel: Panel, positive: Bools, season_length: int) -> Silence:
    """The zeros of every series that is not below zero."""
    smallest, n_zeros = np.zeros(panel.n_series), np.zeros(panel.n_series)
    with_zeros = np.logical_or.reduceat(panel.values == 0, panel.indptr[:-1])
    for i in np.flatnonzero(positive & with_zeros).tolist():
        y = panel.series(i)
        y = y[~np.isnan(y)]
        if not y.any():
            continue
        above = np.flatnonzero(y > 0)
        smallest[i] = y[above].min() if y.size - above.size > 1 else 0.0
        last = y.size - 1 - int(above[-1])
        before = int(np.diff(above, prepend=-1).max()) - 1
        n_zeros[i] = last if last > max(_SHORTEST, season_length, 2 * before) else 0
    return Silence(smallest, n_zeros)
