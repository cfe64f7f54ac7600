"""Forecast: point forecasts, quantiles or probabilities of every series of a panel."""

import dataclasses
import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.charts.forecasts import plot_forecast
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel.containers import Series
from tsforecast.panel.times.frequency import Freq, future_times
from tsforecast.panel.times.shown import time_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROUNDING = 1e-6  # tolerance for the sum of probabilities
_MOST_ROWS = 12  # shown of a forecast


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """Forecasts of every series of a panel, ``horizon`` steps past each cutoff.

    Attributes
    ----------
    mean : ndarray, shape (n_series, horizon)
        Point forecasts, in the unit of the series; nan where the outcome is a symbol, which has no mean.
    quantiles : ndarray, shape (n_series, horizon, n_quantiles)
        Quantiles in the order of ``quantile_levels``; they do not cross.
    quantile_levels : ndarray, shape (n_quantiles,)
        Increasing, each in (0, 1); empty where none were requested.
    ids : Index, shape (n_series,)
    cutoff : Index, shape (n_series,)
        Time of the last observation that each forecast has seen.
    freq : offset or int
    probabilities : ndarray, shape (n_series, horizon, n_classes), optional
        Probability of each class, in the order of ``classes``, where the outcome is one of several classes.
    classes : Index, shape (n_classes,), optional
        The values that the series can take, in the order of ``probabilities``.

    Examples
    --------
    >>> forecast = Forecast(
    ...     np.array([[2.0, 2.0]]), np.array([[[1.0, 3.0], [0.5, 3.5]]]), np.array([0.1, 0.9]),
    ...     pd.Index(["a"]), pd.Index([4]), 1,
    ... )
    >>> forecast
    Forecast of a, 2 steps after 4
    unique_id  ds  mean  lo-80  hi-80
            a   5   2.0    1.0    3.0
            a   6   2.0    0.5    3.5
    >>> forecast.to_frame(level=[80])
      unique_id  ds  mean  lo-80  hi-80
    0         a   5   2.0    1.0    3.0
    1         a   6   2.0    0.5    3.5

    With probabilities of symbols:

    >>> nothing = np.array([[np.nan]])
    >>> Forecast(
    ...     nothing, np.empty((1, 1, 0)), np.empty(0), pd.Index(["a"]), pd.Index([4]), 1,
    ...     probabilities=np.array([[[0.25, 0.75]]]), classes=pd.Index([0, 1]),
    ... ).to_frame()
      unique_id  ds   p-0   p-1
    0         a   5  0.25  0.75
    """

    mean: Floats
    quantiles: Floats
    quantile_levels: Floats
    ids: Index
    cutoff: Index
    freq: Freq
    probabilities: Floats | None = None
    classes: "Index | None" = None

    def __post_init__(self) -> None:
        n_series, horizon = self.mean.shape
        if self.quantiles.shape != (n_series, horizon, self.quantile_levels.size) or len(self.ids) != n_series:
            raise DataError(
                f"mean {self.mean.shape}, quantiles {self.quantiles.shape}, {self.quantile_levels.size} levels and "
                f"{len(self.ids)} ids disagree."
            )
        if (np.diff(self.quantiles, axis=2) < 0).any():
            where = np.argwhere(np.diff(self.quantiles, axis=2) < 0)[0]
            raise DataError(f"Quantiles of series {self.ids[where[0]]!r} cross at step {where[1] + 1}.")
        if self.probabilities is not None or self.classes is not None:
            self._check_probabilities()

    def _check_probabilities(self) -> None:
        if self.probabilities is None or self.classes is None:
            raise DataError("probabilities and classes belong together; give both or neither.")
        if self.probabilities.shape != (*self.mean.shape, len(self.classes)) or not self.classes.is_unique:
            raise DataError(
                f"probabilities {self.probabilities.shape} and classes {self.classes.tolist()} disagree; a different "
                f"class for each probability of the {self.mean.shape} steps is needed."
            )
        wrong = (self.probabilities < 0).any(axis=2) | ~(np.abs(self.probabilities.sum(axis=2) - 1) <= _ROUNDING)
        if wrong.any():
            i, h = np.argwhere(wrong)[0]
            raise DataError(
                f"Probabilities of series {self.ids[i]!r} at step {h + 1} are {self.probabilities[i, h].tolist()}; "
                "each must be at least 0, and their sum 1."
            )

    def __repr__(self) -> str:
        """What it is in one line, then the first rows of its frame."""
        return f"{self._title()}\n{self._shown().to_string(index=False)}{self._rest()}"

    def _repr_html_(self) -> str:
        """The same for a notebook: a title, the first rows as a table, and how many more there are."""
        rest = f"<p>{self._rest().strip()}</p>" if self._rest() else ""
        return f"<p>{html.escape(self._title())}</p>{self._shown().to_html(index=False, border=0)}{rest}"

    def _title(self) -> str:
        n_series, horizon = self.mean.shape
        steps = f"{horizon} {'step' if horizon == 1 else 'steps'}"
        end = time_text(self.cutoff[0])
        if n_series == 1:
            return f"Forecast of {self.ids[0]}, {steps} after {end}"
        ends = f"after {end}" if self.cutoff.nunique() == 1 else "after the end of each"
        return f"Forecast of {n_series:,} series, {steps} {ends}"

    def _shown(self) -> pd.DataFrame:
        """The first rows of the frame, with intervals where the quantiles are their ends."""
        n_series = min(len(self.ids), -(-_MOST_ROWS // max(1, self.horizon)))
        first = dataclasses.replace(
            self,
            mean=self.mean[:n_series],
            quantiles=self.quantiles[:n_series],
            ids=self.ids[:n_series],
            cutoff=self.cutoff[:n_series],
            probabilities=None if self.probabilities is None else self.probabilities[:n_series],
        )
        level, quantiles = self._levels()
        return first.to_frame(level=level, quantiles=quantiles).head(_MOST_ROWS)

    def _rest(self) -> str:
        n_rows = self.mean.size - _MOST_ROWS
        return f"\n… and {n_rows:,} more rows: to_frame() has all." if n_rows > 0 else ""

    def _levels(self) -> tuple[list[float], list[float]]:
        """Central intervals, in percent, that the quantiles are the ends of, and the quantiles that are no end."""
        given = self.quantile_levels.tolist()
        paired = [q for q in given if q < 0.5 and np.isclose(self.quantile_levels, 1 - q, rtol=0, atol=1e-9).any()]
        level = [round(100 * (1 - 2 * q), 8) for q in reversed(paired)]
        level = [percent for percent in level if percent >= 1]
        ends = [q for percent in level for q in interval_quantiles(percent)]
        return level, [q for q in given if not np.isclose(ends, q, rtol=0, atol=1e-9).any()]

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.mean.shape[1]

    @property
    def times(self) -> Index:
        """Times of the forecasts, series by series: ``(n_series * horizon,)``."""
        return future_times(self.cutoff, self.horizon, self.freq)

    def quantile(self, q: float) -> Floats:
        """One quantile, ``(n_series, horizon)``; a `ParameterError` where it was not requested from ``predict``."""
        found = np.flatnonzero(np.isclose(self.quantile_levels, q, rtol=0, atol=1e-9))
        if found.size == 0:
            raise ParameterError(f"There is no quantile {q:g} here; there are {self.quantile_levels.tolist()}.")
        return self.quantiles[:, :, found[0]]

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper end of the central interval of ``level`` percent: each ``(n_series, horizon)``."""
        low, high = interval_quantiles(level)
        return self.quantile(low), self.quantile(high)

    def plot(self, history: Series | None = None, *, series: Any = None, ax: "Axes | None" = None) -> "Axes | Figure":
        """History, point forecasts and intervals of one series, or of up to twelve: see `tsforecast.plot_forecast`."""
        return plot_forecast(self, history, series=series, ax=ax)

    def to_frame(
        self, *, level: Sequence[float] | None = None, quantiles: Sequence[float] | None = None
    ) -> pd.DataFrame:
        """A long frame: ``unique_id``, ``ds``, ``mean``, then ``lo-80``, ``hi-80``, ``q0.1`` and ``p-a`` columns.

        With neither ``level`` nor ``quantiles`` every quantile becomes a ``q`` column.
        """
        if level is None and quantiles is None:
            quantiles = self.quantile_levels.tolist()
        columns = self.columns(level=level, quantiles=quantiles)
        frame = pd.DataFrame({"unique_id": self.ids.repeat(self.horizon), "ds": self.times})
        return frame.assign(**{name: table.reshape(-1) for name, table in columns.items()})

    def columns(
        self, *, level: Sequence[float] | None = None, quantiles: Sequence[float] | None = None
    ) -> dict[str, Floats]:
        """``mean``, intervals, quantiles and probabilities by column name, each ``(n_series, horizon)``.

        There is no column ``mean`` where the outcome is a symbol, which has no mean.
        """
        columns = {} if self.probabilities is not None and np.isnan(self.mean).all() else {"mean": self.mean}
        for percent in level or ():
            columns[f"lo-{percent:g}"], columns[f"hi-{percent:g}"] = self.interval(percent)
        for q in quantiles or ():
            columns[f"q{q:g}"] = self.quantile(q)
        if self.probabilities is not None and self.classes is not None:
            columns |= {f"p-{name}": self.probabilities[:, :, k] for k, name in enumerate(self.classes)}
        return columns


def interval_quantiles(level: float) -> tuple[float, float]:
    """The two quantile levels of a central interval of ``level`` percent.

    Examples
    --------
    >>> interval_quantiles(80)
    (0.1, 0.9)
    """
    if 0 < level < 1:
        raise ParameterError(f"level={level} is a share; level is in percent: 80, not 0.8.")
    if not 1 <= level < 100:
        raise ParameterError(f"level={level} is not a percentage, from 1 to below 100.")
    return round(0.5 - level / 200, 10), round(0.5 + level / 200, 10)


def quantile_levels(level: Sequence[float] | None, quantiles: Sequence[float] | None) -> Floats:
    """All quantile levels that intervals and quantiles need: increasing, without repeats.

    Examples
    --------
    >>> quantile_levels([80], [0.5, 0.9])
    array([0.1, 0.5, 0.9])
    """
    wanted = [q for percent in level or () for q in interval_quantiles(percent)]
    for q in quantiles or ():
        if not 0 < q < 1:
            raise ParameterError(f"quantiles={q} is not between 0 and 1.")
        wanted.append(round(float(q), 10))
    return np.array(sorted(set(wanted)), dtype=np.float64)
