"""Forecasts of series that end with a longer run of zeros than any before."""

import dataclasses

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.panel import Panel

SHORTEST = 8  # zeros: shorter runs at the end are not counted


@dataclasses.dataclass(frozen=True, eq=False)
class Silence:
    """Zeros of non-negative series.

    Attributes
    ----------
    smallest : ndarray, shape (n_series,)
        Smallest positive value of a series that is zero more than once; 0 for other series.
    n_zeros : ndarray, shape (n_series,)
        Zeros at the end, where they are more than eight, a season, and twice the longest run before; 0 for other
        series.
    """

    smallest: Floats
    n_zeros: Floats

    def take(self, positions: Ints) -> "Silence":
        """The zeros of some series, in the order given."""
        return Silence(self.smallest[positions], self.n_zeros[positions])

    def of_points(self, points: Floats, *, medians: bool) -> Floats:
        """Point forecasts: zero where the series has ended, and for medians below half the smallest positive value."""
        ended = (self.n_zeros > 0)[:, None]
        smallest = self.smallest[:, None]
        small = medians & (smallest > 0) & (points < 0.5 * smallest)
        return np.where(ended | small, 0.0, points)

    def of_quantiles(self, quantiles: Floats, levels: Floats) -> Floats:
        """Quantiles, reduced for series that end with zeros by the probability that values become positive again.

        After n zeros that is h / (n + h) within h steps, by Laplace's rule of succession. Upper quantiles are
        multiplied by it over the probability above their level, lower ones are zero.
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
    """The zeros of every non-negative series."""
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
        n_zeros[i] = last if last > max(SHORTEST, season_length, 2 * before) else 0
    return Silence(smallest, n_zeros)
