"""Cube: scores as an array with one number for each metric, model, series and cutoff."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Ints

FORECAST_KEYS = ("model", "unique_id", "cutoff", "seed")


def widen(scores: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The score frame with one row a forecast: the columns ``FORECAST_KEYS``, then one for each metric.

    ``scores`` holds, for every forecast, its metrics one after another in the order of ``metrics``.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": "a", "unique_id": 1, "cutoff": [3, 3], "seed": 0, "metric": ["mae", "mase"],
    ...                        "value": [2.0, 0.5]})
    >>> widen(scores, ["mae", "mase"])
      model  unique_id  cutoff  seed  mae  mase
    0     a          1       3     0  2.0   0.5
    """
    wide = scores.iloc[:: max(len(metrics), 1)][list(FORECAST_KEYS)].reset_index(drop=True)
    table = scores["value"].to_numpy(dtype=np.float64).reshape(len(wide), len(metrics))
    return wide.assign(**{name: table[:, j] for j, name in enumerate(metrics)})


class Cube:
    """Scores by metric, model and cell; a cell is a series at a cutoff, and seeds are averaged.

    Parameters
    ----------
    cells : DataFrame
        One row a forecast: `FORECAST_KEYS`, then the metrics.
    failures : DataFrame
        ``unique_id`` and ``cutoff`` of forecasts that failed, so that a cell without any score is known too.
    models : sequence of str
        In the order of the array, including those without any score.
    block_size : int
        Cutoffs whose forecasts overlap.

    Attributes
    ----------
    values : ndarray, shape (n_metrics, n_models, n_cells)
        nan where the model has no score.
    finished : ndarray of bool, shape (n_models, n_cells)
        Whether every seed of the model that finished anything gave a forecast, even if its score is nan.
    n_seeds : ndarray of int, shape (n_models,)
        Seeds of each model that finished anything.
    rows : DataFrame
        The argument ``cells``.
    cell_of_row : ndarray of int, shape (n_rows,)
        The cell of each of the rows.
    keys : DataFrame
        ``unique_id`` and ``cutoff`` of each cell.
    ids : Index, shape (n_series,)
    series, window : ndarray of int, shape (n_cells,)
        Place in ``ids`` of each cell's series, and of its cutoff among those of the series, the oldest being 0.
    """

    def __init__(self, cells: pd.DataFrame, failures: pd.DataFrame, models: Sequence[str], block_size: int = 1) -> None:
        self.models, self.block_size = list(models), block_size
        self.metrics = [str(name) for name in cells.columns if name not in FORECAST_KEYS]
        series, self.ids = pd.factorize(_stacked([cells["unique_id"], failures["unique_id"]]))
        times, cutoffs = pd.factorize(_stacked([cells["cutoff"], failures["cutoff"]]), sort=True)
        n_times = max(len(cutoffs), 1)
        codes, found = pd.factorize(series.astype(np.int64) * n_times + times)
        self.series, time = np.divmod(np.asarray(found, dtype=np.int64), n_times)
        self.window = _rank_within(self.series, time)
        self.keys = pd.DataFrame({"unique_id": self.ids.take(self.series), "cutoff": cutoffs.take(time)})
        shape = (len(self.models), len(found))
        model = pd.Index(self.models).get_indexer(pd.Index(cells["model"]))
        self.rows, self.cell_of_row = cells, codes[: len(cells)]
        flat = model.astype(np.int64) * shape[1] + self.cell_of_row
        counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
        self.n_seeds = cells["seed"].groupby(model).nunique().reindex(range(shape[0]), fill_value=0).to_numpy()
        self.finished: Bools = np.asarray(counts == np.maximum(self.n_seeds, 1)[:, None])
        self.values = np.full((len(self.metrics), *shape), np.nan)
        for plane, name in zip(self.values, self.metrics, strict=True):
            weights = cells[name].to_numpy(dtype=np.float64)
            totals = np.bincount(flat, weights=weights, minlength=shape[0] * shape[1]).reshape(shape)
            np.divide(totals, counts, out=plane, where=self.finished)

    def plane(self, metric: str) -> Floats:
        """Scores of one metric: ``(n_models, n_cells)``."""
        plane: Floats = self.values[self.metrics.index(metric)]
        return plane

    def n_scored(self, metric: str) -> int:
        """Number of models with any score of a metric."""
        return int((~np.isnan(self.plane(metric))).any(axis=1).sum())

    def table(self, plane: Floats, keep: Bools | None = None) -> Floats:
        """The cells to ``keep`` by series and cutoff, oldest first: ``(n_models, n_series, n_windows)``, else nan."""
        picked = np.ones(self.series.size, dtype=bool) if keep is None else keep
        series, window = self.series[picked], self.window[picked]
        _, row = np.unique(series, return_inverse=True)
        shape = (plane.shape[0], int(row.max(initial=-1)) + 1, int(window.max(initial=-1)) + 1)
        table = np.full(shape, np.nan)
        table[:, row, window] = plane[:, picked]
        return table


def _stacked(columns: Iterable["pd.Series[object]"]) -> "pd.Series[object]":
    """Several columns as one; empty ones are left out, since they have no type."""
    full = [column for column in columns if len(column)]
    if len(full) < 2:
        return full[0] if full else pd.Series(dtype=object)
    return pd.concat([_without_categories(column) for column in full])


def _without_categories(column: "pd.Series[object]") -> "pd.Series[object]":
    return column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column


def _rank_within(group: Ints, value: Ints) -> Ints:
    """Rank of each value among those of its group, from 0: two ``(n,)`` -> ``(n,)``."""
    order = np.lexsort((value, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.arange(group.size) - np.repeat(begins, np.diff(begins, append=group.size))
    out = np.empty(group.size, dtype=np.int64)
    out[order] = rank
    return out
