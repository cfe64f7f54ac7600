"""How much of a model's skill is that of a part of it, such as the linear autoregression that a network starts from."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast._types import Bools
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.result.cube import FORECAST_KEYS, Cube, widen
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import mean_over_cutoffs, usual_baseline
from tsforecast.exceptions import UnknownNameError
from tsforecast.metrics.metric import ScoreFacts
from tsforecast.metrics.point import pooled


@dataclasses.dataclass(frozen=True)
class PartSkill:
    """Skill of a model and of a part of it, in percent, on the same series and cutoffs.

    Attributes
    ----------
    model, part : str
    metric : str
    baseline : str, optional
        What both are measured against; None where the run has no other model to measure against.
    whole, alone : float
        Skill of the model and of its part against the baseline; nan without one.
    added : float
        Skill of the model against its part: what the rest of the model adds.
    n_cells : int
        Pairs of series and cutoff.
    """

    model: str
    part: str
    metric: str
    baseline: str | None
    whole: float
    alone: float
    added: float
    n_cells: int


def part_skills(run: RunData, metric: str | None = None, baseline: str | None = None) -> list[PartSkill]:
    """The skill of each model that has parts, and of each part, in the order of the run.

    As in the leaderboard, seeds are averaged, then the cutoffs of a series, then series (a pooled metric is a ratio of
    sums), on the cells where all models of the run have a score; here the parts of the model must have one, too.

    Parameters
    ----------
    run : RunData
    metric : str, optional
        The metric to rank by where it is None; parts are scored by metrics of point forecasts only.
    baseline : str, optional
        SeasonalNaive, or Naive, where it is None and the run has one.

    Raises
    ------
    UnknownNameError
        There is no such metric or model.
    """
    chosen = ranking_metric(run.facts, metric)
    if baseline is not None and baseline not in run.models:
        raise UnknownNameError(f"No model is called {baseline!r}; there are {', '.join(run.models)}.")
    base, scores = baseline or usual_baseline(run.models), run.parts
    columns = [name for name in (chosen, run.facts[chosen].below) if name is not None]
    scores = scores[scores["metric"].isin(columns)]
    found = []
    for model in run.models:
        own = scores[scores["model"] == model]
        parts = list(dict.fromkeys(own["part"]))
        found += _skills_of(run, model, parts, own, chosen, base) if parts else []
    return found


def _skills_of(
    run: RunData, model: str, parts: list[str], scores: pd.DataFrame, metric: str, baseline: str | None
) -> list[PartSkill]:
    """The skills of one model with its parts; none where they have no cell in common."""
    about = run.facts[metric]
    cube = _with_parts(run, model, parts, scores, [name for name in (metric, about.below) if name is not None])
    plane = cube.plane(metric)
    scored = np.asarray(~np.isnan(plane).all(axis=1))
    common = np.asarray(~np.isnan(plane[scored]).any(axis=0))
    if not scored[cube.models.index(model)] or not common.any():
        return []
    losses = _losses(cube, about, metric, common)
    base = None if baseline is None or baseline == model or not np.isfinite(losses[baseline]) else baseline
    against = float("nan") if base is None else losses[base]
    return [
        PartSkill(
            model=model,
            part=part,
            metric=metric,
            baseline=base,
            whole=_skill(losses[model], against),
            alone=_skill(losses[_row(model, part)], against),
            added=_skill(losses[model], losses[_row(model, part)]),
            n_cells=int(common.sum()),
        )
        for part in parts
        if np.isfinite(losses[_row(model, part)])
    ]


def _row(model: str, part: str) -> str:
    return f"{model}\n{part}"  # the name of a model has no line break


def _with_parts(run: RunData, model: str, parts: list[str], scores: pd.DataFrame, columns: list[str]) -> Cube:
    """The scores of all models, and of the parts of one as further models."""
    frames = [run.cells[[*FORECAST_KEYS, *columns]]]
    for part in parts:
        own = scores[scores["part"] == part].reset_index(drop=True)
        frames.append(widen(own, columns).assign(model=_row(model, part)))
    plain = [frame.astype({"model": object, "unique_id": object}) for frame in frames]  # not categories
    names = [*run.models, *(_row(model, part) for part in parts)]
    return Cube(pd.concat(plain, ignore_index=True), run.failures, names, run.overlap)


def _losses(cube: Cube, about: ScoreFacts, metric: str, common: Bools) -> dict[str, float]:
    """The average score of each model on the cells ``common``, negated where greater is better."""
    shown = cube.plane(metric)[:, common]
    if about.below is None:
        means = mean_over_cutoffs(shown, cube.series[common]).mean(axis=1)  # nan for a model without any score
    else:
        below = cube.plane(about.below)[:, common]
        means = np.array([pooled(a, b, root=about.root) for a, b in zip(shown, below, strict=True)])
    return dict(zip(cube.models, (about.sign * means).tolist(), strict=True))


def _skill(loss: float, against: float) -> float:
    """Percent by which a loss is smaller than another; nan where that is zero or has another sign."""
    defined = np.isfinite(loss) and np.isfinite(against) and against != 0 and loss * against >= 0
    return 100 * (against - loss) / abs(against) if defined else float("nan")
