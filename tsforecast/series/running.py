"""Sums that run on: moments of a series, and the last known values of a season, with later values taken in."""

import dataclasses

import numpy as np

from tsforecast._types import Floats, Ints


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squares about the mean of the known values of each series: three ``(n_series,)``.

    They are merged as Chan, Golub & LeVeque (1983, *The American Statistician* 37, equation 1.5) do, without
    cancellation; the mean is 0 where there are none.

    Examples
    --------
    >>> one = Moments.of(np.array([1.0, 3.0, np.nan, 5.0]), np.array([0, 4]))
    >>> one.count, one.mean, one.squares, one.about(np.zeros(1))
    (array([3]), array([3.]), array([8.]), array([35.]))
    """

    count: Ints
    mean: Floats
    squares: Floats

    @classmethod
    def of(cls, values: Floats, indptr: Ints) -> "Moments":
        """Those of the values of each series, ``values[indptr[i]:indptr[i + 1]]``; nan is none."""
        known = ~np.isnan(values)
        count = np.add.reduceat(known.astype(np.int64), indptr[:-1])
        with np.errstate(over="ignore", invalid="ignore"):  # predict refuses forecasts that are not finite
            mean = np.add.reduceat(np.where(known, values, 0.0), indptr[:-1]) / np.maximum(count, 1)
            off = np.where(known, values - np.repeat(mean, np.diff(indptr)), 0.0)
            return cls(count, mean, np.add.reduceat(off**2, indptr[:-1]))

    def take(self, positions: Ints) -> "Moments":
        """Those of some series, in the order given."""
        return Moments(self.count[positions], self.mean[positions], self.squares[positions])

    def merged(self, later: "Moments", positions: Ints) -> "Moments":
        """With later values of the series at some positions."""
        count, mean, squares = self.count.copy(), self.mean.copy(), self.squares.copy()
        n, m = self.count[positions], later.count
        total = np.maximum(n + m, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = later.mean - self.mean[positions]
            count[positions] = n + m
            mean[positions] += apart * m / total
            squares[positions] += later.squares + apart**2 * n * m / total
        return Moments(count, mean, squares)

    def about(self, center: Floats) -> Floats:
        """Sums of squares about other numbers, ``(n_series,)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            total: Floats = self.squares + self.count * (self.mean - center) ** 2
        return total


def season_moved(values: Floats, ages: Ints, news: Floats) -> tuple[Floats, Ints, Floats]:
    """The last known value of each phase of a season, its age in seasons, and changes over a season.

    Parameters
    ----------
    values, ages : ndarray, shape (season_length,)
        What is known before, in the order of time; age 0 is the last season.
    news : ndarray, shape (n_new,)
        Later values, nan where missing.

    Returns
    -------
    tuple of three ndarrays, shapes (season_length,), (season_length,), (n_new,)
        Changes are nan where either value is missing.

    Examples
    --------
    >>> season_moved(np.array([1.0, 2.0]), np.array([0, 0]), np.array([5.0, np.nan, 6.0]))
    (array([2., 6.]), array([1, 0]), array([ 4., nan,  1.]))
    """
    season, n = values.size, news.size
    known, age = np.concatenate([values, news]), np.concatenate([ages, np.zeros(n, dtype=np.int64)])
    changes = np.full(n, np.nan)
    for t in range(season, season + n):
        before = t - season
        if np.isnan(known[t]):
            known[t], age[t] = known[before], age[before] + 1
        elif age[before] == 0:
            changes[t - season] = known[t] - known[before]
    return known[n:], age[n:], changes
