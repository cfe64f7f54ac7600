"""Intervals of point heads: quantiles of the residuals, in scales, of training and of the tail kept from it."""

import dataclasses

import numpy as np
from scipy import stats

from tsforecast._types import Bools, Floats, Ints
from tsforecast.models.neural.forecasting.dependence import correlation_of

_OWN = 20.0  # residuals at which a series' own spread counts as much as that of all series
_FEW = 5.0  # residuals of a step at which their mean counts as much as what the first step leads to expect
_N_SHAPE = 2000  # points that the common shape of the residuals is kept in
_FREEDOM = 6.0  # degrees of freedom that a fit spends, and ...
_MOST_FREEDOM = 0.4  # ... the largest share of the observations that they can be
_FEWEST_DEGREES = 2.0
_OTHERS = 3.0  # medians over the series: a series with larger residuals counts as this in what all have in common
_FURTHEST = 8.0  # mean sizes of the residuals of its series: one further out counts as this in the common shape


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
    n_steps : int
        Steps, of all series together, that residuals are known of.
    correlation : ndarray, shape (horizon, horizon)
        Of the residuals of different steps from one origin, over all series.
    """

    size: Floats
    pooled: Floats
    shape: Floats
    n_steps: int
    correlation: Floats

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

    def quantiles(self, sizes: Floats, levels: Floats, reverting: Bools) -> Floats:
        """Quantiles of the residuals: ``(n_series, horizon)`` sizes -> ``(n_series, horizon, n_levels)``."""
        steps = np.where(reverting[:, None], 1, np.arange(1, sizes.shape[1] + 1))
        different, where = np.unique(steps, return_inverse=True)
        table = np.stack([self.at(levels, int(h)) for h in different])  # (n_different, n_levels)
        return np.asarray(sizes[:, :, None] * table[where.reshape(steps.shape)])

    def at(self, p: Floats, overlap: int = 1) -> Floats:
        """Residual over its size that is exceeded with probability ``1 - p``, for any shape of ``p``.

        Few residuals say little of the tails: the level is moved out as from the normal's to Student's t with as many
        degrees of freedom as there are residuals apart, those ``overlap`` steps ahead being counted once in so many.
        Past the outermost residual the last slope, on the normal's scale, goes on.
        """
        n = self.shape.size
        degrees = max(self.n_steps / overlap - 1, _FEWEST_DEGREES)
        marks = stats.norm.ppf((np.arange(n) + 0.5) / n)
        z = stats.t.ppf(p, degrees)
        inside = np.interp(z, marks, self.shape)
        slopes = _slope(marks, self.shape)
        below, above = np.minimum(z - marks[0], 0.0), np.maximum(z - marks[-1], 0.0)
        return np.asarray(inside + slopes[0] * below + slopes[1] * above)


def _slope(marks: Floats, shape: Floats) -> tuple[float, float]:
    """Slopes of the two tails: of the outermost point from the middle."""
    if marks.size < 2:
        return 0.0, 0.0
    middle = float(np.interp(0.0, marks, shape))
    return max((shape[0] - middle) / marks[0], 0.0), max((shape[-1] - middle) / marks[-1], 0.0)


def learn_spread(
    residual: Floats, kept: Bools, lengths: Ints, reverting: Bools, optimism: float | None = None
) -> Spread:
    """The spread of residuals ``(n_obs, horizon)``, nan where there is none; ``kept`` is true for those of the tail.

    A step ahead with few residuals leans on the first, from which those of a random walk grow with the square root.

    Residuals of training are too small: they are multiplied with ``optimism``, or else with what `optimism_of` tells.
    What all series have in common, a few that jumped must not tell: see the limits above.
    """
    of = np.repeat(np.arange(lengths.size), lengths)
    size = np.abs(residual)
    seen = ~np.isnan(size)
    own_sum, own_count = _by_series(np.where(seen, size, 0.0), lengths), _by_series(seen, lengths)
    total, count = _limited(own_sum, own_count).sum(axis=0), own_count.sum(axis=0)
    growth = np.arange(1, total.size + 1) ** (0.0 if reverting.all() else 0.5)
    pooled = (total + _FEW * growth * total[0] / max(count[0], 1)) / (count + _FEW)
    pooled = np.maximum.accumulate(pooled)  # nothing is surer the further ahead
    own = (own_sum + _OWN * pooled) / (own_count + _OWN)
    relative = residual / np.maximum(own[of], 1e-12)
    shape = relative[seen].clip(-_FURTHEST, _FURTHEST)
    factor = optimism_of(size, seen & ~kept, seen & kept) if optimism is None else optimism
    n_steps = int(seen.any(axis=1).sum())
    correlation = correlation_of(relative, returns=bool(reverting.all()))
    return Spread(own * factor, pooled * factor, _thin(np.sort(shape)), n_steps, correlation)


def _by_series(table: "Floats | Bools", lengths: Ints) -> Floats:
    """Sums over each series: ``(n_obs, horizon)`` -> ``(n_series, horizon)``."""
    return np.asarray(np.add.reduceat(table.astype(np.float64), np.cumsum(lengths) - lengths))


def _limited(own_sum: Floats, own_count: Floats) -> Floats:
    """Sums of each series and step, ``(n_series, horizon)``, with means of at most three medians over the series."""
    middle = _medians(own_sum / np.maximum(own_count, 1.0), own_count > 0)
    return np.minimum(own_sum, _OTHERS * middle * own_count)


def _medians(table: Floats, known: Bools) -> Floats:
    """Median of what is known in each column, 0 where nothing is: two ``(n, horizon)`` -> ``(horizon,)``."""
    columns = zip(table.T, known.T, strict=True)
    return np.array([np.median(column[has]) if has.any() else 0.0 for column, has in columns])


def optimism_of(size: Floats, trained: Bools, kept: Bools) -> float:
    """What residuals of training are to be multiplied with, from the sizes of those and of those of the tail.

    The tail says it where it is long; where it is short, the rule of the final prediction error (Akaike 1969):
    ``sqrt((n + k) / (n - k))`` for k degrees of freedom of n observations.
    """
    n, steps = float(trained.any(axis=1).sum()), float(kept.any(axis=1).sum())
    k = min(_FREEDOM, _MOST_FREEDOM * n)
    rule = np.sqrt((n + k) / max(n - k, 1.0))
    if steps == 0 or n == 0:
        return float(rule)
    trust = steps / (steps + _OWN)
    size = np.minimum(size, _FURTHEST * _medians(size, trained | kept))  # a few that jumped must not tell it
    told = float(size[kept].mean()) / max(float(size[trained].mean()), 1e-12)
    return float(np.clip(rule + trust * (told - rule), 1.0, 2.0))


def _thin(shape: Floats) -> Floats:
    if shape.size == 0:
        return np.zeros(1)
    return np.asarray(np.quantile(shape, np.linspace(0, 1, min(shape.size, _N_SHAPE))))
