"""Decides whether ``03/04/2024`` is in March or in April, for all texts of a column together."""

import numpy as np
import pandas as pd

from tsforecast._silence import silent
from tsforecast.exceptions import DataError

_MONTHS = 12
PIVOT = 69  # two-digit years: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068, as in POSIX
NUMBERS = r"^([0-9]{1,2})([/.\-])([0-9]{1,2})[/.\-]([0-9]{4})(.*)$"
_SHORT = r"^([0-9]{2})/([0-9]{2})/([0-9]{2})$"  # 31/01/23, or 23/01/31
_ENOUGH_DATES = 3  # number of dates needed to show a regular step
_HOW = (
    "(day_first of FileFormat, --day_first yes or no on the command line; in a frame make dates of the texts with "
    "pd.to_datetime)"
)


def is_day_first(texts: "pd.Series[str]") -> bool:
    """Whether the day comes first in distinct texts such as ``03/04/2024``: one answer for all of them.

    It does where some first number is over 12 or the separators are dots, and does not where some second number is over
    12. Otherwise the order in which the dates are regular is taken.

    Raises
    ------
    DataError
        The order is ambiguous: both give regular dates, or neither does, and the dates differ.

    Examples
    --------
    >>> is_day_first(pd.Series(["03/04/2024", "13/04/2024"]))
    True
    >>> is_day_first(pd.Series([f"1/{month}/{year}" for year in (2023, 2024) for month in range(1, 13)]))
    True
    """
    parts = texts.str.extract(NUMBERS).dropna()
    if len(parts) == 0:
        return False
    first, second, years = (parts[i].astype(int) for i in (0, 2, 3))
    if (parts[1] == ".").any() or first.max() > _MONTHS or second.max() > _MONTHS:
        return bool((parts[1] == ".").any() or first.max() > _MONTHS)
    if (first == second).all():
        return False
    different = ~pd.DataFrame({0: first, 1: second, 2: years}).duplicated()  # days, without the times of day
    first, second, years = first[different], second[different], years[different]
    by_day, by_month = is_regular(years, second, first), is_regular(years, first, second)
    if by_day != by_month:
        return by_day
    if not by_day and len(first) > _MONTHS and (first.nunique() == 1) != (second.nunique() == 1):
        return first.nunique() == 1  # in more than a year of dates, the constant number is the day
    place = int(np.argmax(first.to_numpy() != second.to_numpy()))
    text, months = (
        texts[first.index[place]],
        [pd.Timestamp(2000, n.iloc[place], 1).month_name() for n in (first, second)],
    )
    raise DataError(
        f"Whether {text!r} is in {months[0]} or in {months[1]} cannot be told: both readings of the dates are "
        f"{'regular' if by_day else 'irregular'}. Say whether the day comes first {_HOW}."
    )


def check_years_last(texts: "pd.Series[str]") -> None:
    """Raise a `DataError` where texts such as ``23/01/31`` may begin with the year, since they are then regular.

    Examples
    --------
    >>> check_years_last(pd.Series(["31/01/23", "28/02/23", "31/03/23"]))
    """
    parts = texts.drop_duplicates().str.extract(_SHORT)
    if len(parts) < _ENOUGH_DATES or parts.isna().any(axis=None):
        return
    years, months, days = (parts[i].astype(int) for i in (0, 1, 2))
    years = years + np.where(years >= PIVOT, 1900, 2000)
    if months.between(1, _MONTHS).all() and days.between(1, 31).all() and is_regular(years, months, days):
        raise DataError(
            f"Whether the year comes first or last in {texts.iloc[0]!r}, {texts.iloc[1]!r}, {texts.iloc[2]!r} cannot "
            "be told. Say how the times are written: time_format='%y/%m/%d' or '%d/%m/%y' (time_format of FileFormat, "
            "--time_format on the command line), or write years with four digits."
        )


def is_regular(years: "pd.Series[int]", months: "pd.Series[int]", days: "pd.Series[int]") -> bool:
    """Whether distinct dates have one constant step, in days or in months.

    Examples
    --------
    >>> is_regular(pd.Series([2020, 2020, 2020]), pd.Series([1, 2, 3]), pd.Series([1, 1, 1]))
    True
    """
    read = pd.to_datetime(pd.DataFrame({"year": years, "month": months, "day": days}), errors="coerce")
    if read.isna().any():
        return False
    dates = pd.DatetimeIndex(read.drop_duplicates()).sort_values()
    steps = np.diff(dates.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    if len(dates) < _ENOUGH_DATES or np.unique(steps).size == 1:
        return True
    in_months = np.diff(dates.year.to_numpy() * _MONTHS + dates.month.to_numpy())
    if np.unique(dates.day).size == 1 and np.unique(in_months).size == 1:
        return True
    with silent(DeprecationWarning):  # pandas 3 warns that it will return an offset
        return pd.infer_freq(dates) is not None
