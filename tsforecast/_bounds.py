"""Forecasts within bounds: the predictive distribution censored at the least and the greatest possible value.

What a forecaster expects past a bound lies on the bound, as in the model of Tobin (1958, *Econometrica* 26): the
outcome is ``clip(latent, low, high)``, where ``latent`` has the distribution that the forecaster gives. Quantiles and
sample paths are clipped, which is exact, since clipping is increasing; the mean is that of the censored distribution,

    E[clip(latent)] = E[latent] + ∫ (clip(Q(u)) - Q(u)) du,

with the quantile function Q taken as linear in the normal score between known levels. An interval that holds a value
within the bounds still holds it, so coverage stays as it was, and values may lie on a bound, as a logarithm or a logit
does not allow. Bounds that a distribution does not reach change nothing.
"""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, Self, TypeAlias

import numpy as np
from scipy import special

from tsforecast._types import Floats
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel

Bounds: TypeAlias = tuple[float | None, float | None] | None
EVERY_LEVEL: Floats = np.round(special.ndtr(np.linspace(-4.0, 4.0, 41)), 5)  # of quantiles that show a distribution
EVERY_LEVEL.flags.writeable = False


@dataclasses.dataclass(frozen=True)
class Range:
    """The values that forecasts may take, from ``low`` to ``high``, both of them included.

    Examples
    --------
    >>> Range.of(True, None).clip(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> Range.of(False, (None, 100)), Range.of(False, (0.5, 9.5), whole=True)
    (Range(low=-inf, high=100.0), Range(low=1.0, high=9.0))
    """

    low: float = -np.inf
    high: float = np.inf

    @classmethod
    def of(cls, nonnegative: bool, bounds: Bounds, *, whole: bool = False) -> Self:
        """The range that the two arguments of a forecaster mean; from whole number to whole number with ``whole``.

        Raises
        ------
        ParameterError
            ``nonnegative`` is neither True nor False, ``bounds`` is no pair of numbers or None in this order, or
            nothing lies between them.
        """
        if not isinstance(nonnegative, (bool, np.bool_)):
            raise ParameterError(f"nonnegative={nonnegative!r} is neither True nor False.")
        low, high = _ends(bounds)
        low = max(low, 0.0) if nonnegative else low
        if whole:
            low, high = float(np.ceil(low)), float(np.floor(high))
        if not low < high:
            also = " with nonnegative=True" if nonnegative else ""
            raise ParameterError(f"bounds={bounds!r}{also}: the lower bound must be below the upper one.")
        return cls(low, high)

    @property
    def is_open(self) -> bool:
        """Whether there is no bound at all."""
        return self.low == -np.inf and self.high == np.inf

    def clip(self, values: Floats) -> Floats:
        """Values of any shape, those past a bound on the bound; the very array where there is no bound."""
        return values if self.is_open else np.clip(values, self.low, self.high)

    def check(self, panel: Panel) -> None:
        """Raise a `DataError` for the first value outside; it names the series, the time and the value."""
        outside = (panel.values < self.low) | (panel.values > self.high)
        if not outside.any():
            return
        row = int(np.argmax(outside))
        n_series = np.count_nonzero(np.logical_or.reduceat(outside, panel.indptr[:-1]))
        more = f" ({outside.sum()} values of {n_series} series lie outside)" if outside.sum() > 1 else ""
        raise DataError(
            f"Series {panel.id_at(row)!r} has the value {panel.values[row]:g} at {panel.times[row]}, outside the "
            f"bounds {self.low:g} to {self.high:g}{more}. Correct the data, or give other bounds (nonnegative=True is "
            "a lower one of 0)."
        )

    def forecast(self, predict: Callable[[Floats], Forecast], levels: Floats, known: Floats) -> Forecast:
        """A forecast within the range.

        Parameters
        ----------
        predict : callable
            Gives the forecast without bounds for increasing quantile levels.
        levels : ndarray, shape (n_levels,)
            Those that are wanted.
        known : ndarray, shape (n_known,)
            Levels that show the whole distribution; empty where the point forecast is all there is to go by.
        """
        if self.is_open:
            return predict(levels)
        asked = np.union1d(levels, known)
        free = predict(asked)
        mean, quantiles = self.censored(free.mean, free.quantiles, asked, levels, known)
        return dataclasses.replace(free, mean=mean, quantiles=quantiles, quantile_levels=levels)

    def censored(
        self, mean: Floats, quantiles: Floats, asked: Floats, levels: Floats, known: Floats
    ) -> tuple[Floats, Floats]:
        """Means of any shape and their quantiles, ``(..., n_asked)``, censored: the quantiles at ``levels`` only.

        ``levels`` and ``known``, which show the whole distribution, are among the increasing levels ``asked``.
        """
        if known.size:
            mean = mean + self._shift(quantiles[..., np.searchsorted(asked, known)], known)
        return self.clip(mean), self.clip(quantiles[..., np.searchsorted(asked, levels)])

    def _shift(self, quantiles: Floats, levels: Floats) -> Floats:
        """How much censoring moves the mean: quantiles ``(..., n_levels)`` to ``(...)``."""
        past = np.clip(self.low - quantiles, 0.0, None) if self.low > -np.inf else np.zeros_like(quantiles)
        if self.high < np.inf:
            past -= np.clip(quantiles - self.high, 0.0, None)
        return np.asarray(past @ _weights(tuple(levels.tolist())))


@cache
def _weights(levels: tuple[float, ...]) -> Floats:
    """Weights of quantiles in an integral over all levels: ``(n_levels,)``, of sum 1.

    Between two levels the quantile is linear in the normal score z, where the integrals of 1 and z are differences of
    the normal distribution and, negative, of its density; past the last levels it is constant.
    """
    z = special.ndtri(levels)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    share, moment, width = np.diff(levels), -np.diff(density), np.diff(z)
    weights = np.zeros(z.size)
    weights[:-1] += (z[1:] * share - moment) / width
    weights[1:] += (moment - z[:-1] * share) / width
    weights[0] += levels[0]
    weights[-1] += 1 - levels[-1]
    return weights


def _ends(bounds: Any) -> tuple[float, float]:
    if bounds is None:
        return -np.inf, np.inf
    pair = list(bounds) if isinstance(bounds, (tuple, list, np.ndarray)) else []
    numbers = all(
        end is None or (isinstance(end, (int, float, np.number)) and not isinstance(end, bool)) for end in pair
    )
    if len(pair) != 2 or not numbers or any(end is not None and np.isnan(end) for end in pair):
        raise ParameterError(
            f"bounds={bounds!r} is no pair of numbers, such as (0, 100) or (0, None) for no upper one."
        )
    low, high = pair
    return (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))
