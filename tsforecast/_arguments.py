"""Checks of what forecasters are asked for, and of what they answer."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.whole_numbers import whole_number


def steps_ahead(horizon: object) -> int:
    """The horizon as a number; a `ParameterError` where it is no whole number of steps, at least 1."""
    if isinstance(horizon, (pd.Series, pd.DataFrame, np.ndarray, Panel)):
        raise ParameterError(
            f"horizon is a {type(horizon).__name__}, not a whole number of steps. Scorers of scikit-learn hand over "
            "rows: give the series twice, as in cross_val_score(model, y, y, scoring=...), GridSearchCV(...).fit(y, y)."
        )
    return whole_number("horizon", horizon, what="a whole number of steps")


def number_list(name: str, given: float | Sequence[float] | None) -> list[float] | None:
    """One number, or several, as a list; None as it is, and a `ParameterError` for what is no number."""
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


def _is_list(given: object) -> bool:
    return bool(np.iterable(given)) and not isinstance(given, (str, bytes, bytearray, memoryview, dict))


def check_each_once(name: str, numbers: Sequence[float]) -> None:
    """Raise a `ParameterError` for numbers that make two columns of one name.

    Examples
    --------
    >>> check_each_once("level", [80, 95])
    """
    told = Counter(f"{number:g}" for number in numbers)  # as columns are called
    text, count = max(told.items(), key=lambda pair: pair[1], default=("", 1))
    if count > 1:
        raise ParameterError(f"{name}={list(numbers)}: {text} stands twice (six digits count); give each once.")


def random_generator(random_state: "int | np.random.Generator | None") -> np.random.Generator:
    """The generator given, or one with this seed; a `ParameterError` where it is neither.

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


def with_gaps(table: Floats, kept: Ints, n_series: int) -> Floats:
    """Columns put where their series stood, nan for those that were skipped: ``(horizon, n_kept, ...)`` -> all.

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
    bad = ~(np.isfinite(forecast.mean).all(axis=1) & np.isfinite(forecast.quantiles).all(axis=(1, 2)))
    if bad.any():
        names = [str(name) for name in forecast.ids[bad]]
        raise FitError(
            f"{model}'s forecast of series {names[0]!r} is not finite.",
            failures=dict.fromkeys(names, "the forecast is not finite"),
        )
