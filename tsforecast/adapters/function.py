"""FunctionForecaster: a forecaster around a plain Python function."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tsforecast._bounds import Bounds
from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import future_times
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number

_OPTIONAL = ("X", "level", "times")


class FunctionForecaster(BaseForecaster):
    """Whatever a function ``f(y, horizon)`` returns for each series; nothing is learnt by `fit`.

    ``y`` is an array of the values, ``(n_obs,)``, which the function may change, and ``horizon`` a whole number. The
    function returns the forecasts as an array ``(horizon,)``, or as a frame of ``horizon`` rows with a column ``mean``.
    It is given more if it has parameters of these names:

    - ``X``: a frame of the covariates, one row for each value and then for each step of the horizon, with the times in
      its index; None where there are none.
    - ``times``: the times of the values.
    - ``level``: a list of the intervals that are asked for, in percent; empty for none. The function then returns a
      frame with columns such as ``lo-80`` and ``hi-80`` for each. The median is the column ``q0.5``, or ``mean``.

    Parameters
    ----------
    function : callable
        On the command line ``my_module:my_function``, with ``--own_code my_module``.
    n_needed : int
        Observations that the function needs of a series.
    handles_missing : bool
        Whether ``y`` may hold nan.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Raises
    ------
    FitError
        The function raised an error, or returned something else; ``failures`` holds the reason for each series.

    Examples
    --------
    >>> def middle(y, horizon):
    ...     return np.full(horizon, np.median(y))
    >>> FunctionForecaster(middle).fit([3.0, 1.0, 2.0]).predict(2)
    array([2., 2.])
    """

    functions: ClassVar[tuple[str, ...]] = ("function",)  # arguments that a configuration names as module:function

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        n_needed: int = 2,
        handles_missing: bool = False,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.function = function
        self.n_needed = n_needed
        self.handles_missing = handles_missing
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the function has a parameter ``X``."""
        return "X" in self._wanted()

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the function has a parameter ``level``."""
        return "level" in self._wanted()

    def min_observations(self, panel: Panel) -> int:
        """As it was said: ``n_needed``."""
        return whole_number("n_needed", self.n_needed)

    def _fit(self, panel: Panel) -> None:
        if not callable(self.function):
            raise ParameterError(f"function={self.function!r} is no function f(y, horizon).")

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        needed = self.min_observations(panel)
        check_lengths(panel.ids, panel.n_present, needed, f"n_needed={needed} of {type(self).__name__}")
        mean = np.full((panel.n_series, horizon), np.nan)
        quantiles = np.full((*mean.shape, levels.size), np.nan)
        failures: dict[str, str] = {}
        for i, name in enumerate(panel.ids):
            try:
                table = self._called(panel, i, horizon, None if X is None else X[i], levels)
                mean[i] = table["mean"]
                for j, q in enumerate(levels.tolist()):
                    quantiles[i, :, j] = table[_bound(q)] if _bound(q) in table else mean[i]
            except FitError as error:
                failures[str(name)] = f"{self._name()} {error}"
            except Exception as error:  # the function may raise anything
                failures[str(name)] = f"{self._name()} failed: {type(error).__name__}: {error}"
        if failures:
            first = next(iter(failures))
            raise FitError(f"Series {first!r}: {failures[first]}", failures)
        return Forecast(mean, np.sort(quantiles, axis=2), levels, panel.ids, panel.last_times, panel.freq)

    def _called(self, panel: Panel, i: int, horizon: int, future: Floats | None, levels: Floats) -> dict[str, Floats]:
        """Columns of what the function returns for series ``i``, each ``(horizon,)``."""
        rows = slice(*panel.indptr[i : i + 2])
        wanted = self._wanted()
        more: dict[str, Any] = {}
        if "X" in wanted:
            more["X"] = None if panel.covariates is None or future is None else _frame(panel, rows, i, future)
        if "level" in wanted:
            more["level"] = sorted({_percent(q) for q in levels.tolist()} - {0.0})
        if "times" in wanted:
            more["times"] = panel.times[rows]
        returned = self.function(panel.series(i).copy(), horizon, **more)
        if not isinstance(returned, pd.DataFrame):
            returned = pd.DataFrame({"mean": _numbers(returned, horizon)})
        absent = [name for name in ("mean", *map(_bound, levels.tolist())) if name not in (*returned.columns, "q0.5")]
        if absent:
            raise FitError(f"returned the columns {list(map(str, returned.columns))}; {absent[0]!r} is needed.")
        return {str(name): _numbers(returned[name], horizon) for name in returned.columns}

    def _wanted(self) -> tuple[str, ...]:
        """The optional parameters that the function has."""
        try:
            known = inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # no function, or one without a signature
            return ()
        return tuple(name for name in _OPTIONAL if name in known)

    def _name(self) -> str:
        return str(getattr(self.function, "__name__", type(self.function).__name__))


def _frame(panel: Panel, rows: slice, i: int, future: Floats) -> pd.DataFrame:
    """Covariates of a series and of its horizon, with the times in the index."""
    times = panel.times[rows].append(future_times(panel.last_times[[i]], len(future), panel.freq))
    table = np.concatenate([np.asarray(panel.covariates)[rows], future])
    return pd.DataFrame(table, columns=list(panel.covariate_names), index=times)


def _numbers(returned: Any, horizon: int) -> Floats:
    numbers = np.asarray(returned, dtype=np.float64)
    if numbers.shape != (horizon,):
        raise FitError(f"returned the shape {numbers.shape}; ({horizon},) is needed, one number for each step.")
    if not np.isfinite(numbers).all():
        step = int(np.argmin(np.isfinite(numbers)))
        raise FitError(f"returned {numbers[step]} at step {step + 1}.")
    return numbers


def _percent(q: float) -> float:
    """The central interval, in percent, that ends at a quantile; 0 for the median."""
    return round(100 * abs(1 - 2 * q), 8)


def _bound(q: float) -> str:
    return "q0.5" if q == 0.5 else f"{'lo' if q < 0.5 else 'hi'}-{_percent(q):g}"
