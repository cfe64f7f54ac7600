"""Spread: quantiles of residuals, for the intervals of point forecasts."""

import dataclasses

import numpy as np
from scipy import stats

from tsforecast._types import Bools, Floats, Ints
from tsforecast.models.neural.forecasting.dependence import FURTHEST_RESIDUAL, correlation_of

_OWN_RESIDUALS = 20.0  # residuals with which a series' own spread weighs as much as that of all series
_STEP_RESIDUALS = (
    5.0  # residuals of a step with which their mean weighs as much as the size expected from the first step
)
_N_SHAPE = 2000  # points of the common distribution of the residuals
_FREEDOM = 6.0  # degrees of freedom of a fit, and ...
_MOST_FREEDOM_SHARE = 0.4  # ... their largest share of the observations
_FEWEST_TAIL_DEGREES = 2.0
_OTHERS = 3.0  # times the median over series: larger sizes of a series are reduced to this in the pooled size


@dataclasses.dataclass(frozen=True, eq=False)
class Spread:
    """Spread of the residuals, in scales: their size by series and step, and their common distribution.

    Attributes
    ----------
    size : ndarray, shape (n_series, horizon)
        Mean absolute residual of each series and step.
    pooled : ndarray, shape (horizon,)
        The same over all series, for series that were not trained on.
    shape : ndarray, shape (n_shape,)
        Residuals over their size, of all series and steps, in increasing order (their common distribution).
    n_steps : int
        Number of steps of all series that have residuals.
    correlation : ndarray, shape (horizon, horizon)
        Correlation of the residuals of different steps from one origin, over all series.
    optimism : float, optional
        Factor of the residuals of training that is in the sizes.
    """

    size: Floats
    pooled: Floats
    shape: Floats
    n_steps: int
    correlation: Floats
    optimism: float | None = None

    def take(self, positions: Ints) -> "Spread":
        """The spread of some series, in the order given; -1 stands for a series that was not trained on."""
        size = np.where((positions >= 0)[:, None], self.size[positions], self.pooled)
        return dataclasses.replace(self, size=size)

    def sizes(self, horizon: int, reverting: Bools) -> Floats:
        """Sizes for any number of steps, ``(n_series, horizon)``.

        Beyond the last known step they stay constant for a series that returns to its mean, and otherwise grow with the
        square root of the step, as for a random walk.
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
        """Quantiles of residuals over their size, at the levels ``p`` of any shape.

        Few residuals tell little about the tails, so a normal quantile is replaced by that of Student's t with as many
        degrees of freedom as there are residuals that do not overlap, one in ``overlap``. Beyond the outermost residual
        quantiles are extrapolated linearly in the normal quantile.
        """
        n = self.shape.size
        degrees = max(self.n_steps / overlap - 1, _FEWEST_TAIL_DEGREES)
        marks = stats.norm.ppf((np.arange(n) + 0.5) / n)
        z = stats.t.ppf(p, degrees)
        inside = np.interp(z, marks, self.shape)
        slopes = _tail_slopes(marks, self.shape)
        below, above = np.minimum(z - marks[0], 0.0), np.maximum(z - marks[-1], 0.0)
        return np.asarray(inside + slopes[0] * below + slopes[1] * above)


def _tail_slopes(marks: Floats, shape: Floats) -> tuple[float, float]:
    """Slopes of the two tails, from the median to the outermost points."""
    if marks.size < 2:
        return 0.0, 0.0
    middle = float(np.interp(0.0, marks, shape))
    return max((shape[0] - middle) / marks[0], 0.0), max((shape[-1] - middle) / marks[-1], 0.0)


def learn_spread(
    residual: Floats, kept: Bools, lengths: Ints, reverting: Bools, optimism: float | None = None
) -> Spread:
    """The spread of residuals ``(n_obs, horizon)``, nan where there is none; ``kept`` is true for those of the tail.

    The size of a step with few residuals is shrunk to that expected from the first step, which for a random walk grows
    with the square root of the step. Residuals of training are too small, so they are multiplied by ``optimism``, or by
    the result of `optimism_of` where it is None. Large residuals of a few series are limited in what is pooled.
    """
    of = np.repeat(np.arange(lengths.size), lengths)
    size = np.abs(residual)
    seen = ~np.isnan(size)
    own_sum, own_count = _by_series(np.where(seen, size, 0.0), lengths), _by_series(seen, lengths)
    total, count = _limited(own_sum, own_count).sum(axis=0), own_count.sum(axis=0)
    growth = np.arange(1, total.size + 1) ** (0.0 if reverting.all() else 0.5)
    pooled = (total + _STEP_RESIDUALS * growth * total[0] / max(count[0], 1)) / (count + _STEP_RESIDUALS)
    pooled = np.maximum.accumulate(pooled)  # uncertainty does not decrease with the horizon
    own = (own_sum + _OWN_RESIDUALS * pooled) / (own_count + _OWN_RESIDUALS)
    relative = residual / np.maximum(own[of], 1e-12)
    shape = relative[seen].clip(-FURTHEST_RESIDUAL, FURTHEST_RESIDUAL)
    factor = optimism_of(size, seen & ~kept, seen & kept) if optimism is None else optimism
    n_steps = int(seen.any(axis=1).sum())
    correlation = correlation_of(relative, returns=bool(reverting.all()))
    return Spread(own * factor, pooled * factor, _thin(np.sort(shape)), n_steps, correlation, factor)


def _by_series(table: "Floats | Bools", lengths: Ints) -> Floats:
    """Sums over each series: ``(n_obs, horizon)`` -> ``(n_series, horizon)``."""
    return np.asarray(np.add.reduceat(table.astype(np.float64), np.cumsum(lengths) - lengths))


def _limited(own_sum: Floats, own_count: Floats) -> Floats:
    """Sums of each series and step, ``(n_series, horizon)``, with means of at most three medians over the series."""
    middle = _medians(own_sum / np.maximum(own_count, 1.0), own_count > 0)
    return np.minimum(own_sum, _OTHERS * middle * own_count)


def _medians(table: Floats, known: Bools) -> Floats:
    """Median of the known values of each column, 0 where there are none: two ``(n, horizon)`` -> ``(horizon,)``."""
    columns = zip(table.T, known.T, strict=True)
    return np.array([np.median(column[has]) if has.any() else 0.0 for column, has in columns])


def optimism_of(size: Floats, trained: Bools, kept: Bools) -> float:
    """Factor of the residuals of training, from their sizes and those of the tails.

    A weighted mean of the ratio of the two, with more weight the longer the tails, and of the rule of the final
    prediction error (Akaike 1969), ``sqrt((n + k) / (n - k))`` for k degrees of freedom of n observations.
    """
    n, steps = float(trained.any(axis=1).sum()), float(kept.any(axis=1).sum())
    k = min(_FREEDOM, _MOST_FREEDOM_SHARE * n)
    rule = np.sqrt((n + k) / max(n - k, 1.0))
    if steps == 0 or n == 0:
        return float(rule)
    trust = steps / (steps + _OWN_RESIDUALS)
    size = np.minimum(
        size, FURTHEST_RESIDUAL * _medians(size, trained | kept)
    )  # limits the influence of a few outliers
    ratio = float(size[kept].mean()) / max(float(size[trained].mean()), 1e-12)
    return float(np.clip(rule + trust * (ratio - rule), 1.0, 2.0))


def _thin(shape: Floats) -> Floats:
    if shape.size == 0:
        return np.zeros(1)
    return np.asarray(np.quantile(shape, np.linspace(0, 1, min(shape.size, _N_SHAPE))))
