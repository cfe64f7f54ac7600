"""One decision over all pairs of models: p-values corrected for their number, and what follows from them.

Holm's step-down procedure with the multipliers of Shaffer (1986, *J. American Statistical Association* 81, 826-831):
not all pairs can be equal once one is told apart. The error rate of the whole family, of telling apart any pair that is
equal, is at most alpha.
"""

import functools

import numpy as np

from tsforecast._types import Bools, Floats


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


def step_down(pvalues: Floats, factors: Floats, alpha: float) -> tuple[Bools, Floats]:
    """Which hypotheses are rejected together at ``alpha``, and the level that each p-value was compared with.

    The p-values are compared in increasing order, each with ``alpha`` over its multiplier; the first that is larger ends
    it, and is compared for all that follow.

    Parameters
    ----------
    pvalues, factors : ndarray, shape (n,)
        The multipliers are those of the sorted p-values, none larger than the one before it.
    alpha : float

    Examples
    --------
    >>> step_down(np.array([0.2, 0.01]), np.array([2.0, 1.0]), 0.05)
    (array([False,  True]), array([0.05 , 0.025]))
    """
    order = np.argsort(pvalues, kind="stable")
    levels = alpha / np.maximum(factors, 1.0)
    held = np.flatnonzero(pvalues[order] > levels)
    stop = int(held[0]) if held.size else len(order)
    rejected, compared = np.zeros(len(order), dtype=bool), np.empty(len(order))
    rejected[order[:stop]] = True
    compared[order] = levels[np.minimum(np.arange(len(order)), stop)] if stop < len(order) else levels
    return rejected, compared


def adjusted(pvalues: Floats, factors: Floats) -> Floats:
    """P-values that hold for the whole family: rejected at any level if not over it, ``(n,)``.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03]), np.array([3.0, 2.0, 1.0]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(pvalues, kind="stable")
    out = np.empty(len(pvalues))
    out[order] = np.minimum(np.maximum.accumulate(pvalues[order] * factors), 1.0)
    return out


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


def groups(order: "np.ndarray[tuple[int], np.dtype[np.intp]]", better: Bools) -> list[list[int]]:
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
