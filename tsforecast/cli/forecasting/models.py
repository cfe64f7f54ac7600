"""Where the model of a forecast comes from: kept before, the winner of a run, or chosen by a quick backtest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsforecast.backtest.choose.quality import Quality, measure
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel.times.shown import time_text

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from tsforecast.base import BaseForecaster
    from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True, eq=False)
class ModelSource:
    """A model for a forecast.

    Attributes
    ----------
    name : str
    model : BaseForecaster
        Fitted where it was kept before, else not.
    horizon : int
        Steps that it forecasts where nobody says how many.
    quality : Quality or None
        How wrong it was; None where that is not known.
    told : str
        A sentence on where it comes from, or why its quality is not known; empty where there is nothing to say.
    is_fitted : bool
    """

    name: str
    model: BaseForecaster
    horizon: int
    quality: Quality | None
    told: str
    is_fitted: bool = False


def kept_model(path: Path) -> ModelSource:
    """The model that was kept in a file, with its quality.

    Raises
    ------
    MissingFileError, ModelFileError
        There is no such file, or it holds no model.
    """
    from tsforecast import load_forecaster

    model = load_forecaster(path)
    notes = model.notes_.get("forecast", {})
    quality = None if notes.get("quality") is None else Quality.from_dict(notes["quality"])
    name = str(notes.get("name") or type(model).__name__)
    told = f"{name} was fitted on {notes.get('fitted_on', 'a day that is not known')} to data until {_until(model)}"
    tail = f"; its errors were measured on {quality.measured_on}" if quality is not None else ""
    return ModelSource(name, model, int(notes.get("horizon") or 1), quality, f"{told}{tail}.", is_fitted=True)


def notes_of(source: ModelSource, horizon: int, fitted_on: str) -> dict[str, Any]:
    """What is kept with a model, so that a later forecast can say how wrong it was."""
    quality = None if source.quality is None else source.quality.to_dict()
    return {"forecast": {"name": source.name, "horizon": horizon, "fitted_on": fitted_on, "quality": quality}}


def winner_of_run(run: str) -> ModelSource:
    """The model that ranks first in a run folder, with its quality there.

    Raises
    ------
    RunFolderError
        There is no finished run.
    DataError
        No model has a rank.
    """
    from tsforecast.backtest.backtest_result import BacktestResult

    result = BacktestResult.load(run)
    model = result.best()
    name = str(result.leaderboard()["model"].iloc[0])
    return ModelSource(name, model, result.run.horizon, measure(result.run, name), f"{name} is the winner of {run}.")


def chosen_model(given: Namespace, panel: Panel, season: int, horizon: int, title: str) -> ModelSource:
    """The best of the models that were named, or of those that are usual, by a quick backtest."""
    from tsforecast.backtest.choose.candidates import quick_candidates
    from tsforecast.backtest.choose.choice import quick_choice
    from tsforecast.cli.executors import open_executor
    from tsforecast.cli.models import parse_models
    from tsforecast.cli.progress import Bar

    named = parse_models(given.models, given.own_code, horizon) if given.models else quick_candidates(panel, season)
    models = {name: keep_within(model, given) for name, model in named.items()}
    with Bar(title) as bar, open_executor(given.executor) as executor:
        choice = quick_choice(
            panel,
            models,
            horizon=horizon,
            season_length=season,
            n_windows=given.n_windows,
            level=given.level,
            executor=executor,
            watch=bar.watch,
        )
    told = "" if choice.quality else f"How wrong {choice.name} is is not known: {choice.reason}."
    if choice.quality and choice.quality.n_series < panel.n_series:
        told = f"It was chosen on {choice.quality.n_series:,} of the {panel.n_series:,} series."
    return ModelSource(choice.name, choice.model, horizon, choice.quality, told)


def keep_within(model: BaseForecaster, given: Namespace) -> BaseForecaster:
    """The model, which keeps its forecasts within the bounds that were asked for.

    Raises
    ------
    ParameterError
        It has no such arguments.
    """
    wanted: Mapping[str, Any] = {
        **({"nonnegative": True} if given.nonnegative else {}),
        **({"bounds": tuple(given.bounds)} if given.bounds else {}),
    }
    lacking = [name for name in wanted if name not in model.get_params(deep=False)]
    if lacking:
        raise ParameterError(f"{type(model).__name__} has no argument {lacking[0]!r}: leave --{lacking[0]} out.")
    return model.set_params(**wanted)


def check_known_series(model: BaseForecaster, panel: Panel) -> None:
    """Raise a `DataError` where newer data have other series than a model of each series was fitted to."""
    if not model.is_global and not panel.ids.isin(model.panel_.ids).any():
        known = ", ".join(map(str, model.panel_.ids[:3]))
        raise DataError(
            f"None of the series, {panel.ids[0]!r} the first, is one that the model was fitted to: {known}, say. Name "
            "the columns of the file as they were named then, or fit anew without --model."
        )


def _until(model: BaseForecaster) -> str:
    return time_text(model.panel_.last_times.max(), model.panel_.freq)
