"""Share of series that a model wins, with an interval: how often, not by how much."""

import numpy as np
from scipy import special

from tsforecast._types import Bools, Floats


def share_won(losses: Floats, others: Floats, known: Bools) -> tuple[float, int]:
    """Share of series (of cutoffs, where there is one series) with the smaller loss, and their number.

    Parameters
    ----------
    losses, others : ndarray, shape (n_seeds, n_series, n_cutoffs)
        0 where they are not known. Seeds are averaged; a tie is half a win.
    known : ndarray of bool, shape (n_series, n_cutoffs)
    """
    a, b = losses.mean(axis=0), others.mean(axis=0)
    if len(known) > 1:
        counts = known.sum(axis=1)
        a, b = a.sum(axis=1) / counts, b.sum(axis=1) / counts
    else:
        a, b = a[known], b[known]
    return (float(np.mean((a < b) + 0.5 * (a == b))) if a.size else float("nan")), int(a.size)


def share_interval(share: float, n: int, level: float) -> tuple[float, float]:
    """Clopper & Pearson's interval for a share of n independent draws; half-wins may make it fractional.

    Examples
    --------
    >>> low, high = share_interval(1.0, 10, 95)
    >>> round(low, 3), high
    (0.692, 1.0)
    """
    if n == 0:
        return float("nan"), float("nan")
    wins, tail = share * n, (100 - level) / 200
    low = float(special.betaincinv(wins, n - wins + 1, tail)) if wins > 0 else 0.0
    high = float(special.betaincinv(wins + 1, n - wins, 1 - tail)) if wins < n else 1.0
    return low, high
