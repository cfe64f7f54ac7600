"""Panel: a set of regular time series in one contiguous, immutable block of memory."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import CovariateError, DataError, UnknownNameError
from tsforecast.panel.categories import Levels
from tsforecast.panel.columns import check_long_frame, parse_covariates, series_of, warn_unused
from tsforecast.panel.covariates import CovariateGaps, check_all_finite, check_gaps_option, check_names, fill_covariates
from tsforecast.panel.ends import check_end_of_rows
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.parse import check_series_names, parse_table, parse_times, parse_values, plain_array
from tsforecast.panel.regular import Gaps, first_irregular
from tsforecast.panel.roles import names_of, with_calendar, with_coded, with_past
from tsforecast.panel.rows import fingerprint_of, frame_of, index_of, join, join_times, regular_rows
from tsforecast.panel.static import align_static, constant_rows
from tsforecast.panel.times.frequency import Freq, freq_label, season_length_of
from tsforecast.panel.times.infer_frequency import declared_freq


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """A set of regular time series of any lengths, stored one after another.

    Build one with `from_frame`, `from_wide`, `from_series` or `from_array`: they check and infer; the constructor only
    checks shapes. Arrays are read-only.

    Attributes
    ----------
    values : ndarray, shape (n_obs,)
        Observations of all series, series by series; nan is a missing value, inf is not allowed. Whole numbers past
        2**53 are rounded to the next float64.
    times : Index, shape (n_obs,)
        Times of the observations: timestamps (with or without a zone), periods or integers; one step apart within a
        series.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``values[indptr[i]:indptr[i + 1]]``.
    ids : Index, shape (n_series,)
        Unique names of the series.
    freq : offset or int
        The one frequency of all series; an int is the step of integer times.
    covariates : ndarray, shape (n_obs, n_features), or None
        Covariates known into the future, aligned with ``values``; all are finite, since no model can use missing ones.
    covariate_names : tuple of str, length n_features
    static : DataFrame, n_series rows, or None
        Static covariates, which do not change in time: columns of numbers or of texts, indexed by ``ids``.
    past_covariates : ndarray, shape (n_obs, n_past), or None
        Covariates known up to the present only, such as measured weather: no forecast is given later ones.
    past_names : tuple of str, length n_past
    levels : mapping of str to tuple of str
        Texts that each categorical covariate takes; it has a column of 0 and 1 for each, named ``promotion=sale``.
    calendar : str or None
        Country whose holidays are among the covariates, see `with_calendar`: they follow from the times.
    left_out : ndarray of int, shape (n_series,), or None
        Observations of each series before those held here, where a saved forecaster has kept only the ends of its
        series; None where the series are whole.

    Examples
    --------
    >>> panel = Panel.from_array(np.arange(6.0).reshape(3, 2))
    >>> panel
    Panel(n_series=2, n_obs=6, freq='1')
    >>> panel.series(1)
    array([1., 3., 5.])
    """

    values: Floats
    times: Index
    indptr: Ints
    ids: Index
    freq: Freq
    covariates: Floats | None = None
    covariate_names: tuple[str, ...] = ()
    static: pd.DataFrame | None = None
    left_out: Ints | None = None
    past_covariates: Floats | None = None
    past_names: tuple[str, ...] = ()
    levels: Levels = dataclasses.field(default_factory=dict)
    calendar: str | None = None

    def __post_init__(self) -> None:
        if self.indptr[0] != 0 or self.indptr[-1] != self.values.size or len(self.times) != self.values.size:
            raise DataError(
                f"values ({self.values.size}), times ({len(self.times)}) and indptr (to {self.indptr[-1]}) disagree."
            )
        if len(self.ids) != self.indptr.size - 1 or not self.ids.is_unique:
            twice = self.ids[self.ids.duplicated()].tolist()[:1]
            raise DataError(f"{len(self.ids)} ids for {self.indptr.size - 1} series; repeated: {twice or 'none'}.")
        if self.covariates is not None:
            check_all_finite(self.covariates, self.covariate_names, self.times, self.indptr, self.ids)
        if self.past_covariates is not None:
            check_all_finite(self.past_covariates, self.past_names, self.times, self.indptr, self.ids)
        if self.static is not None and not self.static.index.equals(self.ids):
            raise DataError("static has another index than ids; use with_static, which aligns it.")
        for name in ("values", "indptr", "covariates", "past_covariates", "left_out"):
            array = getattr(self, name)
            if array is not None and array.flags.writeable:
                array = np.ascontiguousarray(array).copy()
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        return f"Panel(n_series={self.n_series}, n_obs={self.n_obs}, freq={freq_label(self.freq)})"

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        covariates: Sequence[str] = (),
        past_covariates: Sequence[str] = (),
        calendar: str | None = None,
        static: Sequence[str] = (),
        freq: str | Freq | None = None,
        gaps: Gaps = "error",
        covariate_gaps: CovariateGaps = "error",
    ) -> Self:
        """The panel of a long frame: one row for each series and time.

        Parameters
        ----------
        frame : DataFrame
            Of pandas, polars, Arrow or another library that narwhals reads; a lazy one is collected. Rows of one series
            must be in increasing time; series may be interleaved. Without a column ``id_col`` the frame is one series,
            named after ``target_col``. Times may be whole numbers, which are dates where all of them are days such as
            20240131 (from 1900 to 2100).
        id_col, time_col, target_col : str
            Column names.
        covariates : sequence of str
            Columns known into the future: numbers, truths, or texts (categories of up to 100 levels).
        past_covariates : sequence of str
            Columns known up to the present only, see `with_past_covariates`.
        calendar : str, optional
            Country whose holidays are covariates too, see `with_calendar`.
        static : sequence of str
            Columns, of numbers or texts, that hold one value throughout a series: see `with_static`.
        freq : str or int, optional
            Frequency; inferred from the series where it is not given.
        gaps : {"error", "nan", "zero", "ffill", "interpolate", "snap"}
            How a skipped time is handled: an error, or a missing value. This and empty cells are filled by ``"zero"``,
            ``"ffill"`` (the last value before) and ``"interpolate"`` (a line between the neighbours, of which one is
            later, so that a backtest sees it before its time). ``"snap"`` is ``"nan"``, and moves times that lie near a
            regular grid onto it, by less than half a step and no two times of a series onto one. Rows without a value
            after the last one of a series are an error, or with all others than ``"error"`` left out, with an
            `UnusedRowWarning`: a series ends at its last value. A series without any value keeps its rows.
        covariate_gaps : {"error", "ffill", "interpolate"}
            How a missing covariate, in a row or at a skipped time, is handled: an error, or filled, see
            `with_covariates`.

        Raises
        ------
        DataError
            A column is absent, a value is not a number or infinite.
        CovariateError
            A covariate is missing, no number or infinite; the message names the series, the column and the time.
        MissingValuesError
            A series has no value in its last rows.
        GapError, DuplicateTimeError, DisorderError, FrequencyError
            The times are not regular; the message names the series and the first offending time.

        Examples
        --------
        >>> months = pd.date_range("2020-01", periods=3, freq="MS")
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": months, "y": [1, 2, 4]})
        >>> Panel.from_frame(frame)
        Panel(n_series=1, n_obs=3, freq='MS')
        """
        frame, changing = table_of(frame), (*names_of(covariates), *names_of(past_covariates))
        check_long_frame(frame, id_col, time_col, target_col, changing, static)
        warn_unused(frame.columns, (id_col, time_col, target_col, *changing, *static), stacklevel=2)
        codes, labels = series_of(frame, id_col, target_col)
        order = np.argsort(codes, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(codes))]).astype(np.int64)
        times = parse_times(frame[time_col].iloc[order], indptr, labels)
        values = parse_values(frame[target_col].to_numpy()[order], indptr, labels, times)
        coded = parse_covariates(frame[list(changing)].iloc[order], indptr, labels, times)
        rows = regular_rows(values, times, indptr, labels, freq, gaps, coded.table if changing else None)
        panel = cls(rows.values, rows.times, rows.indptr, labels, rows.freq)
        if rows.table is not None:
            panel = with_coded(panel, coded._replace(table=rows.table), names_of(past_covariates), covariate_gaps)
        panel = with_calendar(panel, calendar)
        return panel.with_static(constant_rows(frame[list(static)].iloc[order], indptr, labels)) if static else panel

    @classmethod
    def from_wide(cls, frame: Any, *, freq: str | Freq | None = None, gaps: Gaps = "error") -> Self:
        """The panel of a wide frame: times in the index (or ``ds``, of another library), one column for each series.

        Leading and trailing nan of a column are trimmed: the series begins later, or ends earlier, than the others.
        Rows at the end that are empty in all columns are handled according to ``gaps``, as in `from_frame`.

        Raises
        ------
        DataError
            A column holds only nan, or a value is not a number or infinite.
        GapError, DuplicateTimeError, DisorderError, FrequencyError
            As in `from_frame`.

        Examples
        --------
        >>> Panel.from_wide(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [np.nan, 5.0, 6.0]})).lengths
        array([3, 2])
        """
        frame, _ = series_of_native(frame)
        if frame.shape[0] == 0 or frame.shape[1] == 0:
            raise DataError(f"The frame has shape {frame.shape}; at least one row and one column are needed.")
        check_series_names(frame.columns, "columns")
        ids = pd.Index(frame.columns)
        times = parse_times(index_of(frame), np.array([0, len(frame)]), pd.Index(["index"]))
        table = parse_table(frame, ids, times)  # (n_times, n_series)
        present = ~np.isnan(table.T)
        if not present.any(axis=1).all():
            raise DataError(f"Series {ids[int(np.argmin(present.any(axis=1)))]!r} holds nothing but missing values.")
        check_end_of_rows(present, times, ids, may_be_cut=gaps != "error")
        begun = np.logical_or.accumulate(present, axis=1)
        inside = begun & np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
        indptr = np.concatenate([[0], np.cumsum(inside.sum(axis=1))]).astype(np.int64)
        step = declared_freq(frame.index, times) if freq is None else freq
        return cls._of_rows(table.T[inside], times.take(np.nonzero(inside)[1]), indptr, ids, step, gaps)

    @classmethod
    def from_series(cls, series: "pd.Series[float]", *, freq: str | Freq | None = None, gaps: Gaps = "error") -> Self:
        """The panel of one pandas Series, named after it (``"y"`` where it has no name).

        Examples
        --------
        >>> Panel.from_series(pd.Series([1.0, 2.0], name="sales")).ids.tolist()
        ['sales']
        """
        ids = pd.Index(["y" if series.name is None else series.name], tupleize_cols=False)
        check_series_names(ids, "names")
        indptr = np.array([0, len(series)], dtype=np.int64)
        if len(series) == 0:
            raise DataError(f"Series {ids[0]!r} is empty.")
        times = parse_times(index_of(series), indptr, ids)
        step = declared_freq(series.index, times) if freq is None else freq
        return cls._of_rows(parse_values(series.to_numpy(), indptr, ids, times), times, indptr, ids, step, gaps)

    @classmethod
    def from_array(cls, array: Floats) -> Self:
        """The panel of an array: ``(n_obs,)``, or ``(n_obs, n_series)`` with one column a series; times count from 0.

        Series are named ``"y"``, or ``"y0"``, ``"y1"`` and so on. A one-dimensional array keeps nan at its end: as
        there are no times, forecasts begin after its last element.

        Examples
        --------
        >>> Panel.from_array(np.array([3.0, 1.0, 2.0])).times.tolist()
        [0, 1, 2]
        """
        array = plain_array(array)
        if array.ndim not in (1, 2) or array.size == 0:
            raise DataError(f"The array has shape {array.shape}; (n_obs,) or (n_obs, n_series) with values is needed.")
        if array.ndim == 1:
            indptr, times, ids = np.array([0, array.size]), pd.Index(np.arange(array.size)), pd.Index(["y"])
            return cls(parse_values(array, indptr, ids, times), times, indptr, ids, 1)
        return cls.from_wide(pd.DataFrame(array, columns=[f"y{i}" for i in range(array.shape[1])]), freq=1)

    @classmethod
    def _of_rows(
        cls, values: Floats, times: Index, indptr: Ints, ids: Index, freq: str | Freq | None, gaps: Gaps
    ) -> Self:
        """The panel with regular times."""
        rows = regular_rows(values, times, indptr, ids, freq, gaps)
        return cls(rows.values, rows.times, rows.indptr, ids, rows.freq)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def n_obs(self) -> int:
        """Number of observations of all series together."""
        return int(self.values.size)

    @property
    def lengths(self) -> Ints:
        """Observations of each series: ``(n_series,)``."""
        return np.diff(self.indptr)

    @property
    def last_times(self) -> Index:
        """Time of the last observation of each series: ``(n_series,)``."""
        return self.times.take(self.indptr[1:] - 1)

    @property
    def season_length(self) -> int:
        """Usual number of steps per season for the frequency (12 for months), 1 where there is none."""
        return season_length_of(self.freq)

    def series(self, i: int) -> Floats:
        """Values of series ``i``, counted from 0: a read-only view ``(lengths[i],)``."""
        return self.values[self.indptr[i] : self.indptr[i + 1]]

    def times_of(self, i: int) -> Index:
        """Times of series ``i``, counted from 0: ``(lengths[i],)``."""
        return self.times[self.indptr[i] : self.indptr[i + 1]]

    @property
    def n_present(self) -> Ints:
        """Observations of each series that are not missing: ``(n_series,)``."""
        return np.add.reduceat((~np.isnan(self.values)).astype(np.int64), self.indptr[:-1])

    def id_at(self, row: int) -> Any:
        """Name of the series that ``values[row]`` belongs to."""
        return self.ids[int(np.searchsorted(self.indptr, row, side="right")) - 1]

    def positions(self, ids: Index) -> Ints:
        """Position of each name in this panel: ``(len(ids),)``; an `UnknownNameError` names the first absent one."""
        found = self.ids.get_indexer(ids)
        if (found < 0).any():
            raise UnknownNameError(
                f"Series {ids[int(np.argmax(found < 0))]!r} is not among the {self.n_series} series known."
            )
        return found.astype(np.int64)

    def take(self, positions: "Ints | Sequence[int]") -> "Panel":
        """The panel of some series, in the order given."""
        picked = np.asarray(positions, dtype=np.int64)
        static = None if self.static is None else self.static.iloc[picked]
        taken = self._pick(self.indptr[picked], self.indptr[picked + 1], self.ids.take(picked), static)
        return taken if self.left_out is None else dataclasses.replace(taken, left_out=self.left_out[picked])

    def slice(self, start: Ints, stop: Ints) -> "Panel":
        """The panel of observations ``start[i]`` to ``stop[i] - 1`` of each series i, counted from 0 in each."""
        if self.left_out is not None:
            raise DataError("The beginnings of these series were left out, so that steps cannot be counted from them.")
        if ((start < 0) | (stop > self.lengths) | (start >= stop)).any():
            bad = int(np.argmax((start < 0) | (stop > self.lengths) | (start >= stop)))
            raise DataError(
                f"Series {self.ids[bad]!r} has {self.lengths[bad]} observations; "
                f"steps {start[bad]} to {stop[bad]} were asked for."
            )
        return self._pick(self.indptr[:-1] + start, self.indptr[:-1] + stop, self.ids, self.static)

    def _pick(self, begin: Ints, end: Ints, ids: Index, static: pd.DataFrame | None) -> "Panel":
        indptr = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int64)
        pieces = list(map(slice, begin.tolist(), end.tolist()))
        if (begin[1:] == end[:-1]).all():  # adjacent slices: a view, without a copy
            pieces = [slice(begin[0], end[-1])] if pieces else [slice(0)]
        ahead, past = (None if c is None else join(c, pieces) for c in (self.covariates, self.past_covariates))
        return Panel(
            join(self.values, pieces), join_times(self.times, pieces), indptr, ids, self.freq, ahead,
            self.covariate_names, static, None, past, self.past_names, self.levels, self.calendar,
        )  # fmt: skip

    def with_values(self, values: Floats) -> "Panel":
        """The same panel with other values: ``(n_obs,)``."""
        return dataclasses.replace(self, values=np.asarray(values, dtype=np.float64))

    def at_freq(self, freq: Freq) -> "Panel":
        """The same panel with another frequency where its times are consecutive steps of it; else unchanged.

        Examples
        --------
        >>> from tsforecast.panel.times.frequency import parse_freq
        >>> quarters = pd.Series([1.0, 2.0, 4.0], index=pd.date_range("2020-01", periods=3, freq="3MS"))
        >>> Panel.from_series(quarters, freq="3MS").at_freq(parse_freq("QS"))
        Panel(n_series=1, n_obs=3, freq='QS-JAN')
        """
        if freq == self.freq or first_irregular(self.times, self.indptr, self.ids, freq) is not None:
            return self
        return dataclasses.replace(self, freq=freq)

    def with_covariates(
        self, covariates: Floats | None, names: Sequence[str] = (), covariate_gaps: CovariateGaps = "error"
    ) -> Self:
        """The same panel with these covariates known into the future, ``(n_obs, n_features)``, or without any.

        Those known up to the present only stay, unless there are to be none.

        Parameters
        ----------
        covariates : ndarray, shape (n_obs, n_features), or None
            nan is a missing value.
        names : sequence of str, length n_features
        covariate_gaps : {"error", "ffill", "interpolate"}
            What a missing value is: an error; ``"ffill"``, the last one before it in its series; ``"interpolate"``, a
            straight line between its neighbours. The line uses a later value: in a backtest it may carry values from
            after a cutoff into the history. ``"ffill"`` uses no later value. A missing value that cannot be filled is
            an error.

        Raises
        ------
        CovariateError
            A covariate is missing or infinite, the shape is wrong, or a name is used twice.

        Examples
        --------
        >>> panel = Panel.from_array(np.arange(3.0))
        >>> panel.with_covariates(np.array([[5.0], [np.nan], [7.0]]), ["price"], "ffill").covariates.ravel()
        array([5., 5., 7.])
        """
        check_gaps_option(covariate_gaps)
        if covariates is None:
            return dataclasses.replace(
                self, covariates=None, covariate_names=(), past_covariates=None, past_names=(), levels={}, calendar=None
            )
        table = np.asarray(covariates, dtype=np.float64)
        if table.shape != (self.n_obs, len(names)):
            raise CovariateError(f"Covariates have shape {table.shape}; ({self.n_obs}, {len(names)}) is needed.")
        texts = check_names(names)
        filled = fill_covariates(table, self.indptr, covariate_gaps)
        check_all_finite(filled, texts, self.times, self.indptr, self.ids, covariate_gaps)
        return dataclasses.replace(self, covariates=filled, covariate_names=texts)

    def with_past_covariates(self, names: Sequence[str]) -> Self:
        """The same panel with some of its covariates as known up to the present only.

        A forecast uses their values up to its origin; `BaseForecaster.predict` needs no later ones, and a backtest
        shows a model none.

        Raises
        ------
        CovariateError
            There is no covariate of that name.

        Examples
        --------
        >>> panel = Panel.from_array(np.arange(3.0)).with_covariates(np.ones((3, 2)), ["price", "temp"])
        >>> panel = panel.with_past_covariates(["temp"])
        >>> panel.covariate_names, panel.past_names
        (('price',), ('temp',))
        """
        return with_past(self, names)

    def with_calendar(self, calendar: str | None) -> Self:
        """The same panel with the holidays of a country, ``"DE"`` or ``"DE-BY"``, among its covariates; None for none.

        They follow from the times, so that `BaseForecaster.predict` need not be given them. Their columns are those of
        `tsforecast.holiday_covariates`.

        Raises
        ------
        ParameterError
            There is no such country or part; the message lists those that there are.
        CovariateError
            The times are no dates.

        Examples
        --------
        >>> y = pd.Series([3.0, 1.0, 2.0], index=pd.date_range("2024-12-24", periods=3, freq="D"))
        >>> Panel.from_series(y).with_calendar("DE").covariates.ravel()
        array([0., 1., 1.])
        """
        return with_calendar(self, calendar)

    def with_static(self, static: pd.DataFrame | None) -> Self:
        """The same panel with these static covariates, or with none.

        Parameters
        ----------
        static : DataFrame or None
            A row for each series, named in a column ``unique_id`` or in the index; columns of numbers, or of texts
            (categories). Rows of other series are ignored; missing values are allowed.

        Raises
        ------
        CovariateError
            A series has no row, or two; a column has the name of another of the panel.

        Examples
        --------
        >>> panel = Panel.from_array(np.arange(6.0).reshape(3, 2))
        >>> panel.with_static(pd.DataFrame({"unique_id": ["y1", "y0"], "area": [30.0, 50.0]})).static
            area
        y0  50.0
        y1  30.0
        """
        taken = (*self.covariate_names, *self.past_names)
        return dataclasses.replace(
            self, static=None if static is None else align_static(table_of(static), self.ids, taken)
        )

    def to_frame(self) -> pd.DataFrame:
        """A long frame: columns ``unique_id``, ``ds``, ``y``, the covariates and the static covariates."""
        return frame_of(self)

    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of the contents of the panel: equal panels have equal fingerprints."""
        return fingerprint_of(self)
