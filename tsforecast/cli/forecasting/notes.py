"""What `tsforecast forecast --save` notes with a model, checked where it is read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsforecast.exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from tsforecast.backtest.choose.quality import Quality

NOTES_KEY = "forecast"  # of the notes of a model
_OF_ONE_FILE = ("skip_lines", "as_of")  # reading options that say nothing of the next file
_FACTS = {"decimal": (str,), "day_first": (bool,), "freq": (str, int)}


@dataclasses.dataclass(frozen=True)
class Notes:
    """What is known of a kept model besides itself.

    Attributes
    ----------
    name : str
    horizon : int
        Steps that it forecasts where nobody says how many.
    fitted_on : str
        A day.
    quality : dict or None
        `Quality.to_dict`.
    reading : dict
        The options by which its file was read, where they are not the usual ones.
    facts : dict
        What was found out of that file: ``decimal``, ``day_first`` and ``freq``. A new file that does not tell them is
        read so.
    """

    name: str
    horizon: int
    fitted_on: str
    quality: dict[str, Any] | None = None
    reading: dict[str, Any] = dataclasses.field(default_factory=dict)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values under one key, as the notes of a model hold them."""
        return {NOTES_KEY: dataclasses.asdict(self)}

    @property
    def measured(self) -> Quality | None:
        """The quality, None where it is not known or is none."""
        from tsforecast.backtest.choose.quality import Quality

        try:
            return None if self.quality is None else Quality.from_dict(self.quality)
        except DataError:
            return None


def notes_in(notes: Mapping[str, Any]) -> Notes | None:
    """The notes of this command among those of a model; None where there are none, or other values.

    Examples
    --------
    >>> notes_in(Notes("ETS", 12, "2024-05-01").to_dict()).horizon
    12
    >>> notes_in({"forecast": {"horizon": "many"}}) is None, notes_in({}) is None
    (True, True)
    """
    held = notes.get(NOTES_KEY)
    if not isinstance(held, Mapping):
        return None
    known = {field.name: held[field.name] for field in dataclasses.fields(Notes) if field.name in held}
    name, horizon, fitted_on = (known.get(key) for key in ("name", "horizon", "fitted_on"))
    is_count = isinstance(horizon, int) and not isinstance(horizon, bool) and horizon > 0
    if not (isinstance(name, str) and isinstance(fitted_on, str) and is_count):
        return None
    facts = known.get("facts", {})
    known["facts"] = {k: v for k, v in facts.items() if isinstance(v, _FACTS.get(k, ()))} if _is_dict(facts) else {}
    known["reading"] = _checked_reading(known.get("reading", {}))
    known["quality"] = known.get("quality") if _is_dict(known.get("quality")) else None
    return Notes(**known)


def notes_of_file(path: str) -> Notes | None:
    """The notes of this command in the file of a model, which is not built for that.

    Raises
    ------
    MissingFileError, ModelFileError
        There is no such file, or it holds no model.
    """
    from tsforecast.cli.forecasting.targets import model_file
    from tsforecast.persist.archive import read_archive

    notes = read_archive(model_file(path))[0].get("notes")
    return notes_in(notes) if isinstance(notes, Mapping) else None


def noted_reading(given: Namespace) -> dict[str, Any]:
    """The reading options that are to be used for the next file too, where they are not the usual ones."""
    from tsforecast.cli.reading import reading_options
    from tsforecast.data.reading import Reading

    options, usual = reading_options(given), Reading()
    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name not in _OF_ONE_FILE and value != getattr(usual, name)
    }


def _is_dict(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _checked_reading(values: object) -> dict[str, Any]:
    """Reading options of a file, where all of them are; else none."""
    from tsforecast.data.reading import Reading

    fields = {field.name for field in dataclasses.fields(Reading)}
    if not isinstance(values, dict) or not set(values) <= fields - set(_OF_ONE_FILE):
        return {}
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        Reading(**plain).checked()
    except (ParameterError, TypeError, ValueError):
        return {}
    return dict(values)
