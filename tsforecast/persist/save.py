"""Write a fitted forecaster to one file: checks first, then what forecasts need of the series, then the file."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import save as to_safetensors

from tsforecast._saving import short_of
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.persist.archive import check_target, write_archive
from tsforecast.persist.classes import path_named
from tsforecast.persist.encode import Encoder

_LONGEST_NOTES = 100_000  # characters of JSON


def save_forecaster(
    model: BaseForecaster, path: str | Path, notes: Mapping[str, Any] | None, keep_history: bool, overwrite: bool
) -> None:
    """Write a fitted forecaster to a file: see `BaseForecaster.save`."""
    target = Path(path)
    held = _checked_notes(model.notes_ if notes is None else notes)
    check_target(target, overwrite=overwrite)
    short = None if keep_history else short_of(model, model._origin)
    kept = copy.copy(model) if short is None else short[0]
    del kept.notes_
    encoder = Encoder()
    text = json.dumps(encoder.encode(kept), sort_keys=True, separators=(",", ":"), allow_nan=False)
    arrays = to_safetensors(encoder.arrays)
    write_archive(target, text, arrays, {"class": path_named(type(model)), "notes": held})


def _checked_notes(notes: Any) -> dict[str, Any]:
    """Notes as JSON would give them back."""
    try:
        text = json.dumps(notes, allow_nan=False)
        again = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"notes cannot be written as JSON: {error}.") from error
    if not isinstance(notes, Mapping) or again != notes:
        raise ParameterError(
            f"notes={str(notes)[:80]!r} is no mapping of texts to plain values: lists, texts, numbers."
        )
    if len(text) > _LONGEST_NOTES:
        raise ParameterError(f"notes are {len(text)} characters of JSON; at most {_LONGEST_NOTES} are kept.")
    return dict(again)
