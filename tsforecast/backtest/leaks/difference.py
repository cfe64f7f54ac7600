"""Difference: where and by how much two forecasts of the same training data differ."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tsforecast._types import Floats


@dataclasses.dataclass(frozen=True)
class Difference:
    """A step of a series at which a forecast moved.

    Attributes
    ----------
    series : int
        Position of the series.
    step : int
        Steps ahead, from 1.
    before, after : float
        The forecast, nan where it failed.
    """

    series: int
    step: int
    before: float
    after: float

    @property
    def size(self) -> float:
        """How far it moved; infinite where one of the two failed."""
        return abs(self.after - self.before) if np.isfinite([self.before, self.after]).all() else np.inf

    def __str__(self) -> str:
        by = self.after - self.before
        return f"{self.before!r} became {self.after!r} at step {self.step} (difference {by:.3g})"


def first_difference(
    before: Sequence[Floats], after: Sequence[Floats], allowed: "float | Floats" = 0.0
) -> Difference | None:
    """The first difference of the first series that differs; None where nothing does.

    Parameters
    ----------
    before, after : sequence of ndarray
        Means ``(n_series, horizon)``, quantiles ``(n_series, horizon, n_quantiles)``, and what else there is in the
        shape of means; nan where a model failed.
    allowed : float or ndarray, shape (n_series,)
        Differences up to this size do not count; with 0 every bit counts.

    Examples
    --------
    >>> none = np.empty((1, 2, 0))
    >>> print(first_difference((np.array([[1.0, 2.0]]), none), (np.array([[1.0, 2.5]]), none)))
    2.0 became 2.5 at step 2 (difference 0.5)
    """
    most = np.broadcast_to(np.asarray(allowed, dtype=np.float64), len(before[0]))
    for one, other in zip(before, after, strict=True):
        moved = np.ascontiguousarray(one).view(np.int64) != np.ascontiguousarray(other).view(np.int64)
        moved &= ~(np.isnan(one) & np.isnan(other))
        limit = most.reshape(-1, *(1 for _ in one.shape[1:]))
        moved &= ~((limit > 0) & (np.abs(other - one) <= limit))
        if moved.any():
            i = int(np.argmax(moved.reshape(len(moved), -1).any(axis=1)))
            place = tuple(np.argwhere(moved[i])[0])
            return Difference(i, int(place[0]) + 1, float(one[i][place]), float(other[i][place]))
    return None
