"""Values that were revised: of each series and time the last one that was known at a date."""

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Index, Ints
from tsforecast.exceptions import DataError

_DAY = pd.Timedelta(days=1)


def known_by(revisions: Index, as_of: str | int | None) -> Bools:
    """Which revisions were known at ``as_of``, a whole number or a date (with its whole day where it names no clock).

    Raises
    ------
    DataError
        ``as_of`` is not of the kind of the revisions.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2024-01-31 12:00", "2024-02-01"])
    >>> known_by(days, "2024-01-31")
    array([ True, False])
    """
    if as_of is None:
        return np.ones(len(revisions), dtype=bool)
    if not isinstance(revisions, (pd.DatetimeIndex, pd.PeriodIndex)):
        try:
            return np.asarray(revisions.to_numpy() <= int(as_of))
        except ValueError as error:
            raise DataError(f"as_of={as_of!r} is no whole number, as the revisions are.") from error
    try:
        limit = pd.Timestamp(str(as_of))
    except ValueError as error:
        raise DataError(f"as_of={as_of!r} is no date such as '2024-06-30' ({error}).") from error
    moments = revisions.end_time if isinstance(revisions, pd.PeriodIndex) else revisions
    if moments.tz is not None and limit.tz is None:
        limit = limit.tz_localize(moments.tz)
    elif moments.tz is None and limit.tz is not None:
        limit = limit.tz_localize(None)
    has_clock = ":" in str(as_of) or "T" in str(as_of)
    return np.asarray(moments <= limit if has_clock else moments < limit + _DAY)


def oldest_revision_first(revisions: Index) -> Ints:
    """Rows from the first revision to the last, those of one in the order given.

    Examples
    --------
    >>> oldest_revision_first(pd.Index([2, 1, 2]))
    array([1, 0, 2])
    """
    stamps = revisions.asi8 if isinstance(revisions, (pd.DatetimeIndex, pd.PeriodIndex)) else revisions.to_numpy()
    return np.argsort(stamps, kind="stable")
