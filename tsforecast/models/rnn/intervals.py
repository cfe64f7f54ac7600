"""Intervals of point heads: quantiles of the residuals, in scales, of training and of the tail kept from it."""

import dataclasses

import numpy as np

from tsforecast._types import Bools, Floats, Ints

_OWN = 20.0  # residuals at which a series' own spread counts as much as that of all series
_N_SHAPE = 2000  # points that the common shape of the residuals is kept in


@dataclasses.dataclass(frozen=True, eq=False)
class Spread:
    """How far outputs lie from what came, in scales.

    Attributes
    ----------
    size : ndarray, shape (n_series, horizon)
        Mean absolute residual of each series and step.
    pooled : ndarray, shape (horizon,)
        The same over all series, for series that were not trained on.
    shape : ndarray, shape (n_shape,)
        Residuals over their size, of all series and steps, in increasing order.
    """

    size: Floats
    pooled: Floats
    shape: Floats

    def take(self, positions: Ints) -> "Spread":
        """The spread of some series, in the order given; -1 stands for a series that was not trained on."""
        size = np.where((positions >= 0)[:, None], self.size[positions], self.pooled)
        return dataclasses.replace(self, size=size)

    def sizes(self, horizon: int, reverting: Bools) -> Floats:
        """Sizes for any number of steps, ``(n_series, horizon)``.

        Past the last they stay for a series that returns to its mean; else they grow with the square root of the step,
        as those of a random walk do.
        """
        n_known = self.size.shape[1]
        steps = np.arange(1, horizon + 1)
        growth = np.where(reverting[:, None], 1.0, np.sqrt(np.maximum(steps / n_known, 1.0)))
        return self.size[:, np.minimum(steps, n_known) - 1] * growth

    def quantiles(self, sizes: Floats, levels: Floats) -> Floats:
        """Quantiles of the residuals: ``(n_series, horizon)`` sizes -> ``(n_series, horizon, n_levels)``."""
        return np.asarray(sizes[:, :, None] * self.at(levels))

    def at(self, p: Floats) -> Floats:
        """Residual over its size that is exceeded with probability ``1 - p``, for any shape of ``p``."""
        return np.interp(p, np.linspace(0, 1, self.shape.size), self.shape)


def learn_spread(residual: Floats, kept: Bools, lengths: Ints) -> Spread:
    """The spread of residuals ``(n_obs, horizon)``, nan where there is none; ``kept`` is true for those of the tail.

    Residuals of training are too small, those of the tail are few: where the tail's are larger, sizes grow, the more
    the longer it is.
    """
    of = np.repeat(np.arange(lengths.size), lengths)
    size = np.abs(residual)
    seen = ~np.isnan(size)
    own_sum, own_count = _by_series(np.where(seen, size, 0.0), of, lengths.size), _by_series(seen, of, lengths.size)
    pooled = own_sum.sum(axis=0) / np.maximum(own_count.sum(axis=0), 1)
    # a step with few residuals borrows from the nearest that has some: pooled never shrinks as the horizon grows
    pooled = np.maximum.accumulate(np.where(own_count.sum(axis=0) > 0, pooled, 0.0))
    own = (own_sum + _OWN * pooled) / (own_count + _OWN)
    shape = (residual / np.maximum(own[of], 1e-12))[seen]
    factor = _optimism(size, seen & ~kept, seen & kept)
    return Spread(own * factor, pooled * factor, _thin(np.sort(shape)))


def _by_series(table: "Floats | Bools", of: Ints, n_series: int) -> Floats:
    out = np.zeros((n_series, table.shape[1]))
    np.add.at(out, of, table)
    return out


def _optimism(size: Floats, trained: Bools, kept: Bools) -> float:
    if not kept.any() or not trained.any():
        return 1.0
    steps = float(kept.any(axis=1).sum())
    trust = steps / (steps + _OWN)
    inside, outside = float(size[trained].mean()), float(size[kept].mean())
    return float(np.clip(1 + trust * (outside / max(inside, 1e-12) - 1), 1.0, 2.0))


def _thin(shape: Floats) -> Floats:
    if shape.size == 0:
        return np.zeros(1)
    return np.asarray(np.quantile(shape, np.linspace(0, 1, min(shape.size, _N_SHAPE))))
