"""Read a saved forecaster back."""

import importlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors.numpy import load as from_safetensors

from tsforecast.base import BaseForecaster
from tsforecast.exceptions import MissingDependencyError, ModelFileError, ParameterError
from tsforecast.panel import Panel
from tsforecast.persist.archive import read_archive
from tsforecast.persist.decode import Decoder


def load_forecaster(path: str | Path, *, trusted: Collection[str] = ()) -> BaseForecaster:
    """The fitted forecaster that `BaseForecaster.save` wrote: it forecasts as it did.

    On the machine that wrote it forecasts are the same to the bit, elsewhere within 1e-6. Nothing in the file is run:
    it holds plain values and arrays, and names classes of this package, or of modules that you trust. A later version
    of the package reads the files of this one.

    Parameters
    ----------
    path : str or Path
    trusted : collection of str
        Your own modules that the file may name, ``("my_models",)``: those of forecasters, networks and functions that
        are not of this package. They are imported, which runs their code.

    Returns
    -------
    BaseForecaster
        With what was noted when it was saved in ``notes_``.

    Raises
    ------
    MissingFileError
        There is no such file.
    ModelFileError
        It is damaged, no saved forecaster, written by a later version, or names what it may not name.
    ParameterError
        A module of ``trusted`` could not be imported.
    MissingDependencyError
        The forecaster needs a package that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from tsforecast import Drift, load_forecaster
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Drift().fit([1.0, 2.0, 4.0]).save(f"{folder}/drift.tsf", notes={"unit": "tons"})
    ...     model = load_forecaster(f"{folder}/drift.tsf")
    >>> model.predict(2), model.notes_
    (array([5.5, 7. ]), {'unit': 'tons'})
    """
    place = Path(path)
    if isinstance(trusted, str):
        trusted = (trusted,)
    manifest, text, arrays = read_archive(place)
    for module in trusted:
        _import(module)
    try:
        model = Decoder(from_safetensors(arrays), trusted).decode(json.loads(text))
        return _whole(model, manifest)
    except MissingDependencyError:
        raise
    except ModelFileError as error:
        raise ModelFileError(f"{str(path)!r} {error}") from error
    except Exception as error:  # of many kinds, as there are many ways for values to be wrong
        told = " ".join(str(error).split())[:300]
        raise ModelFileError(f"{str(path)!r} is no whole forecaster: {type(error).__name__}: {told}") from error


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # the module may raise anything
        raise ParameterError(f"trusted: {module!r} could not be imported: {type(error).__name__}: {error}.") from error


def _whole(model: Any, manifest: dict[str, Any]) -> BaseForecaster:
    if not isinstance(model, BaseForecaster) or not isinstance(getattr(model, "panel_", None), Panel):
        raise ModelFileError("holds no fitted forecaster.")
    origin = vars(model).get("moved_", model.panel_)
    if not isinstance(origin, Panel) or not origin.ids.equals(model.panel_.ids) or origin.freq != model.panel_.freq:
        raise ModelFileError("was updated with other series than it was fitted on.")
    notes = manifest.get("notes")
    if not isinstance(notes, dict):
        raise ModelFileError("holds no notes.")
    model.notes_ = notes
    return model
