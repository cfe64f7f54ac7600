"""Reads CSV, Parquet and Excel files into a Panel; the only reader of series in files."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsforecast.data.across import upright
from tsforecast.data.columns import Body, body_of
from tsforecast.data.faults import Faults
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.load import file_table, without_columns
from tsforecast.data.files.table import Remark
from tsforecast.data.layout import Layout, find_layout
from tsforecast.data.reading import Duplicates, Reading
from tsforecast.data.rows.assemble import assembled, unused_rows_logged
from tsforecast.data.rows.crossed import crossed_fault
from tsforecast.data.rows.one_row import latest_known, one_row_a_time, rows_in_order
from tsforecast.data.wild import wild_told
from tsforecast.exceptions import DataError
from tsforecast.panel import Panel
from tsforecast.panel.covariates import CovariateGaps
from tsforecast.panel.regular import Gaps
from tsforecast.panel.times.frequency import freq_name
from tsforecast.panel.times.shown import freq_in_words

_LOG = logging.getLogger("tsforecast.data.read")
_SIGNS = {".": "a decimal point", ",": "a decimal comma"}


def read(
    path: str | Path | Sequence[str | Path],
    *,
    id_col: str | Sequence[str] | None = None,
    time_col: str | Sequence[str] | None = None,
    target_col: str | None = None,
    freq: str | int | None = None,
    gaps: Gaps = "error",
    covariates: Sequence[str] = (),
    past_covariates: Sequence[str] = (),
    calendar: str | None = None,
    covariate_gaps: CovariateGaps = "error",
    static: Sequence[str] = (),
    drop: Sequence[str] = (),
    sort: bool = False,
    duplicates: Duplicates = "error",
    revision_col: str | None = None,
    as_of: str | int | None = None,
    file_format: FileFormat | None = None,
) -> Panel:
    r"""The panel of a CSV, Parquet or Excel file, long or wide, or of several files of one shape.

    A file is long where ``id_col`` or ``target_col`` is named, or where it has the columns ``ds`` and ``y``; those
    not named are ``unique_id``, ``ds`` and ``y``, else the first column of dates and the only column of numbers; an
    unused column is reported in the log. Any other file is wide: the first column (or ``time_col``) is the time, every
    other column a series. A first column that has no name and holds whole numbers is taken for row numbers and ignored
    where a column ``ds`` or another column of dates follows; so is, in Parquet, an index without a name that holds
    whole numbers.

    Where the names of columns are times and each row is a series, or each row a year and each column a month or
    quarter, the file is read so, which the log tells. Names of columns may be in two rows, as under merged cells.

    Names of series are texts, as they are written: ``007`` stays ``007``, and ``NA`` is a name. Whole numbers such as
    20240131 are days, such as 202401 months, and such as 1704067200 seconds since 1970, where all cells of a column
    are; other whole numbers that may be dates (years and quarters, days of a workbook) are an error unless
    ``file_format`` says what they are.

    Rows that go from the newest to the oldest, in every series, are reversed, and the log says so; rows in no order are
    an error, or sorted. Lines above the header that have fewer cells, units below it, notes at the end and rows of
    totals are left out, which the log tells.

    The separator of a CSV file is detected: comma, semicolon, tab or bar. Whether ``03/04/2024`` is in March and
    whether ``1,234`` is 1234 is decided once for all rows, from unambiguous cells; where there are none, it is an error
    unless ``file_format`` decides. How times, numbers, encoding and frequency were read is logged in one line with
    examples, as a warning where only convention decided; so are signs beside numbers, such as a currency, which are
    left out, and brackets around negative ones.

    Parameters
    ----------
    path : str, Path, or sequence of these
        ``.csv``, ``.tsv``, ``.txt`` (and these with ``.gz``), ``.parquet``, ``.pq`` or ``.xlsx``; a pattern such as
        ``sales/*.csv``; or a folder of such files. Rows of several files are read as of one; the column ``file`` then
        holds the name of each, without its ending.
    id_col : str or sequence of str, optional
        Column that names the series. Several columns make one name, with a slash between the parts (a slash in a part
        is written ``\/``): `tsforecast.data.keys.split_keys` takes them apart.
    time_col : str or sequence of str, optional
        Column of the times; or several, such as year and month, or date and time of day.
    target_col : str, optional
        Column of the values.
    freq : str or int, optional
        Frequency; inferred where it is not given.
    gaps : {"error", "nan", "zero", "ffill", "interpolate", "snap"}
        How a skipped time is handled: an error, or a missing value, which the next three fill (``"interpolate"`` from
        later values too); ``"snap"`` moves times onto a regular grid that they lie near. Rows at the end of a series
        without a value are an error, or left out: see `Panel.from_frame`.
    covariates : sequence of str
        Columns known into the future; in a wide file all series share them. A column of words is a category, one of
        True and False counts as 1 and 0.
    past_covariates : sequence of str
        Columns known up to the present only, see `Panel.with_past_covariates`.
    calendar : str, optional
        Country whose holidays are covariates too, such as ``"DE"`` or ``"DE-BY"``: see `Panel.with_calendar`.
    covariate_gaps : {"error", "ffill", "interpolate"}
        How a missing covariate is handled: an error, or filled, see `Panel.with_covariates`.
    static : sequence of str
        Columns of a long file that hold one value throughout a series, see `Panel.with_static`: numbers where all cells
        are, else texts.
    drop : sequence of str
        Columns that are left out.
    sort : bool
        Whether rows in any order are sorted by time.
    duplicates : {"error", "first", "last", "mean", "sum"}
        What becomes of several rows for one series and time: an error; the first or the last value in the order of the
        file; or the mean or the sum of all (of covariates the mean).
    revision_col : str, optional
        Column of the dates (or whole numbers) at which the value of a row became known. Of each series and time the
        last one known is taken.
    as_of : str or int, optional
        Date up to the end of which revisions are known; later ones are left out.
    file_format : FileFormat, optional
        How the file is written, where this cannot be detected.

    Raises
    ------
    MissingFileError
        There is no such file.
    ParameterError
        An option is not allowed, or contradicts another.
    DataError
        The file is empty or of another kind, lacks a column, or has a cell that is not a number or not a time. One
        message lists all faults that are found, each with its line and the option of the command line that mends it
        (options have the same names here). An error of one fault is of its kind, such as `GapError`,
        `DuplicateTimeError`, `DisorderError`, `FrequencyError`, `MissingValuesError` or `CovariateError`.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> read(bundled("datasets") / "macro.csv")
    Panel(n_series=6, n_obs=1218, freq='QS-JAN')
    """
    form = file_format or FileFormat()
    options = Reading(
        **{field.name: getattr(form, field.name) for field in dataclasses.fields(FileFormat)},
        id_col=id_col if id_col is None or isinstance(id_col, str) else tuple(id_col),
        time_col=time_col if time_col is None or isinstance(time_col, str) else tuple(time_col),
        target_col=target_col,
        freq=freq,
        gaps=gaps,
        covariates=_tuple(covariates),
        past_covariates=_tuple(past_covariates),
        calendar=calendar,
        covariate_gaps=covariate_gaps,
        static=_tuple(static),
        drop=_tuple(drop),
        sort=sort,
        duplicates=duplicates,
        revision_col=revision_col,
        as_of=as_of,
    )
    return read_as(path, options)


def _tuple(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def read_as(path: str | Path | Sequence[str | Path], options: Reading) -> Panel:
    """The panel of a file, or of several, read with given options; see `read`.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> read_as(bundled("datasets") / "airline.csv", Reading(gaps="nan"))
    Panel(n_series=1, n_obs=144, freq='MS')
    """
    return read_with_facts(path, options)[0]


def read_with_facts(path: str | Path | Sequence[str | Path], options: Reading) -> tuple[Panel, dict[str, Any]]:
    """The panel of a file, and how it is written: ``decimal`` and ``day_first``, where its cells tell, and ``freq``.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> read_with_facts(bundled("datasets") / "airline.csv", Reading())[1]
    {'freq': 'MS', 'decimal': '.'}
    """
    options = options.checked()
    faults = Faults(str(path if isinstance(path, (str, Path)) else path[0] if path else "no file"))
    table = upright(file_table(path, options, faults), options)
    layout = find_layout(table, options, faults)
    table = without_columns(table, [name for name in options.drop if name in table.columns.column_names])
    body = body_of(table, layout, options, faults)
    panel = None
    with unused_rows_logged(faults.name, _LOG):
        if body is not None:
            crossed = None if layout.is_long or options.time_format else crossed_fault(body.index, layout.values)
            if crossed is not None:
                faults.add(crossed)
            body = latest_known(body, layout, options, faults)
            body = one_row_a_time(body, layout, options, faults)
            body = rows_in_order(body, options, faults)
            panel = assembled(body, layout, options, faults)
        faults.raise_if_any()
    if body is None or panel is None:
        raise DataError(f"{faults.name} holds no row with a time; see how its first lines are written.")
    _log_reading(faults.name, body, layout, panel)
    return panel, _facts(body, panel)


def _facts(body: Body, panel: Panel) -> dict[str, Any]:
    facts: dict[str, Any] = {"freq": freq_name(panel.freq)}
    if body.notation is not None:
        facts["decimal"] = body.notation.decimal
    if body.times.day_first is not None:
        facts["day_first"] = body.times.day_first
    return facts


def _log_reading(name: str, body: Body, layout: Layout, panel: Panel) -> None:
    """Log how the file was read in one line, as a warning where only convention decided."""
    times, notation = body.times, body.notation
    parts = [f"times are {times.how}: " + ", ".join(f"{text!r} is {time}" for text, time in times.examples)]
    if notation is not None:
        signs = [sign for sign in notation.thousands if any(sign in cell for cell in notation.examples)]
        between = f" and {signs[0]!r} between thousands" if signs else ""
        parts.append(f"numbers have {_SIGNS[notation.decimal]}{between}: {', '.join(notation.shown())}")
    parts.append(f"the frequency is {freq_in_words(panel.freq)}")
    remarks = [Remark("; ".join(parts), times.is_sure and (notation is None or notation.is_sure)), *body.remarks]
    is_sure = all(remark.is_sure for remark in remarks)
    _LOG.log(logging.INFO if is_sure else logging.WARNING, "%s: %s", name, "; ".join(one.text for one in remarks))
    if wild := wild_told(body, layout, panel):
        _LOG.warning("%s: %s", name, wild)
    if layout.unused:
        _LOG.warning(
            "%s: not used: %s. Columns that are known into the future go into covariates (--covariates), those known "
            "up to the present only into past_covariates (--past_covariates), those that do not change within a series "
            "into static (--static); columns are left out without a word with --drop.",
            name,
            ", ".join(layout.unused),
        )
