"""Forecast: point forecasts and quantiles of a panel, in one frozen object."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel.frequency import Freq, future_times


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """Forecasts of every series of a panel, ``horizon`` steps past each cutoff.

    Attributes
    ----------
    mean : ndarray, shape (n_series, horizon)
        Point forecasts, in the unit of the series.
    quantiles : ndarray, shape (n_series, horizon, n_quantiles)
        Quantiles in the order of ``quantile_levels``; they do not cross.
    quantile_levels : ndarray, shape (n_quantiles,)
        Increasing, each in (0, 1); empty where none were asked for.
    ids : Index, shape (n_series,)
    cutoff : Index, shape (n_series,)
        Time of the last observation that each forecast has seen.
    freq : offset or int

    Examples
    --------
    >>> forecast = Forecast(
    ...     np.array([[2.0, 2.0]]), np.array([[[1.0, 3.0], [0.5, 3.5]]]), np.array([0.1, 0.9]),
    ...     pd.Index(["a"]), pd.Index([4]), 1,
    ... )
    >>> forecast.to_frame(level=[80])
      unique_id  ds  mean  lo-80  hi-80
    0         a   5   2.0    1.0    3.0
    1         a   6   2.0    0.5    3.5
    """

    mean: Floats
    quantiles: Floats
    quantile_levels: Floats
    ids: Index
    cutoff: Index
    freq: Freq

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

    def __repr__(self) -> str:
        n_series, horizon = self.mean.shape
        return f"Forecast(n_series={n_series}, horizon={horizon}, quantile_levels={self.quantile_levels.tolist()})"

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.mean.shape[1]

    @property
    def times(self) -> Index:
        """Times of the forecasts, series by series: ``(n_series * horizon,)``."""
        return future_times(self.cutoff, self.horizon, self.freq)

    def quantile(self, q: float) -> Floats:
        """One quantile, ``(n_series, horizon)``; a `ParameterError` where it was not asked of ``predict``."""
        found = np.flatnonzero(np.isclose(self.quantile_levels, q, rtol=0, atol=1e-9))
        if found.size == 0:
            raise ParameterError(f"There is no quantile {q:g} here; there are {self.quantile_levels.tolist()}.")
        return self.quantiles[:, :, found[0]]

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper end of the central interval of ``level`` percent: each ``(n_series, horizon)``."""
        low, high = interval_quantiles(level)
        return self.quantile(low), self.quantile(high)

    def to_frame(
        self, *, level: Sequence[float] | None = None, quantiles: Sequence[float] | None = None
    ) -> pd.DataFrame:
        """A long frame: ``unique_id``, ``ds``, ``mean``, then ``lo-80``, ``hi-80`` and ``q0.1`` columns.

        With neither ``level`` nor ``quantiles`` every quantile that is here becomes a ``q`` column.
        """
        if level is None and quantiles is None:
            quantiles = self.quantile_levels.tolist()
        columns = self.columns(level=level, quantiles=quantiles)
        frame = pd.DataFrame({"unique_id": self.ids.repeat(self.horizon), "ds": self.times})
        return frame.assign(**{name: table.reshape(-1) for name, table in columns.items()})

    def columns(
        self, *, level: Sequence[float] | None = None, quantiles: Sequence[float] | None = None
    ) -> dict[str, Floats]:
        """``mean``, the intervals and the quantiles by column name, each ``(n_series, horizon)``."""
        columns = {"mean": self.mean}
        for percent in level or ():
            columns[f"lo-{percent:g}"], columns[f"hi-{percent:g}"] = self.interval(percent)
        for q in quantiles or ():
            columns[f"q{q:g}"] = self.quantile(q)
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
