"""Spread of a model's score over seeds, on the cells that a leaderboard counts."""

from collections.abc import Mapping, Sequence

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.backtest.result.cube import Cube
from tsforecast.metrics.metric import ScoreFacts
from tsforecast.metrics.point import pooled

_ROUNDING = 1e-12  # relative deviation of equal scores whose sums were rounded


def spread_over_seeds(cube: Cube, facts: Mapping[str, ScoreFacts], filled: Floats, metric: str, own: Bools) -> Floats:
    """Standard deviation over seeds, divided by n - 1, of the score of each model; nan for one seed: ``(n_models,)``.

    Parameters are those of `scores_by_seed`.
    """
    found = np.full(len(cube.models), np.nan)
    for i, scores in enumerate(scores_by_seed(cube, facts, filled, metric, own)):
        if scores.size < 2:
            continue
        with np.errstate(invalid="ignore", over="ignore"):  # nan where a score is infinite
            deviation = np.std(scores, ddof=1)
            found[i] = 0.0 if deviation <= _ROUNDING * np.abs(scores).max() else deviation
    return found


def scores_by_seed(
    cube: Cube, facts: Mapping[str, ScoreFacts], filled: Floats, metric: str, own: Bools
) -> list[Floats]:
    """The score of each seed of each model: ``(n_seeds,)``, empty for a model without a score.

    The score of a seed is what the leaderboard would show if the model had run with that seed alone: the mean over the
    cutoffs of a series, then over series; for a pooled metric one ratio of sums.

    Parameters
    ----------
    cube : Cube
    facts : mapping of str to ScoreFacts
        By column of scores.
    filled : ndarray, shape (n_metrics, n_models, n_cells)
        Scores that count where not every seed of a model finished a cell.
    metric : str
    own : ndarray of bool, shape (n_cells,)
        The cells that count.
    """
    about = facts[metric]
    columns = [metric] if about.below is None else [metric, about.below]
    places = [cube.metrics.index(column) for column in columns]
    found = [np.empty(0)] * len(cube.models)
    for i in np.flatnonzero(cube.n_seeds > 0) if own.any() else ():
        planes = planes_by_seed(cube, int(i), columns, filled[places, i])
        shown = [plane[:, own] for plane in planes]  # each (n_seeds, n_own)
        if np.isnan(shown[0]).any():  # the model has no score
            continue
        if about.below is None:
            found[i] = _means_over_series(shown[0], cube.series[own])
        else:
            found[i] = np.array([pooled(above, below, root=about.root) for above, below in zip(*shown, strict=True)])
    return found


def planes_by_seed(cube: Cube, model: int, columns: Sequence[str], filled: Floats) -> list[Floats]:
    """Scores of each seed of one model: for each column of scores ``(n_seeds, n_cells)``, nan where there is none.

    Parameters
    ----------
    cube : Cube
    model : int
        Place of the model in ``cube.models``.
    columns : sequence of str
        Columns of scores.
    filled : ndarray, shape (n_columns, n_cells)
        The scores that cells count with where not every seed of the model finished them.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"model": "net", "unique_id": ["a", "a", "b"], "cutoff": 3, "seed": [0, 1, 1],
    ...                      "mae": [2.0, 4.0, 5.0]})
    >>> cube = Cube(rows, rows[["unique_id", "cutoff"]].iloc[:0], ["net"])
    >>> planes_by_seed(cube, 0, ["mae"], cube.plane("mae"))
    [array([[ 2., nan],
           [ 4., nan]])]
    """
    own = np.flatnonzero((cube.rows["model"] == cube.models[model]).to_numpy())
    _, seed = np.unique(cube.rows["seed"].to_numpy()[own], return_inverse=True)
    n_seeds = int(seed.max(initial=-1)) + 1
    tables = []
    for name, instead in zip(columns, filled, strict=True):
        table = np.full((n_seeds, cube.series.size), np.nan)
        table[seed, cube.cell_of_row[own]] = cube.rows[name].to_numpy(dtype=np.float64)[own]
        tables.append(np.where(cube.finished[model], table, instead))
    return tables


def _means_over_series(table: Floats, series: Ints) -> Floats:
    """Means over the cutoffs of a series, then over series: ``(n_seeds, n_cells)`` -> ``(n_seeds,)``."""
    _, code, counts = np.unique(series, return_inverse=True, return_counts=True)
    means: Floats = (table / counts[code]).sum(axis=1) / counts.size
    return means
