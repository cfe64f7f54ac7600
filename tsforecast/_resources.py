"""Where the bundled data sets and configurations are: inside the installed package, or beside it in a checkout."""

from pathlib import Path
from typing import Literal

from tsforecast.exceptions import MissingFileError

_PACKAGE = Path(__file__).resolve().parent


def bundled(kind: Literal["datasets", "configs"]) -> Path:
    """The folder of the bundled data sets or configurations.

    The wheel carries them inside the package; in a checkout they are the repository's own folders.

    Raises
    ------
    MissingFileError
        Neither folder exists: the package was copied without its data.

    Examples
    --------
    >>> (bundled("datasets") / "README.md").exists()
    True
    """
    places = (_PACKAGE / "_bundled" / kind, _PACKAGE.parent / kind)
    for place in places:
        if place.is_dir():
            return place
    raise MissingFileError(
        f"The bundled {kind} are neither at {places[0]} nor at {places[1]}; install tsforecast with pip, or work in a "
        "full checkout."
    )
