"""The transform of each series, where ``"auto"`` chooses it: no logarithm that a jump or a few values speak for."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.panel import Panel
from tsforecast.series.transform import Kind, Transform, learn

_FEWEST = 48  # values that a logarithm is learnt from
_ROOT = 0.5
_JUMP = np.log(3.0)  # change of the logarithm from one value to the next that is a jump ...
_USUAL = 12.0  # ... where it is so many times the median change: growth it is not


def learn_safely(panel: Panel, kind: Kind, season_length: int) -> Transform:
    """The transform that is asked for; of ``"auto"`` only logarithms that are safe to undo.

    A forecast of the logarithm is exponentiated, and an error of it grows without bound. So a series that jumps stays
    as it is, and one of fewer than 48 values, which say little of how it grows, has its square root taken, which is
    between the two (docs/bptt.md has what that gains).
    """
    transform = learn(panel, kind, season_length=season_length)
    if kind != "auto" or not (transform.lambdas == 0).any():
        return transform
    lambdas = transform.lambdas.copy()
    for i in np.flatnonzero(lambdas == 0).tolist():
        y = panel.series(i)
        y = y[~np.isnan(y)]
        if jumps(y):
            lambdas[i] = np.nan
        elif y.size < _FEWEST:
            lambdas[i] = _ROOT
    return Transform(transform.ids, lambdas)


def jumps(y: Floats) -> bool:
    """Whether a series of positive values changes threefold from one to the next, where it usually changes little.

    Examples
    --------
    >>> level = 10 + np.sin(np.arange(20.0))
    >>> jumps(level), jumps(np.append(level, 5 * level))
    (False, True)
    """
    change = np.abs(np.diff(np.log(y)))
    return bool(change.max() > max(_JUMP, _USUAL * float(np.median(change))))
