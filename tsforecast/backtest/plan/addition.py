"""Adding models to a finished run: which of them are new, and what the run is with them."""

from collections.abc import Mapping
from typing import Any

from tsforecast.backtest.plan.describe import describe_models
from tsforecast.backtest.plan.differences import changed_settings, is_same
from tsforecast.backtest.plan.identity import contents
from tsforecast.backtest.plan.settings import MOST_MODELS
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError

_OF_MODELS = ("models", "code", "content")  # parts of an identity that each model has its own of


def other_settings(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, str]:
    """How the settings, data and package versions of two identities differ, by name; models are not compared.

    Examples
    --------
    >>> other_settings({"horizon": 3, "models": ["a"]}, {"horizon": 4, "models": ["b"]})
    {'horizon': 'horizon was 3, is 4'}
    """
    return changed_settings(theirs, {name: value for name, value in mine.items() if name not in _OF_MODELS})


def new_models(models: Mapping[str, BaseForecaster], identity: Mapping[str, Any]) -> dict[str, BaseForecaster]:
    """The models that a run does not have yet.

    Parameters
    ----------
    models : mapping of str to BaseForecaster
    identity : mapping
        That of the run.

    Raises
    ------
    ParameterError
        The run has another model of that name, or would have too many.
    """
    known = {model["name"]: model for model in identity["models"]}
    content = contents({name: model for name, model in models.items() if name in known})
    for described in describe_models({name: models[name] for name in content}):
        name = described["name"]
        if not is_same(described, known[name]):
            raise _taken(name, f"it was {_arguments(known[name])}, is {_arguments(described)}")
        if content[name] != identity["content"].get(name):
            raise _taken(name, "its code, or what its parameters hold, is not the same")
    if (n_models := len({*known, *models})) > MOST_MODELS:
        raise ParameterError(f"models: {n_models} models are too many; {MOST_MODELS} are allowed.")
    return {name: model for name, model in models.items() if name not in known}


def joined_identity(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    """The identity of a run with the models of another, of the same settings, after its own."""
    joined = {**theirs, "models": [*theirs["models"], *mine["models"]]}
    for name in _OF_MODELS[1:]:
        joined[name] = {**theirs[name], **mine[name]}
    return joined


def joined_config(theirs: Mapping[str, Any], mine: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run with the models of another after its own; the file last read, where there is one."""
    kept = {} if source.get("data") is None else source
    return {**theirs, **kept, "models": [*theirs["models"], *mine["models"]]}


def _taken(name: str, why: str) -> ParameterError:
    return ParameterError(
        f"The run has another model called {name!r} ({why}); give this one a name of its own: {{'my {name}': ...}} in "
        "Python, name: in a configuration."
    )


def _arguments(model: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in (model.get("init_args") or {}).items())
    text = f"{str(model['class_path']).rpartition('.')[2]}({arguments})"
    return text if len(text) <= 200 else text[:197] + "..."
