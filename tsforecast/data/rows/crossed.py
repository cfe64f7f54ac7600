"""Recognises a table with a row for each year and a column for each month or quarter."""

from collections.abc import Sequence

import pandas as pd

from tsforecast._types import Index
from tsforecast.data.faults import Fault
from tsforecast.panel.times.dates import MONTH_NAMES

_PARTS_OF_YEARS = ({month.lower() for month in MONTH_NAMES}, {"q1", "q2", "q3", "q4"})
_NUMBERS_OF_MONTHS = [str(month) for month in range(1, 13)]


def crossed_fault(times: Index, names: Sequence[str]) -> Fault | None:
    """The fault of a wide table whose columns are the months of the years in its rows; None for any other."""
    if isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)):
        return None
    parts = {name.strip().lower()[:3] for name in names}
    numbered = [name.strip().lstrip("0") for name in names] == _NUMBERS_OF_MONTHS
    if not numbered and not (len(names) > 1 and any(parts <= known for known in _PARTS_OF_YEARS)):
        return None
    return Fault(
        f"the table has a row for each year and a column for each of its months or quarters, {', '.join(names[:3])}",
        "Write a row for each of them, with its date. Say --time_format %Y where each column is a series of its own.",
    )
