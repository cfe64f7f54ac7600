"""Correlation of the errors of different steps of one forecast, and random numbers with that correlation."""

import numpy as np

from tsforecast._types import Floats

_PRIOR_ROWS = 4.0  # independent rows of residuals with which they weigh as much as the expected correlation
FURTHEST_RESIDUAL = 8.0  # in sizes: residuals further out are clipped
_JITTER = 1e-6  # so that a correlation matrix has a Cholesky factor


def correlation_of(residual: Floats, *, returns: bool) -> Floats:
    """Correlation of errors over the horizon: residuals over their size ``(n_rows, horizon)`` -> two times horizon.

    A row holds the errors of one origin; rows with a nan are left out. The result is shrunk to an expected correlation,
    the more the fewer rows there are: none for series that return to their mean, otherwise that of a random walk.

    Examples
    --------
    >>> e = np.random.default_rng(0).normal(size=(5000, 2))
    >>> correlation_of(np.cumsum(e, axis=1), returns=False).round(1)
    array([[1. , 0.7],
           [0.7, 1. ]])
    """
    horizon = residual.shape[1]
    steps = np.arange(1, horizon + 1)
    walk = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    expected = np.eye(horizon) if returns else walk
    rows = residual[~np.isnan(residual).any(axis=1)].clip(-FURTHEST_RESIDUAL, FURTHEST_RESIDUAL)
    if len(rows) == 0:
        return expected
    away = rows - rows.mean(axis=0)
    size = np.sqrt((away**2).sum(axis=0))
    if not (size > 0).all():
        return expected
    trust = len(rows) / (len(rows) + _PRIOR_ROWS * horizon)  # rows overlap
    found = (away / size).T @ (away / size)
    return np.asarray(trust * found + (1 - trust) * expected)


def scores(noise: Floats, correlation: Floats, *, returns: bool) -> Floats:
    """Standard normal numbers with this correlation over the steps: noise ``(n_paths, horizon)`` -> same shape.

    Beyond the last known step, each number depends on the one before: with the last known correlation for a series that
    returns to its mean, otherwise as in a random walk.

    Examples
    --------
    >>> z = scores(np.random.default_rng(0).normal(size=(9999, 3)), np.array([[1.0, 0.6], [0.6, 1.0]]), returns=True)
    >>> np.corrcoef(z.T).round(1)
    array([[1. , 0.6, 0.4],
           [0.6, 1. , 0.6],
           [0.4, 0.6, 1. ]])
    """
    horizon = noise.shape[1]
    known = min(len(correlation), horizon)
    regular = (1 - _JITTER) * correlation[:known, :known] + _JITTER * np.eye(known)
    z = noise.copy()
    z[:, :known] = noise[:, :known] @ np.linalg.cholesky(regular).T
    last = float(correlation[known - 1, known - 2]) if known > 1 else 0.0
    for h in range(known, horizon):
        rho = last if returns else np.sqrt(h / (h + 1))
        z[:, h] = rho * z[:, h - 1] + np.sqrt(max(1 - rho**2, 0.0)) * noise[:, h]
    return z
