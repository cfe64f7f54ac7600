"""Forecasts of a run beside the truth: all cutoffs of some series, in one figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.history import joined_truth, kept_values
from tsforecast.backtest.result.leaderboard import leaderboard, mean_over_cutoffs, usual_baseline
from tsforecast.backtest.result.plots import check_models, error_of_series, title_of
from tsforecast.charts.reading import panel_with_gaps
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel
from tsforecast.panel.containers import Series
from tsforecast.plots.canvas import drawing, label, new_figure, short_name, shown_name
from tsforecast.plots.fan import Fan, draw_fan, draw_history, finite_range, recent
from tsforecast.plots.lines import time_axis
from tsforecast.plots.style import model_styles

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_MODELS = 4  # that are shown unless the caller names them
_FURTHEST = 5.0  # times the range of the truth: forecasts that are farther away are not all shown


class _Windows(NamedTuple):
    """Forecasts of one series by one model, all windows one after another with a row of nan between."""

    steps: Ints  # after the oldest cutoff, (n,); -1 in the rows between
    times: Index
    truth: Floats
    columns: dict[str, Floats]


def plot_forecasts(
    run: RunData,
    series: Any = None,
    models: Sequence[str] | None = None,
    *,
    history: Series | None = None,
) -> "Figure":
    """Truth and forecasts of some series at all cutoffs; see `BacktestResult.plot_forecasts`."""
    titles = _chosen_series(run, series)
    names = _chosen_models(run, models)
    tables = {name: _rows_of(run, name, list(titles)) for name in names}
    past = None if history is None else panel_with_gaps(history)
    with drawing():
        figure = new_figure(7.2, 0.5 + 2.1 * len(titles))
        handles: dict[str, Artist] = {}
        panels = figure.subplots(len(titles), 1, squeeze=False)[:, 0]
        for ax, (unique_id, (title, note)) in zip(panels, titles.items(), strict=True):
            found = {name: _windows(run, table, unique_id) for name, table in tables.items()}
            windows = {name: own for name, own in found.items() if own is not None}
            handles |= _draw(ax, run, windows, (past, unique_id))
            gone = _keep_in_view(ax, windows)
            label(
                ax,
                title,
                note="; ".join([*([note] if note else []), *([f"{listed} leaves the picture" for listed in gone])]),
            )
        names = [shown_name(name) for name in handles]
        figure.legend(list(handles.values()), names, loc="outside right upper", handlelength=2.6)
    return figure


def _draw(
    ax: "Axes", run: RunData, windows: dict[str, _Windows], past: tuple[Panel | None, Any]
) -> "dict[str, Artist]":
    """One series: truth, then each model; the artists of a legend. ``past`` is a history given, and the series."""
    given, unique_id = past
    known = None if given is None else _before(given, unique_id, run.horizon)
    times, values = known or _truth(run, unique_id, list(windows.values()))
    found = draw_history(ax, times, values, "truth")
    styles, levels = model_styles(run.models), [float(percent) for percent in run.config["level"]]
    for k, (name, own) in enumerate(windows.items()):
        ends = {p: (own.columns[f"lo-{p:g}"], own.columns[f"hi-{p:g}"]) for p in levels if k == 0}
        fan = Fan(own.times, own.columns["mean"], {p: pair for p, pair in ends.items() if np.isfinite(pair[0]).any()})
        drawn = draw_fan(ax, fan, styles[name], name=name, only=len(windows) == 1)
        found |= {key if key == name else f"{key} of {name}": artist for key, artist in drawn.items()}
    if not windows:
        ax.annotate("no forecasts", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    elif len(times):
        time_axis(ax, times)
    return found


def _keep_in_view(ax: "Axes", windows: dict[str, _Windows]) -> list[str]:
    """Limit the axis where forecasts of models but the first are so far away that nothing else is seen; their names."""
    if len(windows) < 2:
        return []
    first, *others = windows
    low, high = finite_range([windows[first].truth, windows[first].columns["mean"]])
    room = _FURTHEST * ((high - low) or abs(high) or 1.0)
    gone = [name for name in others if not _is_within(windows[name].columns["mean"], low - room, high + room)]
    if gone:
        ax.set_ylim(low - 0.2 * room, high + 0.2 * room)
    return [short_name(name) for name in gone]


def _is_within(values: Floats, low: float, high: float) -> bool:
    known = values[np.isfinite(values)]
    return bool(((known >= low) & (known <= high)).all())


def _chosen_series(run: RunData, series: Any) -> dict[Any, tuple[str, str]]:
    """Series to draw, with a title and a note for each: by default the best, median and worst of the winner."""
    ids = run.cube.ids
    if series is not None:
        one = isinstance(series, str) or not isinstance(series, (Sequence, pd.Index, np.ndarray))
        wanted = [series] if one else list(series)
        for name in wanted:
            if name not in ids:
                some = ", ".join(repr(i) for i in ids[:3])
                raise UnknownNameError(f"No series is called {name!r}; there are {some}{' …' if len(ids) > 3 else ''}.")
        if not wanted:
            raise ParameterError("series is empty; name a series, or leave it out for the best, median and worst.")
        return {name: (short_name(name, 60), "") for name in wanted}
    metric = error_of_series(run)
    winner = str(leaderboard(run)["model"].iloc[0])
    cube = run.cube
    scores = mean_over_cutoffs(cube.plane(metric), cube.series)[run.models.index(winner)]
    order = np.flatnonzero(np.isfinite(scores))[np.argsort(scores[np.isfinite(scores)], kind="stable")]
    if order.size == 0:
        raise DataError("No model finished anything, so that there are no forecasts to draw.")
    places = {"best": order[0], "median": order[(order.size - 1) // 2], "worst": order[-1]}
    if order.size < 3:
        places = {"": order[0]} if order.size == 1 else {"best": order[0], "worst": order[-1]}
    about = title_of(run, metric)
    told = {kind: f"{kind} of {order.size:,} series: " if kind else "" for kind in places}
    return {
        ids[i]: (f"{told[kind]}{short_name(ids[i], 50)}", f"{about} {scores[i]:.3g} by {short_name(winner)}")
        for kind, i in places.items()
    }


def _chosen_models(run: RunData, models: Sequence[str] | None) -> list[str]:
    """The models to draw, best first: those named, or the first three and the baseline."""
    if models is not None:
        names = [models] if isinstance(models, str) else list(models)
        check_models(run, names)
        if not names:
            raise ParameterError("models is empty; name a model, or leave it out for the first of the leaderboard.")
        return names
    board = leaderboard(run)
    ranked = board.loc[board["rank"].notna(), "model"].tolist()
    base = usual_baseline(run.models)
    return [name for k, name in enumerate(ranked) if k < _MOST_MODELS - 1 or name == base]


def _rows_of(run: RunData, model: str, ids: Sequence[Any]) -> pd.DataFrame:
    """Forecasts of one model for these series, seeds averaged."""
    ends = [f"{end}-{percent:g}" for percent in run.config["level"] for end in ("lo", "hi")]
    rows = run.large.forecasts_of(model, ["unique_id", "cutoff", "ds", "h", "y", "mean", *ends])
    rows = rows[rows["unique_id"].isin(ids)]
    return rows.groupby(["unique_id", "cutoff", "h"], observed=True, sort=True).agg(
        {"ds": "first", **dict.fromkeys(["y", "mean", *ends], "mean")}
    ).reset_index()  # fmt: skip


def _windows(run: RunData, rows: pd.DataFrame, unique_id: Any) -> _Windows | None:
    own = rows[(rows["unique_id"] == unique_id).to_numpy()]
    if own.empty:
        return None
    keys = run.cube.keys
    known = pd.Index(keys.loc[(keys["unique_id"] == unique_id).to_numpy(), "cutoff"].unique()).sort_values()
    window = known.get_indexer(pd.Index(own["cutoff"]))
    steps = window * run.step + run.gap + own["h"].to_numpy()
    ends = np.flatnonzero(np.diff(window)) + 1  # a row between two windows
    names = [name for name in own if name not in ("unique_id", "cutoff", "h", "ds", "y")]
    columns = {name: np.insert(own[name].to_numpy(dtype=np.float64), ends, np.nan) for name in names}
    keep = np.insert(np.arange(len(own)), ends, ends)
    truth = np.insert(own["y"].to_numpy(dtype=np.float64), ends, np.nan)
    return _Windows(np.insert(steps, ends, -1), pd.Index(own["ds"]).take(keep), truth, columns)


def _truth(run: RunData, unique_id: Any, windows: Sequence[_Windows]) -> tuple[Index, Floats]:
    """Times and truth of all windows, after what the run keeps from before them."""
    if not windows:
        return pd.Index([]), np.empty(0)
    steps = np.concatenate([own.steps for own in windows])
    times = windows[0].times.append([own.times for own in windows[1:]])
    return joined_truth(steps, times, np.concatenate([own.truth for own in windows]), kept_values(run, [unique_id])[0])


def _before(past: Panel, unique_id: Any, horizon: int) -> tuple[Index, Floats] | None:
    """The last part of a series of the history; None where it holds no series of that name."""
    place = past.ids.get_indexer([unique_id])[0]
    if place < 0 and past.n_series == 1:
        place = 0
    if place < 0:
        return None
    n = recent(int(past.lengths[place]), horizon, past.season_length)
    stop = int(past.indptr[place + 1])
    return past.times[stop - n : stop], past.values[stop - n : stop]
