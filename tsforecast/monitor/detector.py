"""An alarm for a mean that has risen, with a bound on how often it is false: an e-detector.

The statistic is that of Shiryaev and Roberts made of bets (Shin, Ramdas & Rinaldo 2024, E-detectors: a nonparametric
framework for sequential change detection, *The New England Journal of Statistics in Data Science* 2, 229-260)::

    M[t] = mean over c of M_c[t],    M_c[t] = (M_c[t - 1] + 1) (1 + c (x[t] / p - 1)),    M_c[0] = 0

Each x lies in [0, 1]. While its mean given all before is at most p, each factor has a mean of at most 1, whatever c in
[0, 1], so that ``M[t] - t`` does not rise on average: the mean time until M first reaches ``run_length`` is then at
least ``run_length``. Nothing else is assumed: the x need not be independent, nor distributed alike.
"""

import numpy as np

from tsforecast._types import Floats

_BETS = np.array([1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 15 / 16])  # c: from a small rise to a large one


def evidence(x: Floats, p: float) -> Floats:
    """The statistic after each x, ``(n,)`` or ``(n, n_streams)``: same shape. A nan changes nothing.

    Parameters
    ----------
    x : ndarray, shape (n,) or (n, n_streams)
        Numbers from 0 to 1, as the share of observations outside their intervals.
    p : float
        What their mean should be at most, above 0.

    Examples
    --------
    >>> evidence(np.array([0.0, 1.0, 1.0, 1.0, 1.0]), 0.2).round(1)
    array([  0.7,   3.2,  10.2,  34.3, 131. ])
    """
    total = np.zeros((_BETS.size, *x.shape[1:]))
    bets = _BETS.reshape(-1, *[1] * (x.ndim - 1))
    out = np.empty(x.shape)
    for t, now in enumerate(x):
        known = ~np.isnan(now)
        factor = 1.0 + bets * (np.where(known, now, p) / p - 1.0)
        total = np.minimum(np.where(known, (total + 1.0) * factor, total), 1e300)
        out[t] = total.mean(axis=0)
    return out
