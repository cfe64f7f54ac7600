"""Series with too few observations: found before anything is fitted, and all named in one error."""

from typing import Any, Literal, TypeAlias

import numpy as np

from tsforecast._types import Bools, Index, Ints
from tsforecast.exceptions import ParameterError, SeriesTooShortError

TooShort: TypeAlias = Literal["error", "skip", "naive"]
_NAMED = 10  # series named in a message; all of them stand in its attribute


def check_choice(too_short: str) -> None:
    """Raise a `ParameterError` where ``too_short`` is none of its values."""
    if too_short not in ("error", "skip", "naive"):
        raise ParameterError(f"too_short={too_short!r} is none of 'error', 'skip', 'naive'.")


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


def too_short_error(ids: Index, have: Ints, short: Bools, why: str, way_on: str = "") -> SeriesTooShortError:
    """The error that names the series that are ``short``, ``(n_series,)``: the first ten, and how many there are."""
    series: dict[Any, int] = {ids[i]: int(have[i]) for i in np.flatnonzero(short).tolist()}
    names = list(series)
    error = SeriesTooShortError("", series=series, why=why)
    message = error.reason(names[0])
    if len(names) > 1:
        told = ", ".join(f"{name!r} ({series[name]})" for name in names[:_NAMED])
        message += f" So {len(names)} of {len(ids)} series are too short: {told}{', …' if len(names) > _NAMED else ''}."
    return SeriesTooShortError(f"{message} {way_on}".strip(), series=series, why=why)
