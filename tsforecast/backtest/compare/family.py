"""One decision over all pairs of models: p-values corrected for their number, and what follows from them.

Step-down procedures, by which the error rate of the whole family, of telling apart any pair that is equal, is at most
alpha. Where all pairs were tested with the same random signs, p-values are compared with the smallest of those that the
signs give (Westfall & Young 1993, *Resampling-Based Multiple Testing*, algorithm 2.8), since pairs that share a model
rise and fall together. Else Holm's procedure with the multipliers of Shaffer (1986, *J. American Statistical
Association* 81, 826-831): not all pairs can be equal once one is told apart.
"""

import dataclasses
import functools

import numpy as np
from scipy import stats

from tsforecast._types import Bools, Floats, Ints


@functools.cache
def equal_pairs(n_models: int) -> tuple[int, ...]:
    """Numbers of pairs that can be equal at once among so many models, increasing.

    Examples
    --------
    >>> equal_pairs(4)  # none; one pair; two pairs or more of them: (2, 2), (3, 1), (4)
    (0, 1, 2, 3, 6)
    """
    if n_models < 2:
        return (0,)
    found = {size * (size - 1) // 2 + rest for size in range(1, n_models + 1) for rest in equal_pairs(n_models - size)}
    return tuple(sorted(found))


def multipliers(n_models: int) -> Floats:
    """What the sorted p-values of all pairs are multiplied by, smallest first: ``(n_pairs,)``.

    Examples
    --------
    >>> multipliers(3), multipliers(4)
    (array([3., 1., 1.]), array([6., 3., 3., 3., 2., 1.]))
    """
    n_pairs = n_models * (n_models - 1) // 2
    possible = equal_pairs(n_models)
    return np.array([max(k for k in possible if k <= n_pairs - i) for i in range(n_pairs)], dtype=np.float64)


@dataclasses.dataclass(frozen=True, eq=False)
class StepDown:
    """Outcome of a step-down procedure over n hypotheses.

    Attributes
    ----------
    rejected : ndarray of bool, shape (n,)
    compared : ndarray, shape (n,)
        The level that each p-value was compared with: rejected if, and only if, it is not over it.
    adjusted : ndarray, shape (n,)
        P-values that hold for the whole family.
    """

    rejected: Bools
    compared: Floats
    adjusted: Floats


def holm_step_down(pvalues: Floats, factors: Floats, alpha: float) -> StepDown:
    """Holm's procedure: p-values in increasing order, each compared with ``alpha`` over its multiplier.

    The first that is larger ends it; all that follow are compared with the same level.

    Parameters
    ----------
    pvalues, factors : ndarray, shape (n,)
        The multipliers are those of the sorted p-values, none larger than the one before it.
    alpha : float

    Examples
    --------
    >>> found = holm_step_down(np.array([0.2, 0.01]), np.array([2.0, 1.0]), 0.05)
    >>> found.rejected, found.compared, found.adjusted
    (array([False,  True]), array([0.05 , 0.025]), array([0.2 , 0.02]))
    """
    order = np.argsort(pvalues, kind="stable")
    return _stepped(order, pvalues, alpha / np.maximum(factors, 1.0), pvalues[order] * factors)


def joint_step_down(pvalues: Floats, sizes: Floats, alpha: float, *, all_signs: bool) -> StepDown:
    """The procedure of Westfall & Young on the smallest p-value of the hypotheses that are left.

    Parameters
    ----------
    pvalues : ndarray, shape (n,)
    sizes : ndarray, shape (n, n_draws)
        Sizes of each statistic with random signs, the same signs for all.
    alpha : float
    all_signs : bool
        Whether the draws are all signs there are, the observed ones among them.
    """
    order = np.argsort(pvalues, kind="stable")
    n_draws = sizes.shape[1]
    extra = 0 if all_signs else 1
    drawn = np.stack([stats.rankdata(-row, method="max") for row in sizes]) / n_draws
    smallest = np.minimum.accumulate(drawn[order[::-1]], axis=0)[::-1]  # of this hypothesis and those after it
    raw = pvalues[order]
    adjusted = ((smallest <= raw[:, None]).sum(axis=1) + extra) / (n_draws + extra)
    allowed = int(alpha * (n_draws + extra) + 1e-9) - extra  # draws that may be as small
    levels = np.zeros(len(order))
    if allowed >= 0:
        levels = np.nextafter(np.sort(smallest, axis=1)[:, min(allowed, n_draws - 1)], 0.0)
    return _stepped(order, pvalues, levels, adjusted)


def _stepped(order: Ints, pvalues: Floats, levels: Floats, adjusted: Floats) -> StepDown:
    """The procedure with levels, and p-values corrected one by one, of the hypotheses in order."""
    held = np.flatnonzero(pvalues[order] > levels)
    stop = int(held[0]) if held.size else len(order)
    rejected, compared, corrected = np.zeros(len(order), dtype=bool), np.empty(len(order)), np.empty(len(order))
    rejected[order[:stop]] = True
    compared[order] = levels[np.minimum(np.arange(len(order)), min(stop, len(order) - 1))]
    corrected[order] = np.minimum(np.maximum.accumulate(adjusted), 1.0)
    return StepDown(rejected, compared, corrected)


def follows(better: Bools) -> Bools:
    """What a relation implies: a is better than c if it is better than b, and b than c. ``(n, n)`` -> ``(n, n)``.

    Examples
    --------
    >>> follows(np.array([[False, True, False], [False, False, True], [False, False, False]])).tolist()
    [[False, True, True], [False, False, True], [False, False, False]]
    """
    closed = np.array(better, dtype=bool)
    for middle in range(len(closed)):
        closed |= closed[:, middle, None] & closed[None, middle, :]
    return closed


def groups(order: Ints, better: Bools) -> list[list[int]]:
    """Largest runs of models, in order of their mean loss, of which none is better than another.

    Examples
    --------
    >>> told_apart = np.array([[False, False, True], [False, False, False], [False, False, False]])
    >>> groups(np.array([0, 1, 2]), told_apart)
    [[0, 1], [1, 2]]
    """
    runs: list[list[int]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not better[np.ix_(order[start : stop + 1], order[start : stop + 1])].any():
            stop += 1
        if stop > end:
            runs.append([int(i) for i in order[start:stop]])
            end = stop
    return runs
