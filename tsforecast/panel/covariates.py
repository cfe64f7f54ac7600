"""Names of covariates, and how missing values of covariates are filled in."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import CovariateError, ParameterError

CovariateGaps: TypeAlias = Literal["error", "ffill", "interpolate"]

KEY_COLUMNS = ("unique_id", "ds", "y")
_HINTS = {
    "error": " Fill it in, or have it filled: covariate_gaps='ffill' takes the last value before it, 'interpolate' a "
    "line between its neighbours (--covariate_gaps on the command line).",
    "ffill": " There is no value before it in its series to fill it from.",
    "interpolate": " It has no neighbours on both sides in its series to draw a line between.",
}


def check_names(names: Sequence[object]) -> tuple[str, ...]:
    """The names as texts.

    Raises
    ------
    CovariateError
        One is that of a key column, is empty, or two are the same text.

    Examples
    --------
    >>> check_names(["price", 7])
    ('price', '7')
    """
    texts = tuple(str(name) for name in names)
    for i, name in enumerate(texts):
        if not name.strip():
            raise CovariateError(f"Covariate number {i + 1} has no name; each needs one.")
        if name in KEY_COLUMNS:
            meant = dict(zip(KEY_COLUMNS, ("series", "times", "values"), strict=True))[name]
            raise CovariateError(
                f"A covariate is called {name!r}, which is the name of the {meant}; rename it, or leave it out."
            )
        if name in texts[:i]:
            raise CovariateError(f"Two covariates are called {name!r}; each needs a name of its own.")
    return texts


def check_gaps_option(covariate_gaps: object) -> None:
    """Raise a `ParameterError` for anything but ``"error"``, ``"ffill"`` and ``"interpolate"``."""
    if covariate_gaps not in ("error", "ffill", "interpolate"):
        raise ParameterError(f"covariate_gaps={covariate_gaps!r} is none of 'error', 'ffill', 'interpolate'.")


def check_all_finite(
    table: Floats,
    names: Sequence[str],
    times: Index,
    indptr: Ints,
    ids: Index,
    covariate_gaps: CovariateGaps = "error",
) -> None:
    """Raise a `CovariateError` at the first number that is missing or infinite; it names series, column and time.

    ``covariate_gaps`` is how missing ones were filled in before.
    """
    bad = ~np.isfinite(table)
    if not bad.any():
        return
    row, column = np.argwhere(bad)[0]
    name = ids[int(np.searchsorted(indptr, row, side="right")) - 1]
    hint = _HINTS[covariate_gaps] if np.isnan(table[row, column]) else ""
    raise CovariateError(
        f"Covariate {names[column]}={table[row, column]} of series {name!r} at {times[row]}; a finite number is needed."
        f"{hint}"
    )


def fill_covariates(table: Floats, indptr: Ints, covariate_gaps: CovariateGaps) -> Floats:
    """Covariates with their missing values filled in, series by series; what cannot be filled stays nan.

    Parameters
    ----------
    table : ndarray, shape (n_obs, n_features)
        nan is a missing value.
    indptr : ndarray of int, shape (n_series + 1,)
    covariate_gaps : {"error", "ffill", "interpolate"}
        ``"ffill"`` takes the last value before, and so never a later one; ``"interpolate"`` the straight line between
        the neighbours, of which one is later. ``"error"`` leaves the table as it is.

    Examples
    --------
    >>> table = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    >>> fill_covariates(table, np.array([0, 4]), "ffill").ravel()
    array([1., 1., 3., 3.])
    >>> fill_covariates(table, np.array([0, 4]), "interpolate").ravel()
    array([ 1.,  2.,  3., nan])
    """
    if covariate_gaps == "error" or not np.isnan(table).any():
        return table
    first = np.repeat(indptr[:-1], np.diff(indptr))[:, None]  # row at which the series of each row begins
    rows = np.arange(len(table))[:, None]
    seen = ~np.isnan(table)
    before = np.maximum.accumulate(np.where(seen, rows, -1), axis=0)
    left = np.where(before >= first, np.take_along_axis(table, np.maximum(before, 0), axis=0), np.nan)
    if covariate_gaps == "ffill":
        return left
    stop = np.repeat(indptr[1:], np.diff(indptr))[:, None]
    after = np.minimum.accumulate(np.where(seen, rows, len(table))[::-1], axis=0)[::-1]
    right = np.where(after < stop, np.take_along_axis(table, np.minimum(after, len(table) - 1), axis=0), np.nan)
    share = (rows - before) / np.maximum(after - before, 1)
    return np.where(seen, table, left + share * (right - left))
