"""The paired test: whether the mean loss of one model is smaller than another's beyond chance, and by what factor.

One statistic, the mean difference over its standard error (see `tsforecast.backtest.compare.variance`), and critical
values from the same statistic with random signs: were the models equally good, the sign of each unit's difference would
be a matter of chance (Fisher 1935; Janssen 1997, *Statistics & Probability Letters* 36, 9-21, for studentised
statistics). Signs that are drawn independently also give the fixed-b critical values of a variance with
autocorrelation (Gonçalves & Vogelsang 2011, *Econometric Theory* 27, 745-791).

The units are the series where there are many, the cutoffs where these are many and more, else each series at each
cutoff (the series, if forecasts of successive cutoffs overlap). Where there are so few units that signs could not show
anything, Student's t serves instead. Where each series at each cutoff is a unit, but series (or cutoffs) are seen to
differ by more than these, the mean must stand up to Student's t over series (or cutoffs) at 5% as well.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from tsforecast._types import Bools, Floats
from tsforecast.backtest.compare.variance import (
    long_run_variance,
    marginal_means,
    seed_variance,
    stand_out,
    variance_by_cell,
    variance_by_cutoff,
    variance_by_series,
)
from tsforecast.exceptions import DataError

IndependentUnit: TypeAlias = Literal["series", "cutoffs", "cells"]

_MANY = 20  # units of one kind that need not be divided further
_FEWEST_SIGNS = 7  # units: 2 of their 128 signs are 1.6%
_USUAL_ALPHA = 0.05
_FEWEST_UNITS = 3
_ROUNDING = 1e-9  # relative: statistics that differ by less are equal
_AT_ONCE = 2_000_000  # differences with signs that are held in memory
_MOST_SIGNS = 20_000_000  # signs that are kept; with more units there are fewer draws, but never under 2000
_NORMAL = 100  # units from which Student's t serves where no draw is as large
_SMALLEST = 1e-100  # largest loss, below which, or over the inverse of which, losses are divided by it
_FARTHEST = 1e4  # factor from the estimated ratio at which an interval is taken to have no end


@dataclasses.dataclass(frozen=True, eq=False)
class PairedTest:
    """Losses of two models on common cells, and the test of their ratio.

    Attributes
    ----------
    losses, others : ndarray, shape (n_seeds, n_series, n_cutoffs)
        Of the model and of the other; 0 in cells that are not known. Extreme ones are divided by a power of 2.
    known : ndarray of bool, shape (n_series, n_cutoffs)
    overlap : int
        Number of successive cutoffs whose forecasts overlap.
    n_draws : int
        Draws of signs.
    random_state : int
    fewest_signs : int
        Units from which random signs serve; with fewer, Student's t.
    """

    losses: Floats
    others: Floats
    known: Bools
    overlap: int
    n_draws: int
    random_state: int = 0
    fewest_signs: int = _FEWEST_SIGNS

    def turned(self) -> "PairedTest":
        """The test of the other model against this one."""
        return dataclasses.replace(self, losses=self.others, others=self.losses)

    @property
    def n_series(self) -> int:
        """Number of series with a loss of both."""
        return self.known.shape[0]

    @property
    def n_cutoffs(self) -> int:
        """Number of cutoffs with a loss of both."""
        return self.known.shape[1]

    @functools.cached_property
    def unit(self) -> IndependentUnit:
        """What varies independently: series, cutoffs, or the cells of both."""
        if self.n_cutoffs == 1 or (self.n_series >= _MANY and self.n_series >= self.n_cutoffs):
            return "series"
        if self.n_series == 1 or self.n_cutoffs >= _MANY:
            return "cutoffs"
        if self.overlap > 1:
            return "series"
        if int(self.known.sum()) >= self.fewest_signs:
            return "cells"
        return "series" if self.n_series >= self.n_cutoffs else "cutoffs"

    @property
    def n_units(self) -> int:
        """Number of units; overlapping cutoffs of a single series count as blocks."""
        if self.unit == "cells":
            return int(self.known.sum())
        return self.n_series if self.unit == "series" else self.n_cutoffs // self.overlap

    @functools.cached_property
    def means(self) -> tuple[float, float]:
        """Mean loss of the model and of the other: over cutoffs, then over series, seeds averaged."""
        mean, other = (float(_series_means(v.mean(axis=0), self.known).mean()) for v in (self.losses, self.others))
        return mean, other

    @functools.cached_property
    def statistic(self) -> float:
        """Mean difference over its standard error; negative where the model is better."""
        return float(self._statistics(np.ones(1))[0])

    @functools.cached_property
    def standard_error(self) -> float:
        """Of the mean difference."""
        mean = self.means[0] - self.means[1]
        return abs(mean / self.statistic) if np.isfinite(self.statistic) and self.statistic != 0 else float("nan")

    @functools.cached_property
    def pvalue(self) -> float:
        """Two-sided p-value of equal mean losses; 1 where there are too few units to say anything."""
        if self.n_units < _FEWEST_UNITS or self._identical:
            return 1.0
        return max(self.own_pvalue, self.failed_pvalue)

    @functools.cached_property
    def failed_pvalue(self) -> float:
        """The largest p-value over 5% of the tests over series and cutoffs that the mean must stand up to, or 0."""
        return max([p for guard in self._guards if (p := guard.pvalue(self)) > _USUAL_ALPHA], default=0.0)

    @functools.cached_property
    def own_pvalue(self) -> float:
        """The p-value by random signs, or by Student's t, alone."""
        if self.n_units < _FEWEST_UNITS or self._identical:
            return 1.0
        size = abs(self.statistic)
        null = self.null_sizes
        if null is None:
            n = self._n_signs
            return float(2 * special.stdtr(n - 1, -size)) if np.isfinite(size) else 2.0 ** (1 - n)
        as_large = int((null >= size * (1 - _ROUNDING)).sum())
        if self.all_signs:
            return as_large / len(null)
        if as_large == 0 and self._n_signs >= _NORMAL:
            return min(float(2 * special.stdtr(self._n_signs - 1, -size)), 1 / (len(null) + 1))
        return (as_large + 1) / (len(null) + 1)

    def critical(self, alpha: float) -> float:
        """Size that the statistic must exceed for a p-value of at most ``alpha``; inf where none is enough."""
        if self.n_units < _FEWEST_UNITS:
            return float("inf")
        null = self.null_sizes
        if null is None:
            return float(-special.stdtrit(self._n_signs - 1, alpha / 2))
        null = np.sort(null)
        n = len(null)
        beyond = int(alpha * n + _ROUNDING) if self.all_signs else int(alpha * (n + 1) + _ROUNDING) - 1
        if beyond < 0 and self._n_signs >= _NORMAL:
            return max(float(-special.stdtrit(self._n_signs - 1, alpha / 2)), float(null[-1]))
        if beyond < (2 if self.all_signs else 0):  # the signs as they are, and all of them turned, always count
            return float("inf")
        return float(null[n - 1 - beyond])

    def ratio_interval(self, alpha: float) -> tuple[float, float]:
        """Ratios of the mean losses that the test does not reject at ``alpha``, (nan, nan) where it rejects none.

        Found by turning the test round (as Fieller 1954 does for a ratio of normal means). It holds 1 if, and only if,
        the p-value is over ``alpha``.
        """
        limit = self.critical(alpha)
        mean, other = self.means
        if not np.isfinite(limit) or np.sign(mean) * np.sign(other) <= 0:
            return float("nan"), float("nan")
        if self._identical:
            return 1.0, 1.0
        ratio = mean / other
        tests = [(self._statistics, limit), *((guard.of(self), guard.limit(alpha)) for guard in self._guards)]
        low = min(_end(statistics, ratio, far, -1) for statistics, far in tests)
        high = max(_end(statistics, ratio, far, 1) for statistics, far in tests)
        if self.pvalue <= alpha:  # an interval with gaps is closed up to, not over, equality
            return (low, min(high, 1 - _ROUNDING)) if ratio < 1 else (max(low, 1 + _ROUNDING), high)
        return min(low, 1.0), max(high, 1.0)

    @property
    def _identical(self) -> bool:
        size = max(np.abs(self.losses).max(initial=0.0), np.abs(self.others).max(initial=0.0))
        return bool(np.abs(self.losses.mean(axis=0) - self.others.mean(axis=0)).max(initial=0.0) <= 1e-12 * size)

    @property
    def _n_signs(self) -> int:
        return {"series": self.n_series, "cutoffs": self.n_cutoffs, "cells": int(self.known.sum())}[self.unit]

    @property
    def all_signs(self) -> bool:
        """Whether all signs of the units are taken, not a draw of them."""
        return self._n_signs < 30 and 2**self._n_signs <= self.n_draws

    def _statistics(self, ratios: Floats) -> Floats:
        """Statistic of the model's losses less each ratio times the other's: ``(n,)`` -> ``(n,)``."""
        d = self.losses.mean(axis=0) - ratios[:, None, None] * self.others.mean(axis=0)
        own, other = self.seeds
        seeds = own + ratios**2 * other
        series, cutoffs, _ = marginal_means(d, self.known)
        return _studentised(series.mean(axis=-1), self._variance(series, cutoffs, d) + seeds)

    @functools.cached_property
    def seeds(self) -> tuple[float, float]:
        """Variance that the seeds of the model, and of the other, have in common."""
        return seed_variance(self.losses), seed_variance(self.others)

    def _variance(self, series: Floats, cutoffs: Floats, differences: Floats) -> Floats:
        if self.unit == "series":
            return variance_by_series(series, cutoffs, self.overlap)
        if self.unit == "cutoffs":
            return variance_by_cutoff(series, cutoffs, self.overlap)
        return variance_by_cell(differences, self.known, self.overlap)

    @functools.cached_property
    def null_sizes(self) -> Floats | None:
        """Sizes of the statistic with random signs, draw by draw; None where there are too few units for signs."""
        if self._n_signs < self.fewest_signs:
            return None
        d = self.losses.mean(axis=0) - self.others.mean(axis=0)
        signs = _signs(self._n_signs, self.n_draws, self.random_state)
        step = max(1, _AT_ONCE // (d.size if self.unit == "cells" else max(d.shape)))
        found = [self._with_signs(signs[k : k + step].astype(np.float64), d) for k in range(0, len(signs), step)]
        return np.abs(np.concatenate(found))

    def _with_signs(self, signs: Floats, d: Floats) -> Floats:
        series, cutoffs, rest = marginal_means(d, self.known)
        if self.unit == "cells":
            drawn = np.zeros((len(signs), *d.shape))
            drawn[:, self.known] = signs * d[self.known]
            series, cutoffs, _ = marginal_means(drawn, self.known)
            return _studentised(series.mean(axis=-1), variance_by_cell(drawn, self.known, self.overlap))
        if self.unit == "series":
            series = signs * series
            cutoffs = series.mean(axis=-1)[:, None] + signs @ rest / len(rest)
        else:
            cutoffs = signs * cutoffs
            middle = rest + series[:, None]  # at its own mean where unknown
            series = signs @ middle.T / middle.shape[1]
        return _studentised(cutoffs.mean(axis=-1), self._variance(series, cutoffs, d))

    @functools.cached_property
    def _guards(self) -> "list[_Guard]":
        """Tests that the mean must stand up to as well, since series, or cutoffs, stand out."""
        if self.unit == "series" or self.null_sizes is None:
            return []
        d = self.losses.mean(axis=0) - self.others.mean(axis=0)
        by_series, by_cutoff = stand_out(d, self.known, self.overlap, cells=self.unit == "cells")
        guards = [_Guard(by_cutoff=False, df=self.n_series - 1)] if by_series else []
        return [*guards, _Guard(by_cutoff=True, df=self.n_cutoffs - 1)] if by_cutoff else guards


@dataclasses.dataclass(frozen=True)
class _Guard:
    """Student's t test of the mean difference over series, or over cutoffs."""

    by_cutoff: bool
    df: int

    def of(self, test: PairedTest) -> Callable[[Floats], Floats]:
        """The statistic by ratio, as that of the test itself."""

        def statistics(ratios: Floats) -> Floats:
            d = test.losses.mean(axis=0) - ratios[:, None, None] * test.others.mean(axis=0)
            series, cutoffs, _ = marginal_means(d, test.known)
            spread = long_run_variance(cutoffs, test.overlap) if self.by_cutoff else series.var(axis=-1, ddof=1)
            own, other = test.seeds
            return _studentised(series.mean(axis=-1), spread / (self.df + 1) + own + ratios**2 * other)

        return statistics

    def limit(self, alpha: float) -> float:
        """Size from which the statistic rejects; at 5% also where ``alpha`` is corrected for other pairs."""
        return float(-special.stdtrit(self.df, max(alpha, _USUAL_ALPHA) / 2))

    def pvalue(self, test: PairedTest) -> float:
        """Two-sided p-value of equal mean losses."""
        return float(2 * special.stdtr(self.df, -abs(float(self.of(test)(np.ones(1))[0]))))


def paired_test(
    losses: Floats, others: Floats, *, overlap: int = 1, n_draws: int = 2000, n_pairs: int = 1
) -> PairedTest:
    """The test of two models' losses.

    Parameters
    ----------
    losses, others : ndarray, shape (n_seeds, n_series, n_cutoffs)
        Less is better; cutoffs oldest first. A deterministic model has one seed; the numbers of seeds may differ. A
        cell where any seed of either has nan is left out.
    overlap : int
        Number of successive cutoffs whose forecasts overlap: ``ceil(horizon / step_size)``.
    n_draws : int
        Draws of signs; all signs are taken where there are no more.
    n_pairs : int
        Pairs whose p-values are corrected together: the more there are, the more units signs must have to show
        anything.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lstm, sarima = rng.gamma(20.0, size=(5, 12, 4)), rng.gamma(20.0, size=(1, 12, 4))
    >>> bool(paired_test(lstm, sarima).pvalue > 0.05), bool(paired_test(lstm * 0.7, sarima).pvalue < 0.05)
    (True, True)
    """
    a, b = np.asarray(losses, dtype=np.float64), np.asarray(others, dtype=np.float64)
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:] or not (len(a) and len(b)):
        raise DataError(
            f"The losses have shapes {a.shape} and {b.shape}; two of (n_seeds, n_series, n_cutoffs) are needed."
        )
    known: Bools = np.asarray(np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0))
    kept = np.ix_(known.any(axis=1), known.any(axis=0))
    known = known[kept]
    a, b = (np.where(known, one[:, kept[0], kept[1]], 0.0) for one in (a, b))
    unit = _extreme_unit(max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0)))
    a, b = a / unit, b / unit
    fewer = max(2000, _MOST_SIGNS // max(known.size, 1))
    fewest = max(_FEWEST_SIGNS, 1 + int(np.ceil(np.log2(n_pairs / _USUAL_ALPHA))))  # both of one sign: 2 of 2 ** n
    return PairedTest(a, b, known, overlap, min(n_draws, fewer), fewest_signs=fewest)


def _end(statistics: Callable[[Floats], Floats], ratio: float, limit: float, side: int) -> float:
    """The first ratio, from the estimate to one side, that a test rejects; 0 or inf where it rejects none."""
    near, far = 1.0, _FARTHEST
    for _ in range(4):
        steps = np.geomspace(near, far, 65)
        beyond = np.flatnonzero(np.abs(statistics(ratio * steps**side)) > limit * (1 + _ROUNDING))
        if beyond.size == 0:
            return 0.0 if side < 0 else float("inf")
        first = int(beyond[0])
        near, far = float(steps[max(first - 1, 0)]), float(steps[first])
    return float(ratio * near**side)


def _extreme_unit(largest: float) -> float:
    """A power of 2 near the largest loss, where squares of losses would overflow or vanish; else 1."""
    usual = largest == 0 or _SMALLEST < largest < 1 / _SMALLEST
    return 1.0 if usual else float(2.0 ** np.floor(np.log2(largest)))


def _series_means(values: Floats, known: Bools) -> Floats:
    return values.sum(axis=1) / known.sum(axis=1)


def _studentised(mean: Floats, variance: Floats) -> Floats:
    root = np.sqrt(variance)
    sure = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    return np.where(root > 0, mean / np.where(root > 0, root, 1.0), sure)


@functools.lru_cache(maxsize=2)
def _signs(n_units: int, n_draws: int, random_state: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int8]]":
    """All signs of so many units, or as many draws of them: ``(n, n_units)`` of 1 and -1."""
    if n_units < 30 and 2**n_units <= n_draws:
        bits = np.arange(2**n_units)[:, None] >> np.arange(n_units) & 1
    else:
        bits = np.random.default_rng(random_state).integers(0, 2, size=(n_draws, n_units), dtype=np.int8)
    return (1 - 2 * bits).astype(np.int8)
