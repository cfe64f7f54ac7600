"""audit: whether forecasts depend on values after their cutoff, or on other fits."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeGuard

import numpy as np
import pandas as pd

from tsforecast.backtest.leaks.checks import examine
from tsforecast.backtest.leaks.finding import Finding
from tsforecast.backtest.leaks.report import AuditReport
from tsforecast.backtest.leaks.subject import Subject
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.plan import Plan, name_models
from tsforecast.backtest.plan.settings import parse_level, parse_seeds
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.metrics.choose import choose_metrics
from tsforecast.panel import Panel
from tsforecast.panel.categories import expanded_names, given_names
from tsforecast.panel.containers import Series, to_panel

_N_ORIGINS = 3
_LONGEST = 12  # steps of the horizon that is chosen where none is given

Model: TypeAlias = BaseForecaster | Callable[[Panel], BaseForecaster]


def audit(
    models: Mapping[str, Model] | Sequence[Model] | Model,
    data: Series,
    *,
    cv: RollingOrigin | None = None,
    seeds: int | Sequence[int] | None = None,
    level: Sequence[float] = (80,),
    tolerance: float = 0.0,
    known_ahead: Collection[str] | None = None,
    fresh_process: bool = False,
) -> AuditReport:
    """What moves the forecasts of models that nothing should move: values after the cutoff, and other fits.

    Every forecast is made again with later values replaced, removed or missing, in another order of cutoffs, after
    other fits and under other names of the series. Each must stay the same, with its intervals. Static covariates are
    left as they are.

    Parameters
    ----------
    models : BaseForecaster, or sequence or mapping of them
        As for `backtest`; each may be a function that makes a forecaster from a `Panel`. It is called for every changed
        panel: so a model is audited together with what is prepared from the data for it, such as scaling by all values.
    data : Panel, Series, DataFrame or ndarray
        As for `backtest`; covariates travel in a `Panel`. Twenty series find what thousands do.
    cv : RollingOrigin, optional
        The cutoffs; by default three, with horizons of a season, at most twelve steps, that do not overlap.
    seeds : int or sequence of int, optional
        As for `backtest`.
    level : sequence of float
        Intervals in percent that are compared too, for models that give them.
    tolerance : float
        Differences that do not count, as a share of the largest forecast of the series: for libraries that do not
        repeat themselves to the last bit. With 0 every bit counts.
    known_ahead : collection of str, optional
        Covariates that are known at the cutoff for the whole horizon; by default all. The others are replaced after
        the cutoff, and forecasts must not move. So are covariates from which the target can be read.
    fresh_process : bool
        Whether each cutoff is also forecast alone in a new process, which finds what a model keeps from the very first
        fit on. It takes some seconds for each cutoff.

    Returns
    -------
    AuditReport
        ``passed``, ``leaks``, ``sentence``, ``models`` and ``frame``; ``raise_for_leaks()`` raises.

    Raises
    ------
    SeriesTooShortError
        Series are too short for the cutoffs or for a model.
    ParameterError
        An argument is out of its range.

    Notes
    -----
    A model that draws numbers without a seed is told from one that leaks: its fits to the same data scatter, and only
    what moves five times further than these counts as a leak. Values after a cutoff that a model holds itself, in an
    argument or in a variable that its functions use, are replaced too. Where it holds them otherwise, in a file or on
    another scale, it is found if its forecast is the truth whatever it is trained on, or if it is given as a function
    of the panel.

    Examples
    --------
    >>> from tsforecast import Drift, Naive, audit
    >>> y = np.random.default_rng(0).normal(size=40)
    >>> audit([Naive(), Drift()], y).models[["model", "found"]]
       model found
    0  Naive
    1  Drift

    A forecaster made from all values, those after the cutoff included:

    >>> class Centred(Naive):
    ...     def __init__(self, centre=0.0):
    ...         self.centre = centre
    ...     def _mean(self, panel, h):
    ...         return 0.5 * super()._mean(panel, h) + 0.5 * self.centre
    >>> audit(lambda panel: Centred(panel.values.mean()), y).models["found"].item()
    'future'
    """
    panel, _ = to_panel(data)
    makers, named = _made(models, panel)
    cv = _origins(panel, named) if cv is None else cv
    _check_arguments(panel, tolerance, known_ahead)
    plan = Plan(
        panel=panel,
        models=named,
        cv=cv,
        metrics=choose_metrics(["mae"]),
        refit="always",
        level=parse_level(level),
        quantiles=(),
        seeds=parse_seeds(seeds),
        season_length=panel.season_length,
        audit=True,
    )
    rows = []
    for subject in _subjects(plan, makers):
        found = examine(subject, tolerance=tolerance, known_ahead=known_ahead, fresh_process=fresh_process)
        rows += [{"model": subject.job.model, "seed": subject.job.seed, **_row(finding)} for finding in found]
    return AuditReport(_joined(pd.DataFrame(rows)))


def _made(
    models: Mapping[str, Model] | Sequence[Model] | Model, panel: Panel
) -> tuple[dict[str, Callable[[Panel], BaseForecaster]], dict[str, BaseForecaster]]:
    """Functions that make forecasters, by name, and all forecasters by name."""
    if isinstance(models, (str, type)) or not isinstance(models, Iterable):
        models = [models]
    listed: list[Model] = list(models.values()) if isinstance(models, Mapping) else list(models)
    ready = [_ready(model, panel) for model in listed]
    named = name_models(dict(zip(models, ready, strict=True)) if isinstance(models, Mapping) else ready)
    return {name: model for name, model in zip(named, listed, strict=True) if _is_function(model)}, named


def _ready(model: Model, panel: Panel) -> BaseForecaster:
    return model(panel) if _is_function(model) else model  # type: ignore[return-value] # no model: see name_models


def _is_function(model: object) -> TypeGuard[Callable[[Panel], BaseForecaster]]:
    return callable(model) and not isinstance(model, (BaseForecaster, type))


def _origins(panel: Panel, models: Mapping[str, BaseForecaster]) -> RollingOrigin:
    """Three cutoffs, with as long a horizon as a season, `_LONGEST` and the shortest series allow."""
    needed = max(int(model.min_observations(panel)) for model in models.values())
    spare = (int(panel.lengths.min()) - needed) // _N_ORIGINS
    season = panel.season_length if panel.season_length > 1 else _LONGEST // 3
    return RollingOrigin(horizon=max(1, min(season, _LONGEST, spare)), n_windows=_N_ORIGINS)


def _check_arguments(panel: Panel, tolerance: float, known_ahead: Collection[str] | None) -> None:
    number = isinstance(tolerance, (int, float, np.integer, np.floating)) and not isinstance(tolerance, bool)
    if not number or not 0 <= tolerance < 1:
        raise ParameterError(f"tolerance={tolerance!r} is no share from 0 to below 1.")
    if isinstance(known_ahead, str):
        raise ParameterError(f"known_ahead={known_ahead!r} is a text; give a list of names.")
    unknown = [
        name for name in known_ahead or () if not {*expanded_names((name,), panel.levels)} <= {*panel.covariate_names}
    ]
    if unknown:
        raise ParameterError(
            f"known_ahead: {unknown[0]!r} is no covariate; the data have "
            f"{list(given_names(panel.covariate_names, panel.levels)) or 'none'}."
        )


def _subjects(plan: Plan, makers: Mapping[str, Callable[[Panel], BaseForecaster]]) -> list[Subject]:
    """One for each model, seed and block of series."""
    return [
        Subject(job, plan.panel.take(np.arange(job.first, job.stop)), plan.cv, plan.levels, makers.get(job.model))
        for job in plan.jobs()
        if job.windows == (0,)
    ]


def _row(finding: Finding) -> dict[str, object]:
    row = dataclasses.asdict(finding)
    return {key: row[key] for key in ("check", "changed", "found", "series", "cutoff", "difference", "message")}


def _joined(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each model, seed, check and change, of all blocks of series: what was found, or that nothing was."""
    kept = []
    for _, rows in frame.groupby(["model", "seed", "check", "changed"], sort=False):
        found = rows[rows["found"] != ""].sort_values("difference", ascending=False, kind="stable")
        found = found.drop_duplicates("found")
        kept.append(found if len(found) else rows.head(1))
    return pd.concat(kept, ignore_index=True)
