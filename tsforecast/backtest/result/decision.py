"""The decision over the models of a run: the losses that it is made on, cell by cell and seed by seed."""

from collections.abc import Mapping

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.backtest.compare.decision import Decision, decide
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.result.cube import Cube
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.seeds import planes_by_seed
from tsforecast.exceptions import DataError
from tsforecast.metrics.metric import ScoreFacts


def decision_of(run: RunData, metric: str | None = None) -> Decision:
    """The decision by a metric, on the series and cutoffs that all models finished; see `BacktestResult.decision`.

    It is made once for each metric of a run, so that all that is said rests on the same one.
    """
    chosen = ranking_metric(run.facts, metric)
    if chosen not in run.decisions:
        cube = run.cube
        scored, common = common_cells(cube.plane(chosen), np.ones(len(cube.series), dtype=bool))
        if scored.sum() < 2:
            raise DataError("A comparison needs two models that finished something.")
        run.decisions[chosen] = decision_on(cube, run.facts, cube.values, chosen, scored, common)
    return run.decisions[chosen]


def decision_on(
    cube: Cube, facts: Mapping[str, ScoreFacts], filled: Floats, metric: str, scored: Bools, cells: Bools
) -> Decision:
    """The decision on some cells.

    Parameters
    ----------
    cube : Cube
    facts : mapping of str to ScoreFacts
        By column of scores.
    filled : ndarray, shape (n_metrics, n_models, n_cells)
        Scores that count where not every seed of a model finished a cell.
    metric : str
        A pooled metric is decided on what stands above the line, summed over cells: what is below is the same for all
        models.
    scored : ndarray of bool, shape (n_models,)
        The models that are compared.
    cells : ndarray of bool, shape (n_cells,)
    """
    place = [cube.metrics.index(metric)]
    losses = {}
    for i in np.flatnonzero(scored).tolist():
        (plane,) = planes_by_seed(cube, i, [metric], filled[place, i])
        losses[cube.models[i]] = facts[metric].sign * cube.table(plane, cells)
    if (
        facts[metric].below is not None and losses
    ):  # a series counts with all its cutoffs: the mean is that of all cells
        counts = np.isfinite(next(iter(losses.values()))[0]).sum(axis=1)
        weight = (counts / counts.mean())[:, None]
        losses = {name: table * weight for name, table in losses.items()}
    return decide(losses, overlap=cube.block_size)


def common_cells(plane: Floats, within: Bools) -> tuple[Bools, Bools]:
    """The models that have any score within, ``(n_models,)``, and the cells where all of these have one."""
    scored: Bools = np.asarray((~np.isnan(plane) & within).any(axis=1))
    return scored, np.asarray(within & ~np.isnan(plane[scored]).any(axis=0) & bool(scored.any()))


def skill_of_root(skill: Floats) -> Floats:
    """Skill in the root of a mean loss, from the skill in the mean loss; both in percent.

    Examples
    --------
    >>> skill_of_root(np.array([75.0, -300.0]))
    array([  50., -100.])
    """
    return 100 * (1 - np.sqrt(np.maximum(1 - skill / 100, 0.0)))
