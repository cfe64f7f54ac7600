"""Tells a model that draws numbers without a seed from one that remembers other fits."""

from collections.abc import Sequence

import numpy as np

from tsforecast._types import Floats

N_REPEATS = 8
_FLOOR = 1e-9  # of the largest step: smaller ones are rounding


def is_random(repeats: Sequence[Floats]) -> bool:
    """Whether forecasts of one training set, made one after another, scatter rather than stay, settle or drift.

    A model that remembers its last fit settles when it is fitted to the same data again and again; one that counts, or
    averages over all its fits, drifts one way. What is drawn without a seed does neither.

    Parameters
    ----------
    repeats : sequence of `N_REPEATS` ndarrays of one shape
        In the order in which they were made.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> is_random([rng.normal(size=4) for _ in range(8)])
    True
    >>> is_random([np.full(4, 1 / k) for k in range(1, 9)]), is_random([np.ones(4)] * 8)
    (False, False)
    """
    values = np.stack([np.ravel(each) for each in repeats])  # (n_repeats, n_cells)
    steps = np.diff(values[:, np.isfinite(values).all(axis=0)], axis=0)
    sizes = np.abs(steps).max(axis=1, initial=0.0)  # (n_repeats - 1,)
    sizes[sizes <= _FLOOR * sizes.max()] = 0.0
    settles = (np.diff(sizes) <= 0).all()
    drifts = ((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)).all()
    return not (settles or drifts)


def noise_of(repeats: Sequence[Floats]) -> Floats:
    """The widest range that the forecasts of each series had over the repeats: ``(n_series,)``.

    Examples
    --------
    >>> noise_of([np.array([[1.0, 5.0]]), np.array([[2.0, 2.0]])])
    array([3.])
    """
    ranges = np.ptp(np.stack(repeats), axis=0)
    return np.asarray(np.nan_to_num(ranges).reshape(len(ranges), -1).max(axis=1, initial=0.0))
