"""Diebold-Mariano tests: whether the mean difference between two models' losses is more than chance.

Diebold & Mariano (1995), *J. Business & Economic Statistics* 13, 253-263, with the small-sample correction and t
distribution of Harvey, Leybourne & Newbold (1997), *International J. Forecasting* 13, 281-291.
"""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from tsforecast._types import Floats
from tsforecast.exceptions import DataError, ParameterError

_ROUNDING = 1e-12  # differences below this share of the losses are rounding
_FEW = 8  # cutoffs, below which the test says little


@dataclasses.dataclass(frozen=True)
class DieboldMariano:
    """Result of a test of equal accuracy.

    Attributes
    ----------
    mean_difference : float
        Mean loss of the first model minus that of the second: negative where the first is better.
    statistic : float
        Corrected statistic, to be compared with Student's t of ``n_obs - 1`` degrees of freedom, or nan.
    pvalue : float
        Two-sided; 1 for identical losses, nan where there is no test.
    n_obs : int
        Loss differences used.
    note : str
        Why there is no statistic, how its variance was estimated, or that cutoffs are few; empty in the usual case.
    """

    mean_difference: float
    statistic: float
    pvalue: float
    n_obs: int
    note: str = ""


def diebold_mariano(loss_a: Floats, loss_b: Floats, *, h: int = 1, step_size: int = 1) -> DieboldMariano:
    """Test of equal accuracy of two models on one series at one step ahead.

    Parameters
    ----------
    loss_a, loss_b : ndarray, shape (n_cutoffs,)
        Losses, oldest first; a cutoff where either is nan is left out.
    h : int
        Steps ahead of the forecasts. Differences of forecasts that overlap are correlated: the variance has their
        autocovariances up to lag ``ceil(h / step_size) - 1``, with equal weights as Diebold & Mariano have it; where
        that is not positive, with Bartlett's.
    step_size : int
        Steps between two cutoffs.

    Examples
    --------
    >>> found = diebold_mariano(np.array([1.0, 2.0, 3.0, 2.0]), np.array([2.0, 2.5, 3.1, 2.4]))
    >>> round(found.statistic, 4), round(found.pvalue, 4)
    (-2.6726, 0.0755)
    """
    if h < 1 or step_size < 1:
        raise ParameterError(f"h={h}, step_size={step_size}: both are whole numbers of steps, at least 1.")
    a, b = np.asarray(loss_a, dtype=np.float64), np.asarray(loss_b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DataError(f"The losses have shapes {a.shape} and {b.shape}; two of (n_cutoffs,) are needed.")
    known = np.isfinite(a) & np.isfinite(b)
    size = float(np.abs(np.concatenate([a[known], b[known]])).max(initial=0.0))
    return _test(a[known] - b[known], -(-h // step_size), size)


def diebold_mariano_table(loss_a: Floats, loss_b: Floats, *, step_size: int = 1) -> pd.DataFrame:
    """Tests for each step ahead and for all steps together, pooled over the series.

    Differences are averaged over the series at each cutoff before they are tested, so that series which move together
    do not count as independent evidence. A cell where either model has no loss counts for neither.

    Parameters
    ----------
    loss_a, loss_b : ndarray, shape (n_series, n_cutoffs, horizon)
    step_size : int
        Steps between two cutoffs.

    Returns
    -------
    DataFrame
        ``h`` (1 to horizon, then 0 for the mean over all steps), ``mean_difference``, ``statistic``, ``pvalue``,
        ``n_obs``, ``note``, as in `DieboldMariano`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.gamma(2.0, size=(2, 5, 30, 2))
    >>> diebold_mariano_table(a, b + 1.0)[["h", "n_obs"]].values.tolist()
    [[1, 30], [2, 30], [0, 30]]
    """
    a, b = np.asarray(loss_a, dtype=np.float64), np.asarray(loss_b, dtype=np.float64)
    if a.ndim != 3 or a.shape != b.shape:
        raise DataError(
            f"The losses have shapes {a.shape} and {b.shape}; two of (n_series, n_cutoffs, horizon) are needed."
        )
    horizon = a.shape[2]
    rows = []
    for h in (*range(1, horizon + 1), 0):
        steps = slice(None) if h == 0 else slice(h - 1, h)
        pooled_a, pooled_b = _pooled(a[:, :, steps], b[:, :, steps])
        found = diebold_mariano(pooled_a, pooled_b, h=h or horizon, step_size=step_size)
        rows.append({"h": h, **dataclasses.asdict(found)})
    return pd.DataFrame(rows)


def _pooled(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Mean losses at each cutoff over common cells: two ``(n_series, n_cutoffs, n)`` -> two ``(n_cutoffs,)``."""
    known = np.isfinite(a) & np.isfinite(b)
    count = known.sum(axis=(0, 2)).astype(np.float64)
    count[count == 0] = np.nan
    return np.where(known, a, 0.0).sum(axis=(0, 2)) / count, np.where(known, b, 0.0).sum(axis=(0, 2)) / count


def _test(d: Floats, overlap: int, size: float) -> DieboldMariano:
    n = d.size
    nan = float("nan")
    if n == 0:
        return DieboldMariano(nan, nan, nan, 0, "no cutoff where both have a loss")
    mean = float(d.mean())
    if np.abs(d).max() <= _ROUNDING * size:
        return DieboldMariano(0.0, 0.0, 1.0, n, "identical losses")
    if n < 2 or n <= overlap:
        return DieboldMariano(mean, nan, nan, n, f"too few cutoffs: more than {max(overlap, 1)} are needed")
    if np.ptp(d) <= _ROUNDING * size:
        return DieboldMariano(mean, nan, nan, n, "the difference is the same at every cutoff: no variance to test with")
    unit = float(np.abs(d).max())  # the squares of tiny differences would be zero
    centred = (d - mean) / unit
    gamma = np.array([centred[k:] @ centred[: n - k] for k in range(overlap)]) / n
    weights = np.full(overlap, 2.0)
    weights[0] = 1.0
    variance, note = float(weights @ gamma) / n, ""
    if variance <= 0:
        bartlett = weights * (1 - np.arange(overlap) / overlap)
        variance, note = float(bartlett @ gamma) / n, "variance with Bartlett weights"
    correction = (n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / n
    statistic = mean / unit / np.sqrt(variance) * np.sqrt(correction)
    if n < _FEW:
        few = f"only {n} cutoffs: the test has little power, and takes the differences as normal"
        note = f"{note}; {few}" if note else few
    return DieboldMariano(mean, float(statistic), float(2 * stats.t.sf(abs(statistic), n - 1)), n, note)
