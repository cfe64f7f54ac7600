"""The model that ranks first in a run, as a forecaster that is ready to be fitted."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tsforecast.backtest.plan.describe import build, describe, first_text_of_other
from tsforecast.backtest.plan.differences import is_same
from tsforecast.backtest.plan.identity import contents, package_versions
from tsforecast.backtest.plan.plan import seeds_of, with_seed
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import DataError, ParameterError


def best_model(run: RunData, known: Mapping[str, BaseForecaster], metric: str | None = None) -> BaseForecaster:
    """An unfitted clone of the model that ranks first; see `BacktestResult.best`.

    Parameters
    ----------
    run : RunData
    known : mapping of str to BaseForecaster
        Models of the run at hand; any other is made from the configuration of the run.
    metric : str, optional
    """
    first = leaderboard(run, metric=metric).iloc[0]
    if pd.isna(first["rank"]):
        failed = run.failures
        why = f"; the first failure: {failed['model'].iloc[0]}: {failed['message'].iloc[0]}" if len(failed) else ""
        raise DataError(f"No model has a rank: on no series and cutoff could forecasts be scored{why}.")
    name = str(first["model"])
    model = known[name] if name in known else rebuilt(run, name)
    return with_seed(model, seeds_of(model, run.config["seeds"])[0])


def rebuilt(run: RunData, name: str) -> BaseForecaster:
    """The model of that name, made from the configuration of the run."""
    entry: dict[str, Any] = next(model for model in run.config["models"] if model["name"] == name)
    description = {key: value for key, value in entry.items() if key != "name"}
    place = f"Model {name!r}"
    lost = first_text_of_other(description)
    if lost is not None:
        raise ParameterError(
            f"{place} cannot be made from the configuration of the run: it holds a {lost}, which is not written as "
            "plain values. Make the model as it was made for the run."
        )
    model: BaseForecaster = build(description, expected=(BaseForecaster,), place=place)
    identity = run.manifest["identity"]
    is_comparable = identity.get("packages") == package_versions() and name in identity.get("content", {})
    if not is_same(describe(model), description) or (
        is_comparable and contents({name: model})[name] != identity["content"][name]
    ):
        raise ParameterError(
            f"{place} cannot be made as it was in the run: the code of {description['class_path']} has changed since."
        )
    return model
