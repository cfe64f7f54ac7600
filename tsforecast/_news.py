"""Reads what `BaseForecaster.update` is given, and compares it with what is known: gaps, overlaps, corrections."""

import dataclasses
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
import pandas as pd

from tsforecast._arguments import check_present
from tsforecast._bounds import Range
from tsforecast._repeated import Revised, check_repeated
from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import (
    DataError,
    FrequencyError,
    GapError,
    MissingValuesError,
    ParameterError,
    UnknownNameError,
)
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, align_covariates, align_history
from tsforecast.panel.containers import Series, is_static, to_panel
from tsforecast.panel.ends import without_empty_end
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.parse import parse_times, plain_array, time_kind
from tsforecast.panel.regular import first_irregular
from tsforecast.panel.roles import asked_names, has_covariates, like_trained, with_coded
from tsforecast.panel.times.frequency import freq_name, future_times, step_times, steps_between

NewsGaps: TypeAlias = Literal["error", "nan"]

_NO_VALUE = "Take such rows out; gaps='nan' takes steps that were passed over as missing once a later value comes."


class Updatable(Protocol):
    """What is needed of a fitted forecaster here."""

    panel_: Panel
    skipped_: dict[Any, int]
    stand_in_: Any
    _places: Any

    @property
    def handles_missing(self) -> bool:
        """Whether nan is allowed."""

    @property
    def uses_covariates(self) -> bool:
        """Whether covariates change the forecasts."""

    @property
    def _origin(self) -> Panel:
        """What forecasts start from."""

    def _range(self) -> Range:
        """The values that forecasts may take."""


def read_news(
    model: Updatable, y: Series, X: Covariates | None, gaps: NewsGaps, revised: Revised
) -> tuple[Panel | None, Panel | None]:
    """Checked new observations of the series of a forecaster, and those of its stand-in; None where there are none.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> news, _ = read_news(Naive().fit([3.0, 1.0, 2.0]), [5.0], None, "error", "error")
    >>> news.values, news.times.tolist()
    (array([5.]), [3])
    """
    for name, choice, known in (("gaps", gaps, NewsGaps), ("revised", revised, Revised)):
        if choice not in get_args(known):
            raise ParameterError(f"{name}={choice!r} is none of {', '.join(map(repr, get_args(known)))}.")
    y, _ = series_of_native(y)
    X = table_of(X) if model.uses_covariates else None
    y = _without_empty_rows(y) if gaps == "nan" else y
    if _is_empty(y):
        return None, None
    given, begin = _given(model, y, X, gaps)
    own = np.flatnonzero(given.ids.isin(model._origin.ids))
    skipped = np.flatnonzero(given.ids.isin(list(model.skipped_)))
    if own.size + skipped.size < given.n_series:
        strange = given.ids[~given.ids.isin([*model._origin.ids, *model.skipped_])]
        raise UnknownNameError(
            f"Series {strange[0]!r} is not among the {model._origin.n_series} series fitted; fit anew with it, as "
            "update learns no parameters."
        )
    news = _gone_on(model, given.take(own), begin, X, gaps, revised) if own.size else None
    stand_in, of_stand_in = model.stand_in_, None
    if stand_in is not None:
        few = given.with_covariates(None).take(np.flatnonzero(given.ids.isin(stand_in.panel_.ids)))
        of_stand_in = _gone_on(stand_in, few, begin, None, gaps, revised) if few.n_series else None
    return news, of_stand_in


def _without_empty_rows(y: Any) -> Any:
    """A frame or Series without rows after the last value of its series: steps that later values may leave behind."""
    if not isinstance(y, (pd.DataFrame, pd.Series)):
        return y
    is_long = isinstance(y, pd.DataFrame) and {"ds", "y"} <= set(map(str, y.columns))
    return y.iloc[:0] if not is_long and y.isna().all(axis=None) else without_empty_end(y)


def _is_empty(y: Any) -> bool:
    """Whether there is no row at all."""
    if isinstance(y, Panel):
        return y.n_obs == 0
    return isinstance(y, (pd.Series, pd.DataFrame, np.ndarray, list, tuple)) and len(y) == 0


def _given(model: Updatable, y: Series, X: Covariates | None, gaps: NewsGaps) -> tuple[Panel, Index]:
    """The panel of all that was given, and, for a table, the time of its first row: ``(1,)`` or ``(0,)``."""
    origin, begin = model._origin, model._origin.times[:0]
    is_alone = origin.n_series + len(model.skipped_) == 1
    nameless = isinstance(y, pd.DataFrame) and "unique_id" not in y.columns and {"ds", "y"} <= set(y.columns)
    nameless = nameless or (isinstance(y, pd.Series) and y.name is None)
    if isinstance(y, (np.ndarray, list, tuple)):
        y = _with_times(model, plain_array(y))
        if isinstance(y, Panel):
            return _with_array(y, X), begin
    panel, container = to_panel(_filled(y), freq=origin.freq, gaps=gaps)
    if nameless and is_alone:
        panel = dataclasses.replace(panel, ids=origin.ids if origin.n_series else pd.Index(list(model.skipped_)))
    if container.kind == "wide":
        rows = y if isinstance(y, pd.DataFrame) else pd.DataFrame()
        begin = parse_times(pd.Series(rows.index[:1]), np.array([0, 1]), pd.Index(["index"]))
    if container.kind in ("long", "series"):
        _check_some_value(panel)
    kinds = time_kind(panel.times), time_kind(origin.times)
    if kinds[0] != kinds[1] and not (kinds[0][:5] == kinds[1][:5] == "dates"):
        raise DataError(f"The times of y_new are {kinds[0]}, those of the series {kinds[1]}; give both the same kind.")
    panel = panel.at_freq(origin.freq)
    if panel.freq != origin.freq:
        raise first_irregular(panel.times, panel.indptr, panel.ids, origin.freq) or FrequencyError(
            f"y_new has the frequency {freq_name(panel.freq)!r}; the model was fitted on {freq_name(origin.freq)!r}."
        )
    return _with_array(panel, X), begin


def _with_times(model: Updatable, array: "np.ndarray[Any, Any]") -> Panel | pd.DataFrame:
    """An array that goes on right after the end of the series, with their names and times."""
    origin = model._origin
    names = _all_names(model)
    if array.ndim == 1 and len(names) == 1:
        panel = Panel.from_array(array)
        times = future_times(model._origin.last_times, panel.n_obs, origin.freq)
        return dataclasses.replace(panel, ids=names, times=times, freq=origin.freq)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise DataError(
            f"y_new is an array of shape {array.shape}; the model holds {len(names)} series, so that an array is "
            f"(n_obs, {len(names)}), with one column each in the order of fit. A frame may hold some of them."
        )
    last = origin.last_times.max()
    end = origin.last_times[origin.last_times == last][:1]
    return pd.DataFrame(array, columns=names, index=future_times(end, len(array), origin.freq))


def _all_names(model: Updatable) -> Index:
    """Names of the series of `fit` in their order, those skipped as too short among them."""
    ids = model._origin.ids
    if model._places is None:
        return ids
    places, count = model._places
    names = np.empty(count, dtype=object)
    names[places] = ids
    names[np.setdiff1d(np.arange(count), places)] = list(model.skipped_)
    return pd.Index(names.tolist())


def _filled(y: Any) -> Any:
    """A wide frame without the columns that hold no value; all of them are an error."""
    if not isinstance(y, pd.DataFrame) or {"unique_id", "ds"} & set(map(str, y.columns)) or not y.columns.is_unique:
        return y
    known = y.notna().any(axis=0).to_numpy()
    if not known.any():
        raise MissingValuesError(f"y_new has no value in its {len(y)} rows. {_NO_VALUE}")
    return y.loc[:, known]


def _check_some_value(panel: Panel) -> None:
    bare = panel.n_present == 0
    if bare.any():
        i = int(np.argmax(bare))
        raise MissingValuesError(
            f"Series {panel.ids[i]!r} has no value in y_new, from {panel.times_of(i)[0]} to {panel.last_times[i]}. "
            f"{_NO_VALUE}"
        )


def _with_array(given: Panel, X: Covariates | None) -> Panel:
    """The panel with covariates that came as an array, one row for each observation."""
    if X is None or isinstance(X, (pd.DataFrame, pd.Series)):
        return given
    return with_coded(given.with_covariates(None), align_covariates(X, given.ids, given.lengths, given.times))


def _gone_on(
    model: Updatable, given: Panel, begin: Index, X: Covariates | None, gaps: NewsGaps, revised: Revised
) -> Panel | None:
    """The rows after the end of each series, once those before it are compared; None where there are none."""
    origin = model._origin
    places = origin.positions(given.ids)
    first = _steps_to(origin.last_times.take(places), given.times.take(given.indptr[:-1]), origin, given.ids)
    table = first if len(begin) == 0 else np.minimum(first, _steps_to_each(origin, places, begin, given.ids))
    for i in np.flatnonzero(table > 1) if gaps == "error" else ():
        raise _gap_error(model, given, int(i), origin.last_times[places[i]], int(first[i]))
    if revised == "error":
        check_repeated(model, given, places, first)
    n_new = first + given.lengths - 1
    late = np.flatnonzero(n_new > 0)
    if late.size == 0:
        return None
    news = _news_of(origin, given.take(late), places[late], first[late])
    news = _with_covariates(news, origin, X, model.uses_covariates)
    check_present(news, model.handles_missing, type(model).__name__)
    model._range().check(news)
    return news


def _steps_to(last: Index, first: Index, origin: Panel, ids: Index) -> Ints:
    """Steps from each of ``last`` to the same of ``first``: ``(n,)``."""
    known: dict[tuple[Any, Any], int] = {}
    steps = np.empty(len(ids), dtype=np.int64)
    for i, pair in enumerate(zip(last, first, strict=True)):
        if pair not in known:
            try:
                known[pair] = steps_between(last[i : i + 1], first[i : i + 1], origin.freq)
            except FrequencyError as error:
                raise FrequencyError(f"Series {ids[i]!r} in y_new: {error}") from error
        steps[i] = known[pair]
    return steps


def _steps_to_each(origin: Panel, places: Ints, begin: Index, ids: Index) -> Ints:
    return _steps_to(origin.last_times.take(places), begin.repeat(len(places)), origin, ids)


def _gap_error(model: Updatable, given: Panel, i: int, end: Any, first: int) -> GapError:
    absent = "one step between is" if first == 2 else f"{first - 1} steps between are"
    way = (
        "gaps='nan' takes them as missing values"
        if model.handles_missing
        else f"{type(model).__name__} cannot use missing values"
    )
    return GapError(
        f"Series {given.ids[i]!r} ends at {end}, and y_new goes on at {given.times_of(i)[0]}: {absent} absent. "
        f"Give all observations since the end; {way}."
    )


def _news_of(origin: Panel, given: Panel, places: Ints, first: Ints) -> Panel:
    """The rows after the end of each series, with nan at steps that were passed over."""
    pad, cut = np.maximum(first - 1, 0), np.maximum(1 - first, 0)
    counts = pad + given.lengths - cut

    def rows(table: Floats) -> Floats:
        pieces: list[Floats] = []
        for i in range(given.n_series):
            pieces += [
                np.full((pad[i], *table.shape[1:]), np.nan),
                table[given.indptr[i] + cut[i] : given.indptr[i + 1]],
            ]
        return np.concatenate(pieces)

    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    steps = np.arange(indptr[-1]) - np.repeat(indptr[:-1], counts) + 1
    times = step_times(origin.last_times.take(places).repeat(counts), steps, origin.freq)
    news = Panel(rows(given.values), times, indptr, origin.ids.take(places), origin.freq)
    if origin.static is not None:
        news = news.with_static(origin.static.iloc[places])
    ahead, past = (None if c is None else rows(c) for c in (given.covariates, given.past_covariates))
    return dataclasses.replace(
        news,
        covariates=ahead,
        covariate_names=given.covariate_names,
        past_covariates=past,
        past_names=given.past_names,
        levels=given.levels,
        calendar=given.calendar,
    )


def _with_covariates(news: Panel, origin: Panel, X: Covariates | None, uses_covariates: bool) -> Panel:
    """News with the covariates of the training series, in their order."""
    if not uses_covariates:
        return news.with_covariates(None) if has_covariates(news) else news
    table = X.to_frame("x0" if X.name is None else X.name) if isinstance(X, pd.Series) else X
    if isinstance(table, pd.DataFrame) and not is_static(table):
        if asked_names(origin) or origin.past_names:
            coded = align_history(table, news, origin)
        else:
            coded = align_covariates(table, news.ids, news.lengths, news.times)
        news = with_coded(news.with_covariates(None), coded)
    return like_trained(news, origin, "The news have", ": update needs X_new with these, at the times of y_new")
