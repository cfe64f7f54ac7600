"""The files that a forecast is written to, checked before anything is fitted."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tsforecast.cli.forecasting.written import is_as_written, memory_folder
from tsforecast.exceptions import OutputError

if TYPE_CHECKING:
    from jsonargparse import Namespace

_TABLES = (".csv", ".parquet", ".xlsx")
_PICTURES = (".png", ".svg", ".pdf")
_SAVED = "model.tsf"  # the file in a folder that a model is saved to


@dataclasses.dataclass(frozen=True)
class Targets:
    """Where a forecast goes.

    Attributes
    ----------
    output : Path
        The table.
    plot : Path or None
        The picture.
    save : Path or None
        The file of the fitted model.
    """

    output: Path
    plot: Path | None
    save: Path | None

    @property
    def certainty(self) -> Path:
        """The table of the most and the least certain series; in a workbook it is a sheet of ``output``."""
        stem = self.output.name.removesuffix(self.output.suffix)
        return self.output.with_name(f"{stem}-certainty{self.output.suffix}")


def choose_targets(stem: str, given: "Namespace", inputs: Sequence[str]) -> Targets:
    """Where the files go, after checks that each can be written there.

    Parameters
    ----------
    stem : str
        The name of what is forecast: without ``--output`` the table is ``STEM-forecast.csv`` in this folder and,
        without ``--plot`` too, the picture ``STEM-forecast.png``.
    given : Namespace
        The options ``output``, ``plot``, ``save`` and ``overwrite`` of the command.
    inputs : sequence of str
        Files that are read, which are never replaced.

    Raises
    ------
    OutputError
        A file has another suffix, cannot be written, or is there and is not as this command wrote it.
    """
    table = Path(given.output) if given.output else Path(f"{stem}-forecast.csv")
    picture = Path(given.plot) if given.plot else None if given.output else Path(f"{stem}-forecast.png")
    targets = Targets(table, picture, None if given.save is None else model_file(given.save))
    paths = [path for path in (table, picture, targets.save) if path is not None]
    if len({path.resolve() for path in paths}) < len(paths):
        raise OutputError(f"--output, --plot and --save must be different files; got {', '.join(map(str, paths))}.")
    _check_suffix("output", table, _TABLES)
    if picture is not None:
        _check_suffix("plot", picture, _PICTURES)
    for path in (table, *([] if picture is None else [picture])):
        _check_place(path)
        _check_content(path, inputs, overwrite=bool(given.overwrite))
    if targets.save is not None:
        _check_model(targets.save, inputs)
    return targets


def check_certainty(targets: Targets, given: "Namespace", inputs: Sequence[str]) -> None:
    """Check that the table of the most and the least certain series can be written, where there will be one."""
    if targets.output.suffix != ".xlsx":
        _check_place(targets.certainty)
        _check_content(targets.certainty, inputs, overwrite=bool(given.overwrite))


def model_file(path: str) -> Path:
    """The file of a saved model: the path itself where it has a suffix, else ``model.tsf`` in that folder.

    Examples
    --------
    >>> model_file("model/").as_posix(), model_file("sales.tsf").as_posix()
    ('model/model.tsf', 'sales.tsf')
    """
    return Path(path) if Path(path).suffix and not Path(path).is_dir() else Path(path) / _SAVED


def _check_suffix(option: str, path: Path, allowed: Sequence[str]) -> None:
    if path.suffix not in allowed:
        raise OutputError(f"--{option} {path}: the name of the file ends in one of {', '.join(allowed)}.")


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        why = "cannot be written to" if folder.is_dir() else "is no folder"
        raise OutputError(f"{path} cannot be written: {folder} {why}.")


def _check_no_input(path: Path, inputs: Sequence[str]) -> None:
    if any(Path(name).exists() and path.exists() and path.samefile(name) for name in inputs):
        raise OutputError(f"{path} is read for this forecast, so it is not replaced; name another file.")


def _check_content(path: Path, inputs: Sequence[str], *, overwrite: bool) -> None:
    if not path.exists():
        return
    _check_no_input(path, inputs)
    if not overwrite and not is_as_written(path):
        folder = memory_folder()
        lost = (
            ""
            if folder is not None and _is_there(folder)
            else (
                f" Which files it wrote is remembered in {folder or 'the home of a user'}, which is not there: a job "
                "without a lasting home needs --overwrite."
            )
        )
        raise OutputError(
            f"{path} is there, and is not as this command wrote it: somebody else did, or changed it since. "
            f"--overwrite replaces it.{lost}"
        )


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def _check_model(path: Path, inputs: Sequence[str]) -> None:
    from tsforecast.persist.archive import check_target

    _check_place(path)
    _check_no_input(path, inputs)
    if path.parent.exists():
        check_target(path, overwrite=False)
