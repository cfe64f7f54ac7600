"""Kept: a fitted forecaster that lives on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from tsforecast._hooks import Hooks


class Kept(Hooks):
    """The methods of `tsforecast.base.BaseForecaster` that keep a fit."""

    @final
    def save(
        self,
        path: str | Path,
        *,
        notes: Mapping[str, Any] | None = None,
        keep_history: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Write the fitted forecaster to one file, without any code, which `tsforecast.load_forecaster` reads.

        Of its series only what forecasts from their ends need is kept.

        Parameters
        ----------
        path : str or Path
            A saved forecaster of this name is replaced, at once or not at all.
        notes : mapping, optional
            Plain values, of at most 100,000 characters, that come back in ``notes_``; the present ones where None.
        keep_history : bool
            Whether to keep the series, for residuals, covariances and parts of forecasts.
        overwrite : bool
            Whether to replace a file that is no saved forecaster.

        Raises
        ------
        ParameterError
            It holds what only pickle could write, such as a model of another library.
        ModelFileError, MissingFileError
            ``path`` is a folder or another file, cannot be written, or its folder is not there.
        """
        from tsforecast.persist.save import save_forecaster  # on use: seldom needed

        self._check_fitted()
        save_forecaster(self, path, notes, keep_history, overwrite)
