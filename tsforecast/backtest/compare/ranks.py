"""Ranks over series: Friedman's test, Nemenyi's critical difference, Wilcoxon's test with Holm's correction, win rates.

Demšar (2006), *Statistical Comparisons of Classifiers over Multiple Data Sets*, J. Machine Learning Research 7, 1-30.
"""

import dataclasses
import itertools
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from tsforecast._types import Floats
from tsforecast.exceptions import DataError, ParameterError


@dataclasses.dataclass(frozen=True)
class RankTest:
    """Whether the mean ranks of models differ, and which of them do.

    Attributes
    ----------
    mean_ranks : Series, index model
        1 is best; ties share their ranks. Best first.
    statistic, pvalue : float
        Friedman's chi-squared with the correction for ties; nan, 1 where all models tie on every series.
    f_statistic, f_pvalue : float
        Iman & Davenport's F from it (Demšar, section 3.2.2), less conservative.
    critical_difference : float
        Nemenyi's: mean ranks that differ by less are not distinguished.
    groups : tuple of tuple of str
        Largest groups of models within one critical difference, best first.
    n_series : int
    """

    mean_ranks: "pd.Series[float]"
    statistic: float
    pvalue: float
    f_statistic: float
    f_pvalue: float
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    n_series: int


def rank_test(losses: Floats, models: Sequence[str], *, alpha: float = 0.05) -> RankTest:
    """Friedman's test over series and Nemenyi's critical difference.

    Parameters
    ----------
    losses : ndarray, shape (n_series, n_models)
        Lower is better; a series with nan is left out.
    models : sequence of str, length n_models
        At least two.
    alpha : float
        Level of the critical difference.

    Raises
    ------
    DataError
        Fewer than two series are complete, or there are fewer than two models.

    Examples
    --------
    >>> losses = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 2.0, 3.0], [2.0, 1.0, 3.0]])
    >>> rank_test(losses, ["a", "b", "c"]).mean_ranks.to_dict()
    {'a': 1.25, 'b': 2.0, 'c': 2.75}
    """
    table = _complete(losses, models)
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha={alpha} is not between 0 and 1.")
    n, k = table.shape
    ranks = stats.rankdata(table, axis=1)
    mean = pd.Series(ranks.mean(axis=0), index=pd.Index(models, name="model"), name="mean_rank").sort_values(
        kind="stable"
    )
    spread = float(((ranks - (k + 1) / 2) ** 2).sum())  # n k (k^2 - 1) / 12 without ties
    if spread == 0:
        statistic, pvalue, f_statistic, f_pvalue = float("nan"), 1.0, float("nan"), 1.0
    else:
        statistic = float(n**2 * (k - 1) * ((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum() / spread)
        pvalue = float(stats.chi2.sf(statistic, k - 1))
        left = n * (k - 1) - statistic
        f_statistic = (n - 1) * statistic / left if left > 1e-9 else float("inf")
        f_pvalue = float(stats.f.sf(f_statistic, k - 1, (k - 1) * (n - 1)))
    critical = float(stats.studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))
    return RankTest(mean, statistic, pvalue, f_statistic, f_pvalue, critical, _rank_groups(mean, critical), n)


def wilcoxon_holm(losses: Floats, models: Sequence[str]) -> pd.DataFrame:
    """Wilcoxon's signed-rank test of every pair over series, with Holm's correction for their number.

    Parameters
    ----------
    losses, models
        As in `rank_test`. Losses of different series should be in one unit: their differences are ranked.

    Returns
    -------
    DataFrame
        ``model_a``, ``model_b``, ``statistic`` (the smaller sum of ranks), ``pvalue``, ``pvalue_holm``,
        ``median_difference`` (of a minus b) and ``n_series``. Zero differences count half for either side (Demšar,
        section 3.1.3).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> losses = rng.gamma(2.0, size=(30, 2)) + [0.0, 3.0]
    >>> bool(wilcoxon_holm(losses, ["a", "b"])["pvalue_holm"][0] < 0.001)
    True
    """
    table = _complete(losses, models)
    rows = []
    for i, j in itertools.combinations(range(len(models)), 2):
        d = table[:, i] - table[:, j]
        if (d == 0).all():
            statistic, pvalue = float("nan"), 1.0
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # older scipy on taking the normal approximation for zeros
                statistic, pvalue = map(float, stats.wilcoxon(d, zero_method="zsplit"))
        rows.append((models[i], models[j], statistic, pvalue, float(np.median(d))))
    found = pd.DataFrame(rows, columns=["model_a", "model_b", "statistic", "pvalue", "median_difference"])
    found.insert(4, "pvalue_holm", holm(found["pvalue"].to_numpy()))
    return found.assign(n_series=len(table))


def holm(pvalues: Floats) -> Floats:
    """Holm's step-down correction: p-values that hold for all tests together, ``(n_tests,)``.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(pvalues, kind="stable")
    factors = np.arange(len(pvalues), 0, -1)
    corrected = np.empty(len(pvalues))
    corrected[order] = np.minimum(np.maximum.accumulate(pvalues[order] * factors), 1.0)
    return corrected


def win_rates(losses: Floats, models: Sequence[str]) -> pd.DataFrame:
    """Share of rows in which the model of a line beats that of a column; a tie is half a win; nan on the diagonal.

    Parameters
    ----------
    losses : ndarray, shape (n, n_models)
        One row a series, or a series and cutoff; a pair is compared where both have a loss.
    models : sequence of str, length n_models

    Examples
    --------
    >>> float(win_rates(np.array([[1.0, 2.0], [1.0, 1.0]]), ["a", "b"]).loc["a", "b"])
    0.75
    """
    table = np.asarray(losses, dtype=np.float64)
    rates = np.full((len(models), len(models)), np.nan)
    for i, j in itertools.permutations(range(len(models)), 2):
        known = np.isfinite(table[:, i]) & np.isfinite(table[:, j])
        if known.any():
            a, b = table[known, i], table[known, j]
            rates[i, j] = np.mean((a < b) + 0.5 * (a == b))
    return pd.DataFrame(rates, index=pd.Index(models, name="model"), columns=list(models))


def _complete(losses: Floats, models: Sequence[str]) -> Floats:
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(models) or len(models) < 2:
        raise DataError(
            f"losses have shape {table.shape} for {len(models)} models; (n_series, n_models) is needed, of two or more."
        )
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < 2:
        raise DataError(f"{len(table)} series have losses of all models; ranks over series need at least 2.")
    return table


def _rank_groups(mean: "pd.Series[float]", critical: float) -> tuple[tuple[str, ...], ...]:
    """Largest runs of models, in order of rank, whose first and last differ by no more than ``critical``."""
    values, names = mean.to_numpy(), [str(name) for name in mean.index]
    runs: list[tuple[str, ...]] = []
    end = 0
    for start in range(len(names)):
        stop = int(np.searchsorted(values, values[start] + critical, side="right"))
        if stop > end:
            runs.append(tuple(names[start:stop]))
            end = stop
    return tuple(runs)
