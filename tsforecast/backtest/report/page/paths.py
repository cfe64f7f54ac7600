"""Truth and forecasts of a run as arrays, for pictures of single series: read once, and only as much as is shown."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Ints
from tsforecast.backtest.result.cube import FORECAST_KEYS
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.history import kept_values


@dataclasses.dataclass(frozen=True)
class Paths:
    """Truth and forecasts of some series.

    Attributes
    ----------
    ids : list
        Names of the series.
    models : list of str
    mean : ndarray, shape (n_models, n_series, n_windows, horizon)
        Seeds averaged; nan where there is no forecast.
    truth : ndarray, shape (n_series, n_windows, horizon)
    bounds : dict of ndarray, shape (2, n_series, n_windows, horizon)
        Lower and upper ends of the intervals of ``banded`` by level in percent; empty where it gives none.
    banded : str, optional
        The model whose intervals are here.
    times : ndarray of object, shape (n_series, n_windows, n)
        The times of the first steps after each cutoff, ``n`` of them; None where no model forecast.
    step : int
        Steps from one cutoff to the next.
    gap : int
        Steps between a cutoff and the first step forecast.
    before : list of Series
        Values of each series up to its oldest cutoff, by their times; empty where the run kept none.
    """

    ids: list[object]
    models: list[str]
    mean: Floats
    truth: Floats
    bounds: dict[float, Floats]
    banded: str | None
    times: "np.ndarray[tuple[int, int, int], np.dtype[np.object_]]"
    step: int
    gap: int
    before: "list[pd.Series[float]]"

    @property
    def history(self) -> Floats:
        """Truth over all steps from the oldest cutoff on, ``(n_series, n_steps)``; nan where no forecast reaches."""
        n_series, n_windows, horizon = self.truth.shape
        out = np.full((n_series, (n_windows - 1) * self.step + horizon), np.nan)
        for w in range(n_windows):
            part = out[:, w * self.step : w * self.step + horizon]
            np.copyto(part, self.truth[:, w], where=np.isfinite(self.truth[:, w]))
        return out


def read_paths(
    run: RunData,
    models: Sequence[str],
    series: Ints,
    *,
    banded: str | None = None,
    levels: Sequence[float] = (),
    n_times: int = 1,
) -> Paths:
    """Truth and forecasts of some models for some series.

    Parameters
    ----------
    run : RunData
    models : sequence of str
    series : ndarray of int
        Places of the series in ``run.cube.ids``.
    banded : str, optional
        The model whose intervals at ``levels`` are read, too, if it has any.
    levels : sequence of float
        Percent.
    n_times : int
        Number of steps after each cutoff whose times are read.
    """
    ids = run.cube.ids.take(series)
    shape = (len(ids), run.n_windows, run.horizon)
    truth, mean = np.full(shape, np.nan), np.full((len(models), *shape), np.nan)
    times = np.full((*shape[:2], n_times), None, dtype=object)
    wanted = None if len(ids) == len(run.cube.ids) else list(ids)
    bounds = {}
    for k, model in enumerate(models):
        ends = [f"{end}-{p:g}" for p in levels for end in ("lo", "hi")] if model == banded else []
        rows = run.large.forecasts_of(model, [*FORECAST_KEYS, "ds", "y", "mean", *ends], wanted)
        if not len(rows):
            continue
        at = _cells(run, rows, series)
        tables = {name: rows[name].to_numpy(dtype=np.float64).reshape(-1, run.horizon) for name in ("y", "mean", *ends)}
        truth[at] = tables["y"]
        mean[k] = _averaged(shape, at, tables["mean"])
        for h in range(n_times):
            times[(*at, h)] = rows["ds"].iloc[h :: run.horizon].astype(object).to_numpy()
        if ends:
            pairs = {p: np.stack([_averaged(shape, at, tables[f"{e}-{p:g}"]) for e in ("lo", "hi")]) for p in levels}
            bounds = {p: pair for p, pair in pairs.items() if np.isfinite(pair).any()}
    return Paths(
        ids=list(ids),
        models=list(models),
        mean=mean,
        truth=truth,
        bounds=bounds,
        banded=banded if bounds else None,
        times=times,
        step=run.step,
        gap=run.gap,
        before=kept_values(run, list(ids)),
    )


def _cells(run: RunData, rows: pd.DataFrame, series: Ints) -> tuple[Ints, Ints]:
    """Place among ``series`` and number of the cutoff of each forecast: two ``(n_forecasts,)``."""
    cube, keys = run.cube, rows.iloc[:: run.horizon]
    place = np.full(len(cube.ids), -1)
    place[series] = np.arange(series.size)
    whole = cube.ids.get_indexer(pd.Index(keys["unique_id"]))
    cutoffs = pd.Index(np.sort(cube.keys["cutoff"].unique()))
    known = cube.series * len(cutoffs) + cutoffs.get_indexer(pd.Index(cube.keys["cutoff"]))
    order = np.argsort(known)
    asked = whole * len(cutoffs) + cutoffs.get_indexer(pd.Index(keys["cutoff"]))
    cell = order[np.searchsorted(known, asked, sorter=order)]
    return place[whole], cube.window[cell]


def _averaged(shape: tuple[int, int, int], at: tuple[Ints, Ints], values: Floats) -> Floats:
    """Means over seeds: values of forecasts, ``(n_forecasts, horizon)``, by series, cutoff and step."""
    totals, counts = np.zeros(shape), np.zeros(shape[:2])
    np.add.at(totals, at, values)
    np.add.at(counts, at, 1.0)
    return np.where(counts[..., None] > 0, totals / np.maximum(counts, 1)[..., None], np.nan)
