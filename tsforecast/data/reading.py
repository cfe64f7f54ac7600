"""Reading: all options for reading a file in one value."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias

from tsforecast.data.file_format import FileFormat
from tsforecast.exceptions import ParameterError
from tsforecast.panel.covariates import CovariateGaps, check_gaps_option
from tsforecast.panel.regular import Gaps, check_gaps
from tsforecast.panel.times.holiday_columns import check_calendar

Duplicates: TypeAlias = Literal["error", "first", "last", "mean", "sum"]

_DUPLICATES = ("error", "first", "last", "mean", "sum")


@dataclasses.dataclass(frozen=True)
class Reading(FileFormat):
    """The options of `tsforecast.data.read.read` and those of `FileFormat`, for a configuration that names a file.

    Attributes
    ----------
    id_col, time_col : str or tuple of str, optional
        Names of columns.
    target_col : str, optional
        Name of a column.
    freq : str or int, optional
        Frequency; inferred where it is None.
    gaps : {"error", "nan", "zero", "ffill", "interpolate", "snap"}
    covariates : tuple of str
    past_covariates : tuple of str
    calendar : str, optional
    covariate_gaps : {"error", "ffill", "interpolate"}
    static : tuple of str
    drop : tuple of str
    sort : bool
    duplicates : {"error", "first", "last", "mean", "sum"}
    revision_col : str, optional
    as_of : str or int, optional
        As in `read`.

    Examples
    --------
    >>> Reading(thousands=".", id_col=["store", "product"]).checked().id_col
    ('store', 'product')
    """

    id_col: str | tuple[str, ...] | None = None
    time_col: str | tuple[str, ...] | None = None
    target_col: str | None = None
    freq: str | int | None = None
    gaps: Gaps = "error"
    covariates: tuple[str, ...] = ()
    past_covariates: tuple[str, ...] = ()
    calendar: str | None = None
    covariate_gaps: CovariateGaps = "error"
    static: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    sort: bool = False
    duplicates: Duplicates = "error"
    revision_col: str | None = None
    as_of: str | int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Columns that name a series together; none where that is not said."""
        return _names(self.id_col)

    @property
    def time_cols(self) -> tuple[str, ...]:
        """Columns that say the time together; none where that is not said."""
        return _names(self.time_col)

    @property
    def changing(self) -> tuple[str, ...]:
        """Columns of covariates, those known ahead first."""
        return (*_names(self.covariates), *_names(self.past_covariates))

    def checked(self) -> "Reading":
        """The checked options, with tuples in place of other sequences.

        Raises
        ------
        ParameterError
            An option has a value that is not allowed, or two contradict each other.
        """
        form = super().checked()
        check_gaps(self.gaps)
        check_gaps_option(self.covariate_gaps)
        if self.calendar is not None:
            check_calendar(self.calendar)
        if self.duplicates not in _DUPLICATES:
            raise ParameterError(f"duplicates={self.duplicates!r} is none of {', '.join(map(repr, _DUPLICATES))}.")
        if not isinstance(self.sort, bool):
            raise ParameterError(f"sort={self.sort!r} is not True or False.")
        if self.as_of is not None and self.revision_col is None:
            raise ParameterError(
                f"as_of={self.as_of!r} needs revision_col, the column that says when a value became known "
                "(--revision_col on the command line)."
            )
        if isinstance(self.as_of, bool) or not isinstance(self.as_of, (str, int, type(None))):
            raise ParameterError(f"as_of={self.as_of!r} is no date such as '2024-06-30'.")
        found = dataclasses.replace(
            self,
            separator=form.separator,
            decimal=form.decimal,
            thousands=form.thousands,
            missing=form.missing,
            units=form.units,
            skip_lines=form.skip_lines,
            id_col=_one_or_all(self.id_col),
            time_col=_one_or_all(self.time_col),
            covariates=_names(self.covariates),
            past_covariates=_names(self.past_covariates),
            static=_names(self.static),
            drop=_names(self.drop),
        )
        _check_distinct(found)
        return found


def _names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def _one_or_all(given: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    names = _names(given)
    return None if not names else names[0] if len(names) == 1 else names


def _check_distinct(options: Reading) -> None:
    taken: dict[str, str] = {}
    uses = {
        "id_col": options.ids, "time_col": options.time_cols, "target_col": _names(options.target_col),
        "revision_col": _names(options.revision_col), "covariates": options.covariates,
        "past_covariates": options.past_covariates, "static": options.static,
        "drop": options.drop,
    }  # fmt: skip
    for option, names in uses.items():
        for name in names:
            if not isinstance(name, str):
                raise ParameterError(f"{option}={name!r} is no name of a column.")
            if name in taken and {option, taken[name]} != {"id_col", "static"}:
                raise ParameterError(f"Column {name!r} is named twice, in {option} and elsewhere; each has one use.")
            taken[name] = option
