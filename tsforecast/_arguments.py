"""Checks of the arguments that forecasters are given, and of the forecasts that they return."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from tsforecast._memory import fits_in_memory
from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import FitError, MissingValuesError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import check_reach
from tsforecast.panel.whole_numbers import whole_number

_MOST_STEPS = 10_000_000  # steps of one forecast
_COPIES = 3  # copies of a forecast, or of paths, held in memory at once


def steps_ahead(horizon: object) -> int:
    """The horizon as an int; a `ParameterError` unless it is a whole number of steps, at least 1."""
    if isinstance(horizon, (pd.Series, pd.DataFrame, np.ndarray, Panel)):
        raise ParameterError(
            f"horizon is a {type(horizon).__name__}, not a whole number of steps. Scorers of scikit-learn hand over "
            "rows: give the series twice, as in cross_val_score(model, y, y, scoring=...), GridSearchCV(...).fit(y, y)."
        )
    return whole_number("horizon", horizon, what="a whole number of steps")


def check_present(panel: Panel, handles_missing: bool, model: str) -> None:
    """Raise a `MissingValuesError` for the first missing value of a panel, unless the model handles such.

    Examples
    --------
    >>> check_present(Panel.from_array(np.arange(4.0)), False, "Drift")
    """
    missing = np.isnan(panel.values)
    if missing.any() and not handles_missing:
        row = int(np.argmax(missing))
        raise MissingValuesError(
            f"Series {panel.id_at(row)!r} has no value at {panel.times[row]} and {model} cannot use missing values; "
            "fill them, or choose a model that can (ARIMA, LSTM)."
        )


def check_forecast_size(panel: Panel, horizon: int, n_quantiles: int) -> None:
    """Raise a `ParameterError` where a forecast would pass the last possible time or would not fit into memory.

    Examples
    --------
    >>> check_forecast_size(Panel.from_array(np.arange(4.0)), 12, 2)
    """
    check_reach(panel.last_times, horizon, panel.freq)
    n_cells = horizon * panel.n_series
    if horizon > _MOST_STEPS or not fits_in_memory(n_cells, _COPIES * (2 + n_quantiles)):
        raise ParameterError(
            f"horizon={horizon:,} for {panel.n_series:,} series with {n_quantiles} quantiles is more than can be "
            f"forecast: at most {_MOST_STEPS:,} steps, and what half the memory of this machine holds."
        )


def number_list(name: str, given: float | Sequence[float] | None) -> list[float] | None:
    """One number or several as a list; None stays None; a `ParameterError` for anything that is not a number."""
    if given is None:
        return None
    try:
        values: list[Any] = list(given) if _is_list(given) else [given]  # type: ignore[arg-type] # it is iterable
        if any(isinstance(value, (str, bytes, bytearray, bool, np.bool_)) for value in values):
            raise TypeError("float would read it as a number")
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(f"{name}={given!r} is neither a number nor a sequence of numbers.") from error
    check_each_once(name, numbers)
    return numbers


def check_nested(model: str, known: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise a `ParameterError` where ``a__b`` is to be set and the argument ``a`` of a model has no parameters.

    Examples
    --------
    >>> check_nested("Naive", {"bounds": None}, {"bounds": (0, 1)})
    """
    for key in params:
        name, _, rest = key.partition("__")
        if rest and name in known and not hasattr(known[name], "set_params"):
            raise ParameterError(f"{key!r}: {name}={known[name]!r} of {model} has no parameters.")


class GivesIntervals(Protocol):
    """What is needed of a forecaster to know whether levels can be had."""

    @property
    def gives_intervals(self) -> bool:
        """Whether it gives intervals and quantiles."""


def wanted_levels(
    model: GivesIntervals, level: float | Sequence[float] | None, quantiles: float | Sequence[float] | None
) -> tuple[list[float] | None, list[float] | None]:
    """Levels of intervals and of quantiles as lists; a `ParameterError` where the model gives none."""
    levels, wanted = number_list("level", level), number_list("quantiles", quantiles)
    if (levels or wanted) and not model.gives_intervals:
        raise ParameterError(
            f"{type(model).__name__} gives no intervals: level={level!r}, quantiles={quantiles!r} cannot be had; "
            "leave them out, or wrap it: Conformal(model) makes intervals from the errors of any model."
        )
    return levels, wanted


def _is_list(given: object) -> bool:
    return bool(np.iterable(given)) and not isinstance(given, (str, bytes, bytearray, memoryview, dict))


def check_each_once(name: str, numbers: Sequence[float]) -> None:
    """Raise a `ParameterError` where two numbers would give columns of the same name.

    Examples
    --------
    >>> check_each_once("level", [80, 95])
    """
    counts = Counter(f"{number:g}" for number in numbers)  # formatted as in the names of columns
    text, count = max(counts.items(), key=lambda pair: pair[1], default=("", 1))
    if count > 1:
        raise ParameterError(f"{name}={list(numbers)}: {text} stands twice (six digits count); give each once.")


def random_generator(random_state: "int | np.random.Generator | None") -> np.random.Generator:
    """The given generator, or a new one with this seed; a `ParameterError` for anything else.

    Examples
    --------
    >>> random_generator(0).integers(10)
    np.int64(8)
    """
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"random_state={random_state!r} is neither a whole number, at least 0, a generator of numpy nor None."
        ) from error


def generators_of(ids: Index, rng: np.random.Generator) -> list[np.random.Generator]:
    """One generator for each series, which depends only on the state of ``rng`` and the name of the series.

    Examples
    --------
    >>> both, one = (generators_of(pd.Index(ids), random_generator(0)) for ids in (["a", "b"], ["b"]))
    >>> both[1].normal() == one[0].normal()
    True
    """
    seed = rng.integers(2**32, size=4).tolist()
    marks = pd.util.hash_array(ids.astype(str).to_numpy(dtype=object)).tolist()
    return [np.random.default_rng([*seed, mark]) for mark in marks]


def check_paths(panel: Panel, horizon: int, n_paths: int) -> None:
    """Raise a `ParameterError` where ``n_paths`` is not a whole number or the paths would not fit into memory.

    Examples
    --------
    >>> check_paths(Panel.from_array(np.arange(4.0)), 12, 1000)
    """
    whole_number("horizon", horizon)
    whole_number("n_paths", n_paths)
    check_forecast_size(panel, horizon, 0)
    if not fits_in_memory(panel.n_series * int(n_paths), _COPIES * int(horizon)):
        raise ParameterError(
            f"n_paths={n_paths:,} of horizon={horizon:,} for {panel.n_series:,} series are more than half the memory "
            "of this machine holds."
        )


def check_paths_finite(paths: Floats, ids: Index, model: str) -> None:
    """Raise a `FitError` that names the series with paths, ``(n_series, n_paths, horizon)``, that are not finite."""
    bad = ~np.isfinite(paths).all(axis=(1, 2))
    if bad.any():
        names = [str(name) for name in ids[bad]]
        raise FitError(
            f"A path that {model} draws for series {names[0]!r} is not finite.",
            failures=dict.fromkeys(names, "a path is not finite"),
        )


def with_gaps(table: Floats, kept: Ints, n_series: int) -> Floats:
    """Columns at the places of their series, nan for skipped series: ``(horizon, n_kept, ...)`` to all series.

    Examples
    --------
    >>> with_gaps(np.array([[1.0, 2.0]]), np.array([0, 2]), 3)
    array([[ 1., nan,  2.]])
    """
    whole = np.full((table.shape[0], n_series, *table.shape[2:]), np.nan)
    whole[:, kept] = table
    return whole


def check_finite(forecast: Forecast, model: str) -> None:
    """Raise a `FitError` that names the series whose forecasts are not finite."""
    symbols = forecast.probabilities is not None  # symbols have no mean
    bad = ~((symbols | np.isfinite(forecast.mean)).all(axis=1) & np.isfinite(forecast.quantiles).all(axis=(1, 2)))
    if bad.any():
        names = [str(name) for name in forecast.ids[bad]]
        raise FitError(
            f"{model}'s forecast of series {names[0]!r} is not finite.",
            failures=dict.fromkeys(names, "the forecast is not finite"),
        )
