"""Calibration of intervals: coverage with binomial intervals, and the probability integral transform."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import DataError

_CONFIDENCE = 0.95


def coverage_table(
    y: Floats, low: Floats, high: Floats, level: Sequence[float], h: Ints, *, n_seeds: int = 1
) -> pd.DataFrame:
    """Coverage of intervals, by nominal level and step ahead.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Truth; one row for each series, cutoff and step. Rows with nan in ``y`` or at an end are left out.
    low, high : ndarray, shape (n, n_levels)
        Ends of the central intervals; a truth on an end is inside.
    level : sequence of float, length n_levels
        Nominal levels in percent.
    h : ndarray of int, shape (n,)
        Steps ahead.
    n_seeds : int
        Forecasts of the same truth by other seeds among the rows: they are one piece of evidence.

    Returns
    -------
    DataFrame
        ``level``, ``h`` (0 for all steps together), ``n``, ``coverage`` (percent), ``low`` and ``high`` (its 95%
        interval after Wilson 1927, percent), ``calibration``: ``"as stated"`` where that interval holds the level, else
        ``"too narrow"`` or ``"too wide"``. The interval takes rows as independent; with overlapping windows, or series
        that move together, it should be wider.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=400)
    >>> ends = np.full((400, 1), 1.2816)
    >>> coverage_table(y, -ends, ends, [80], np.ones(400, dtype=int))["calibration"].tolist()
    ['as stated', 'as stated']
    """
    truth, steps = np.asarray(y, dtype=np.float64), np.asarray(h)
    if low.shape != high.shape or low.shape != (truth.size, len(level)) or steps.shape != truth.shape:
        raise DataError(
            f"y {truth.shape}, low {low.shape}, high {high.shape}, h {steps.shape}, {len(level)} levels disagree."
        )
    rows = []
    for k, percent in enumerate(level):
        known = np.isfinite(truth) & np.isfinite(low[:, k]) & np.isfinite(high[:, k])
        inside = (low[:, k] <= truth) & (truth <= high[:, k])
        for step in (*np.unique(steps).tolist(), 0):
            used = known if step == 0 else known & (steps == step)
            rows.append((percent, step, *_coverage(int(inside[used].sum()), int(used.sum()), percent, n_seeds)))
    return pd.DataFrame(rows, columns=["level", "h", "n", "coverage", "low", "high", "calibration"])


def pit_histogram(y: Floats, quantiles: Floats, quantile_levels: Floats) -> pd.DataFrame:
    """Share of truths between neighbouring quantiles, observed and expected.

    The bins of the probability integral transform (Gneiting, Balabdaoui & Raftery 2007, section 3.1) that quantiles
    allow without interpolation. A calibrated forecast has ``observed`` near ``expected``; more in the outer bins says
    too narrow, fewer too wide, more on one side biased.

    Parameters
    ----------
    y : ndarray, shape (n,)
    quantiles : ndarray, shape (n, n_quantiles)
        They do not cross. Rows with nan are left out.
    quantile_levels : ndarray, shape (n_quantiles,)
        Increasing, in (0, 1).

    Returns
    -------
    DataFrame
        ``from`` and ``to`` (levels), ``expected`` and ``observed`` (shares), ``low`` and ``high`` (95% interval of the
        observed share, Wilson 1927). A truth that equals quantiles counts in equal parts for the bins that touch it.

    Examples
    --------
    >>> quartiles = np.tile([0.0, 1.0], (4, 1))
    >>> pit_histogram(np.array([-1.0, 0.5, 2.0, 0.5]), quartiles, np.array([0.25, 0.75]))["observed"].tolist()
    [0.25, 0.5, 0.25]
    """
    truth, table, levels = (np.asarray(v, dtype=np.float64) for v in (y, quantiles, quantile_levels))
    if table.shape != (truth.size, levels.size) or levels.size == 0 or (np.diff([0, *levels, 1]) <= 0).any():
        raise DataError(
            f"y {truth.shape}, quantiles {table.shape} and levels {levels.tolist()} disagree, or do not increase."
        )
    known = np.isfinite(truth) & np.isfinite(table).all(axis=1)
    truth, table = truth[known], table[known]
    first = (table < truth[:, None]).sum(axis=1)  # lowest bin that the truth touches
    last = (table <= truth[:, None]).sum(axis=1)
    bins = np.arange(levels.size + 1)
    touched = (bins >= first[:, None]) & (bins <= last[:, None])  # (n, n_bins)
    counts = (touched / np.maximum(touched.sum(axis=1, keepdims=True), 1)).sum(axis=0)
    edges = np.array([0.0, *levels, 1.0])
    n = len(truth)
    low, high = _wilson(counts, n)
    observed = counts / n if n else np.full(counts.shape, np.nan)
    return pd.DataFrame(
        {
            "from": edges[:-1],
            "to": edges[1:],
            "expected": np.diff(edges),
            "observed": observed,
            "low": low,
            "high": high,
        }
    )


def pit_values(y: Floats, quantiles: Floats, quantile_levels: Floats) -> Floats:
    """Probability integral transform of the truth, linear between quantiles: ``(n,)``, nan where something is missing.

    Beyond the outermost quantiles the distribution is not known: a truth there gets the middle of that tail's
    probability (0.05 below the quantile 0.1). A truth that equals several quantiles gets the middle of their levels.

    Examples
    --------
    >>> pit_values(np.array([0.5, -3.0]), np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0.2, 0.8]))
    array([0.5, 0.1])
    """
    truth, table, levels = (np.asarray(v, dtype=np.float64) for v in (y, quantiles, quantile_levels))
    values = np.full(truth.size, np.nan)
    for i in np.flatnonzero(np.isfinite(truth) & np.isfinite(table).all(axis=1)).tolist():
        equal = np.flatnonzero(table[i] == truth[i])
        if equal.size:
            values[i] = (levels[equal[0]] + levels[equal[-1]]) / 2
        else:
            values[i] = np.interp(truth[i], table[i], levels, left=levels[0] / 2, right=(1 + levels[-1]) / 2)
    return values


def _coverage(hits: int, n: int, percent: float, n_seeds: int) -> tuple[int, float, float, float, str]:
    if n == 0:
        return 0, float("nan"), float("nan"), float("nan"), "no forecasts"
    low, high = (float(100 * v[0]) for v in _wilson(np.array([hits / n_seeds]), n / n_seeds))
    calibration = "too narrow" if high < percent else "too wide" if low > percent else "as stated"
    return n, 100 * hits / n, low, high, calibration


def _wilson(counts: Floats, n: float) -> tuple[Floats, Floats]:
    """Wilson's score interval of shares ``counts / n``; nan where n is 0."""
    if n == 0:
        return np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    z = stats.norm.ppf(0.5 + _CONFIDENCE / 2)
    share = counts / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
