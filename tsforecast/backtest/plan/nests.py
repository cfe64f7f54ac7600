"""Which models of a run are special cases of others in it."""

from collections.abc import Mapping

from tsforecast._classes import class_path
from tsforecast.base import BaseForecaster
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


def _held(model: BaseForecaster) -> BaseForecaster:
    while isinstance(model, Wrapper) and isinstance(model.forecaster, BaseForecaster):
        model = model.forecaster
    return model
