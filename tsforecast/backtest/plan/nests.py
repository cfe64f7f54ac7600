"""Which models of a run are special cases of others in it."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from tsforecast._classes import class_path
from tsforecast.backtest.plan.describe import build
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import TSForecastError
from tsforecast.wrapper import Wrapper


def nested_models(models: Mapping[str, BaseForecaster]) -> dict[str, list[str]]:
    """The names of the simpler models that each model nests (`BaseForecaster.nests`), for those that nest any.

    A wrapper stands for what it holds.

    Examples
    --------
    >>> from tsforecast import Naive, SeasonalNaive
    >>> class Wide(SeasonalNaive):
    ...     nests = ("tsforecast.SeasonalNaive",)
    >>> nested_models({"a": Wide(), "b": Naive(), "c": SeasonalNaive(12)})
    {'a': ['c']}
    """
    paths = {name: class_path(type(_held(model))) for name, model in models.items()}
    found = {name: [other for other, path in paths.items() if path in model.nests] for name, model in models.items()}
    return {name: others for name, others in found.items() if others}


def joined_nests(
    theirs: Mapping[str, list[str]], described: Sequence[Mapping[str, Any]], added: Mapping[str, BaseForecaster]
) -> dict[str, list[str]]:
    """What the models of a run nest when others are added to it.

    Parameters
    ----------
    theirs : mapping of str to list of str
        What the run had.
    described : sequence of mapping
        Its models, as in its configuration; one that cannot be made from that nests no added model.
    added : mapping of str to BaseForecaster
    """
    models = {}
    for entry in described:
        with contextlib.suppress(TSForecastError):
            models[entry["name"]] = build({k: v for k, v in entry.items() if k != "name"}, expected=(BaseForecaster,))
    return {**theirs, **nested_models({**models, **added})}


def _held(model: BaseForecaster) -> BaseForecaster:
    while isinstance(model, Wrapper) and isinstance(model.forecaster, BaseForecaster):
        model = model.forecaster
    return model
