"""Series with too few observations: found before anything is fitted, and all named in one error."""

from typing import Any, Literal, TypeAlias

import numpy as np

from tsforecast._types import Bools, Index, Ints
from tsforecast.exceptions import ParameterError, SeriesTooShortError

TooShort: TypeAlias = Literal["error", "skip", "naive"]
SkipOrError: TypeAlias = Literal["error", "skip"]
_NAMED = 10  # series named in a message; all of them stand in its attribute


def check_choice(too_short: str) -> None:
    """Raise a `ParameterError` where ``too_short`` is none of its values."""
    if too_short not in ("error", "skip", "naive"):
        raise ParameterError(f"too_short={too_short!r} is none of 'error', 'skip', 'naive'.")


def check_skip_or_error(too_short: str) -> None:
    """Raise a `ParameterError` where ``too_short`` is neither of the two that need no stand-in.

    Examples
    --------
    >>> check_skip_or_error("naive")
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.ParameterError: too_short='naive' is none of 'error', 'skip'.
    """
    if too_short not in ("error", "skip"):
        raise ParameterError(f"too_short={too_short!r} is none of 'error', 'skip'.")


def check_lengths(ids: Index, have: Ints, needed: int, why: str, way_on: str = "") -> None:
    """Raise a `SeriesTooShortError` that names every series with fewer than ``needed`` observations.

    Parameters
    ----------
    ids : Index, shape (n_series,)
    have : ndarray of int, shape (n_series,)
        Observations of each.
    needed : int
    why : str
        What needs them: ``"SeasonalNaive needs at least 13"``.
    way_on : str
        How to go on without them.

    Examples
    --------
    >>> import pandas as pd
    >>> try:
    ...     check_lengths(pd.Index(["a", "b", "c"]), np.array([9, 20, 5]), 13, "SeasonalNaive needs at least 13")
    ... except SeriesTooShortError as error:
    ...     error.series
    {'a': 9, 'c': 5}
    """
    short = np.asarray(have) < needed
    if short.any():
        raise too_short_error(ids, have, short, why, way_on)


def too_short_error(
    ids: Index, have: Ints, short: Bools, why: str, way_on: str = "", n_series: int | None = None
) -> SeriesTooShortError:
    """The error that names the series that are ``short``, ``(n_series,)``: the first ten, and how many there are.

    ``n_series`` is the number of all series where ``ids`` are not all of them.
    """
    series: dict[Any, int] = {ids[i]: int(have[i]) for i in np.flatnonzero(short).tolist()}
    names = list(series)
    error = SeriesTooShortError("", series=series, why=why)
    message = error.reason(names[0])
    if len(names) > 1:
        told = ", ".join(f"{name!r} ({series[name]})" for name in names[:_NAMED])
        more = ", …" if len(names) > _NAMED else ""
        message += f" So {len(names)} of {n_series or len(ids)} series are too short: {told}{more}."
    return SeriesTooShortError(f"{message} {way_on}".strip(), series=series, why=why)
