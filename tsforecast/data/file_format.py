"""FileFormat: how a file is written, for what `read` cannot find out from the file."""

import codecs
import dataclasses
import re
from collections.abc import Callable

from tsforecast.exceptions import ParameterError

UNITS = ("s", "ms", "us", "ns")  # units of whole numbers that count from 1970
TIME_WORDS = ("number", "quarter", "week", "financial", "excel", *UNITS)
_SPACES = {"space": " ", "none": "", "tab": "\t", "\\t": "\t"}  # names of signs for the command line


@dataclasses.dataclass(frozen=True)
class FileFormat:
    r"""How a file is written; options that are None are found out from the file.

    Attributes
    ----------
    header : bool, optional
        Whether the first row names the columns. False names them ``column1``, ``column2`` and so on. None: it does, and
        a first row that looks like the rows below it is an error.
    separator : str, optional
        Separator of the cells of a row: one character, or ``"tab"``. Found among comma, semicolon, tab and bar; a first
        line ``sep=;``, as Excel writes it, names it.
    encoding : str, optional
        Any name of an encoding such as ``"cp1252"``. Guessed, and told in the log: UTF-8 where the bytes are, UTF-16
        where they look so, else cp1252, the one of Windows in western Europe.
    decimal : {".", ","}, optional
        Decimal sign.
    thousands : {",", ".", " ", "'", ""}, optional
        Separator of groups of three digits; ``""`` (or ``"none"``) for none.
    day_first : bool, optional
        Whether ``03/04/2024`` is in April.
    time_format : str, optional
        How the times are written, as in ``strptime`` (``"%Y%m"``), or what whole numbers mean: ``"number"`` (they stay
        numbers), ``"s"``, ``"ms"``, ``"us"``, ``"ns"`` (since 1970, in UTC), ``"excel"`` (days, as workbooks count
        them), ``"quarter"`` (20201 is the first of 2020), ``"week"`` (202005, and ``KW 5/2020``, are the Monday of the
        5th week of 2020, ISO 8601); or ``"financial"``: ``2001/02`` is the year that begins in 2001, and is given the
        1st of January of 2001. Weeks ``"%G-W%V"``, ``"%Y-%W"`` and ``"%Y-%U"`` are their first day.
    skip_rows : int
        Lines above the header to skip, such as a title or comments; ``sep=;`` counts as one. Titles are recognised, and
        left out, where they have fewer cells than the table.
    skip_lines : tuple of int
        Numbers of lines to leave out, counted from 1 as an editor does (rows of a sheet, or of a Parquet file).
    missing : tuple of str
        Texts that stand for a missing value, besides an empty cell, ``NA``, ``NaN``, ``NULL`` and similar; ``-`` means
        any run of dashes.
    units : tuple of str
        Texts beside numbers that are left out, such as ``$`` or ``kg``. Not needed for what stands beside all numbers
        of a column.
    sheet : str or int, optional
        Sheet of a workbook: its name, or its number from 1. The first one that holds a table.

    Examples
    --------
    >>> FileFormat(day_first=True, decimal=",").thousands is None
    True
    """

    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None
    time_format: str | None = None
    skip_rows: int = 0
    skip_lines: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sheet: str | int | None = None

    def checked(self) -> "FileFormat":
        """The checked format, with words such as ``tab`` replaced by the signs that they stand for.

        Raises
        ------
        ParameterError
            An option has a value that is not allowed, or two of them contradict each other.
        """
        wrong = [
            f"{name}={getattr(self, name)!r} is not {_MEANT[name]}"
            for name, allowed in _ALLOWED.items()
            if getattr(self, name) is not None and not allowed(getattr(self, name))
        ]
        if wrong:
            raise ParameterError(f"{'; '.join(wrong)}.")
        separator, thousands = (None if v is None else _SPACES.get(v, v) for v in (self.separator, self.thousands))
        decimal = self.decimal
        if decimal is None and thousands in (".", ","):
            decimal = "," if thousands == "." else "."
        if decimal is not None and decimal == thousands:
            raise ParameterError(f"decimal={decimal!r} and thousands={thousands!r} are the same; they must differ.")
        return dataclasses.replace(
            self,
            separator=separator,
            decimal=decimal,
            thousands=thousands,
            missing=tuple(self.missing),
            units=tuple(self.units),
            skip_lines=tuple(self.skip_lines),
        )


def _is_encoding(name: object) -> bool:
    try:
        return isinstance(name, str) and codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _is_time_format(text: object) -> bool:
    return isinstance(text, str) and (text in TIME_WORDS or re.search(r"%[A-Za-z]", text) is not None)


def _is_separator(text: object) -> bool:
    if not isinstance(text, str):
        return False
    text = _SPACES.get(text, text)
    return len(text) == 1 and text.isascii() and not text.isalnum() and text not in '\r\n"\0.-+'


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


_ALLOWED: dict[str, Callable[[object], bool]] = {
    "header": lambda value: isinstance(value, bool),
    "separator": _is_separator,
    "encoding": _is_encoding,
    "decimal": lambda value: value in (".", ","),
    "thousands": lambda value: value in (",", ".", " ", "'", "", "space", "none"),
    "day_first": lambda value: isinstance(value, bool),
    "time_format": _is_time_format,
    "skip_rows": lambda value: _is_count(value, 0),
    "skip_lines": lambda value: isinstance(value, (tuple, list)) and all(_is_count(line, 1) for line in value),
    "missing": lambda value: isinstance(value, (tuple, list)) and all(isinstance(text, str) for text in value),
    "units": lambda value: isinstance(value, (tuple, list)) and all(isinstance(t, str) and t.strip() for t in value),
    "sheet": lambda value: _is_count(value, 1) or (isinstance(value, str) and value.strip() != ""),
}
_MEANT = {
    "header": "True or False",
    "separator": "one character between cells, such as ',' ';' '|' or 'tab'",
    "encoding": "the name of an encoding of text, such as 'cp1252' or 'utf-16'",
    "decimal": "'.' or ','",
    "thousands": "one of ',' '.' ' ' (or 'space') \"'\" and '' (or 'none')",
    "day_first": "True or False",
    "time_format": f"a pattern such as '%Y%m', or one of {', '.join(TIME_WORDS)}",
    "skip_rows": "a whole number of lines, at least 0",
    "skip_lines": "a sequence of numbers of lines, from 1",
    "missing": "a sequence of texts",
    "units": "a sequence of texts that are not empty",
    "sheet": "the name of a sheet, or its number from 1",
}
