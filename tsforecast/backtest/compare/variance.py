"""Variance of a mean paired difference over series and cutoffs, with what either of them have in common.

Differences ``d[s, t]`` of series s at cutoff t vary by themselves, by series (one model suits some series better) and
by cutoff (something happened to all series at once). The variance of their mean is that of independent units plus what
series, or cutoffs, vary in excess of it: a two-way clustered variance (Cameron, Gelbach & Miller 2011, *J. Business &
Economic Statistics* 29, 238-249, equation 2.8) whose negative parts are left out. An excess that an F test finds counts
more, as its few degrees of freedom ask for. The critical values of `tsforecast.backtest.compare.paired` are calibrated
with all of this in them.
"""

import numpy as np
from scipy import special

from tsforecast._types import Bools, Floats

_SUSPICION = 0.05  # level of the F test for an excess
_EARLY_SUSPICION = 0.2  # the same where there are few series and few cutoffs, and the test is weak
_FEWEST_CUTOFFS = 5  # over which Student's t can tell anything
_MOST_AUTOCORRELATION = 0.9
_LAGS = 12  # autocorrelations are followed so far
_FEWEST_VALUES = 6  # from which an autocorrelation is estimated
_CAUTION = 1.5  # power of the factor of an autocorrelation that a single row of values shows
_SMALLEST_PART = 0.25  # of the variance without correlation, that an estimate with it may fall to


def variance_by_series(series: Floats, cutoffs: Floats, overlap: int) -> Floats:
    """Variance of the mean where series are the independent units, shape ``(...)``.

    Parameters
    ----------
    series : ndarray, shape (..., n_series)
        Mean difference of each series, over its cutoffs.
    cutoffs : ndarray, shape (..., n_cutoffs)
        Mean difference at each cutoff, over series; oldest first.
    overlap : int
        Number of successive cutoffs whose forecasts overlap.
    """
    n_series, n_cutoffs = series.shape[-1], cutoffs.shape[-1]
    own = series.var(axis=-1, ddof=1) / n_series
    total = own
    if n_cutoffs > 1:
        shared = long_run_variance(cutoffs, overlap) / n_cutoffs
        total = own + _excess(own, shared, n_cutoffs - 1, n_series - 1, _SUSPICION)
    return total


def variance_by_cutoff(series: Floats, cutoffs: Floats, overlap: int) -> Floats:
    """Variance of the mean where cutoffs are the independent units; arguments as in `variance_by_series`.

    With one series it is that of Diebold & Mariano (1995), and counts an autocorrelation that shows without overlap.
    """
    n_series, n_cutoffs = series.shape[-1], cutoffs.shape[-1]
    own = long_run_variance(cutoffs, overlap) / n_cutoffs
    total = own
    if n_series > 1:
        total = own + _excess(own, series.var(axis=-1, ddof=1) / n_series, n_series - 1, n_cutoffs - 1, _SUSPICION)
    return total


def variance_by_cell(differences: Floats, known: Bools, overlap: int) -> Floats:
    """Variance of the mean where each series at each cutoff is a unit, shape ``(...)``.

    Parameters
    ----------
    differences : ndarray, shape (..., n_series, n_cutoffs)
        0 where they are not known.
    known : ndarray of bool, shape (n_series, n_cutoffs)
    overlap : int
    """
    n_series, n_cutoffs = known.shape
    own, by_series, by_cutoff, free = _variances_by_cell(differences, known, overlap)
    total = own + _excess(own, by_series, n_series - 1, free, _EARLY_SUSPICION)
    return total + _excess(own, by_cutoff, n_cutoffs - 1, free, _EARLY_SUSPICION)


def stand_out(differences: Floats, known: Bools, overlap: int, *, cells: bool) -> tuple[bool, bool]:
    """Whether series, and cutoffs if there are five, are seen to vary more than independent units do: two of bool.

    Parameters
    ----------
    differences : ndarray, shape (n_series, n_cutoffs)
        0 where they are not known.
    known : ndarray of bool, shape (n_series, n_cutoffs)
    overlap : int
    cells : bool
        Whether the units are the cells; else they are the cutoffs, and only series can stand out.
    """
    n_series, n_cutoffs = known.shape
    if cells:
        own, by_series, by_cutoff, free = _variances_by_cell(differences, known, overlap)
        return (
            bool(_seen(own, by_series, n_series - 1, free, _SUSPICION)),
            n_cutoffs >= _FEWEST_CUTOFFS and bool(_seen(own, by_cutoff, n_cutoffs - 1, free, _SUSPICION)),
        )
    if n_series == 1:
        return False, False
    series, cutoffs, _ = marginal_means(differences, known)
    own = long_run_variance(cutoffs, overlap) / n_cutoffs
    return bool(_seen(own, series.var(ddof=1) / n_series, n_series - 1, n_cutoffs - 1, _SUSPICION)), False


def _variances_by_cell(differences: Floats, known: Bools, overlap: int) -> tuple[Floats, Floats, Floats, int]:
    """Variances of the mean from cells, from series and from cutoffs, and the degrees of freedom of the first."""
    n_series, n_cutoffs = known.shape
    series, cutoffs, rest = marginal_means(differences, known)
    rest = np.where(known, rest - (cutoffs - series.mean(axis=-1)[..., None])[..., None, :], 0.0)
    free = max((n_series - 1) * (n_cutoffs - 1) - int((~known).sum()), 1)
    squares = np.square(rest).sum(axis=(-1, -2))
    factor = _correlation_factor(rest, squares, overlap)
    own = squares / free / known.sum() * factor
    return own, series.var(axis=-1, ddof=1) / n_series, cutoffs.var(axis=-1, ddof=1) / n_cutoffs * factor, free


def marginal_means(differences: Floats, known: Bools) -> tuple[Floats, Floats, Floats]:
    """Means by series and by cutoff, and the differences less the mean of their series, 0 where unknown.

    ``(..., n_series, n_cutoffs)`` -> ``(..., n_series)``, ``(..., n_cutoffs)``, ``(..., n_series, n_cutoffs)``. The
    mean at a cutoff is that of all series: one that is not known there is taken at its own mean.
    """
    series = differences.sum(axis=-1) / known.sum(axis=-1)
    rest = np.where(known, differences - series[..., None], 0.0)
    cutoffs = series.mean(axis=-1)[..., None] + rest.mean(axis=-2)
    return series, cutoffs, rest


def long_run_variance(values: Floats, overlap: int) -> Floats:
    """Variance of one value that, divided by their number, is the variance of their mean: ``(..., n)`` -> ``(...)``.

    Where forecasts overlap, autocovariances up to ``overlap - 1`` count, with the correction of Harvey, Leybourne &
    Newbold (1997); where they do not, an autocorrelation at lag 1 that is positive counts as that of an AR(1) process,
    and half as much again, since so few values estimate it poorly.
    """
    n = values.shape[-1]
    centred = values - values.mean(axis=-1, keepdims=True)
    squares = np.square(centred).sum(axis=-1)
    return squares / (n - 1) * _correlation_factor(centred[..., None, :], squares, overlap)


def _correlation_factor(centred: Floats, squares: Floats, overlap: int) -> Floats:
    """What correlation over cutoffs multiplies a mean's variance by: ``(..., n_series, n_cutoffs)`` -> ``(...)``."""
    n = centred.shape[-1]
    safe = np.where(squares > 0, squares, 1.0)
    lag = [(centred[..., k:] * centred[..., :-k]).sum(axis=(-1, -2)) / safe for k in range(1, min(max(overlap, 2), n))]
    if overlap > 1:
        flat = 1 + 2 * sum(lag, np.zeros_like(safe))
        tapered = 1 + 2 * sum(((1 - k / overlap) * r for k, r in enumerate(lag, 1)), np.zeros_like(safe))
        factor = np.where(flat > _SMALLEST_PART, flat, np.maximum(tapered, _SMALLEST_PART))
        lost = (n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / (n - 1)
        return factor / max(lost, 1 / n)
    n_rows = centred.shape[-2]
    if n < 3 or n_rows * n < _FEWEST_VALUES:
        return np.ones_like(safe)
    r = lag[0] + (1 + 3 * lag[0]) / n  # its bias (Kendall 1954)
    r = np.clip(r, 0.0, _MOST_AUTOCORRELATION)
    factor = 1 + 2 * sum(((1 - k / n) * r**k for k in range(1, min(n, _LAGS))), np.zeros_like(r))
    return factor**_CAUTION if n_rows == 1 else factor


def _excess(own: Floats, shared: Floats, df_shared: int, df_own: int, suspicion: float) -> Floats:
    """By what a variance exceeds that of independent units; more where an F test finds it."""
    seen = _seen(own, shared, df_shared, df_own, suspicion)
    return np.where(seen, few_degrees(df_shared), 1.0) * np.maximum(shared - own, 0.0)


def _seen(own: Floats, shared: Floats, df_shared: int, df_own: int, suspicion: float) -> Bools:
    return np.asarray(shared > special.fdtri(df_shared, df_own, 1 - suspicion) * own)


def seed_variance(losses: Floats) -> float:
    """Variance of a mean loss that its seeds have in common: ``(n_seeds, n_series, n_cutoffs)``, 0 where unknown.

    What the mean losses of the seeds vary in excess of seeds that are independent at every series and cutoff, whose
    variation the differences hold already. 0 for a single seed: then it cannot be known.
    """
    n_seeds = len(losses)
    if n_seeds < 2:
        return 0.0
    means = losses.mean(axis=(1, 2))
    rest = losses - losses.mean(axis=0) - (means - means.mean())[:, None, None]
    n_cells = losses[0].size
    df = (n_seeds - 1) * max(n_cells - 1, 1)
    own = np.asarray(np.square(rest).sum() / df / n_cells)
    return float(_excess(own, means.var(ddof=1), n_seeds - 1, df, _SUSPICION)) / n_seeds


def few_degrees(df: int) -> float:
    """What a variance known with few degrees of freedom must be multiplied by: squared 95% quantiles, t over normal."""
    return float((special.stdtrit(df, 0.975) / special.ndtri(0.975)) ** 2)


def variance_parts(losses: Floats, others: Floats, known: Bools, overlap: int) -> tuple[float, float, float, float]:
    """Variances of one series' mean difference, one cutoff's, one cell's rest, and the part of the seeds.

    The variance of the mean is the first over the number of series, the second over that of cutoffs, the third over
    their product, and the fourth. What series, or cutoffs, have of their own counts where an F test finds it.
    """
    d = losses.mean(axis=0) - others.mean(axis=0)
    n_series, n_cutoffs = known.shape
    seeds = seed_variance(losses) + seed_variance(others)
    series, cutoffs, rest = marginal_means(d, known)
    if n_series == 1:
        return 0.0, 0.0, float(long_run_variance(cutoffs, overlap)) if n_cutoffs > 1 else 0.0, seeds
    if n_cutoffs == 1:
        return 0.0, 0.0, float(series.var(ddof=1)), seeds
    squares = np.square(np.where(known, rest - (cutoffs - series.mean()), 0.0)).sum()
    free = max((n_series - 1) * (n_cutoffs - 1) - int((~known).sum()), 1)
    found = []
    for means, n_each, df in ((series, n_cutoffs, n_series - 1), (cutoffs, n_series, n_cutoffs - 1)):
        spread = n_each * means.var(ddof=1) * df
        seen = spread / df > special.fdtri(df, free, 1 - _EARLY_SUSPICION) * squares / free
        found.append((seen, df, spread))
    for seen, df, spread in found:  # what does not stand out is part of the rest
        squares, free = (squares, free) if seen else (squares + spread, free + df)
    cell = float(squares / free)
    by_series, by_cutoff = (
        max(spread / df - cell, 0.0) / n_each if seen else 0.0
        for (seen, df, spread), n_each in zip(found, (n_cutoffs, n_series), strict=True)
    )
    spread = cutoffs.var(ddof=1)
    factor = float(long_run_variance(cutoffs, overlap) / spread) if overlap > 1 and spread > 0 else 1.0
    return by_series, by_cutoff * factor, cell * factor, seeds
