"""Kept: a fitted forecaster that lives on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, final

from tsforecast._hooks import Hooks
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series


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

    @final
    def update(
        self,
        y_new: Series,
        X_new: Covariates | None = None,
        *,
        gaps: Literal["error", "nan"] = "error",
        revised: Literal["error", "ignore"] = "error",
    ) -> Self:
        """The forecaster itself, which now forecasts from the end of new observations; nothing is learnt from them.

        Forecasts, intervals and paths are those of ``predict(history=...)`` with the whole history, within rounding, at
        a cost that does not depend on its length.

        Parameters
        ----------
        y_new : like ``y`` of `fit`
            Observations after the end of some or all series, in any container that `fit` takes. An array goes on right
            after the end (a table of several series after the latest end), with one column for each series of `fit`; an
            unnamed Series or a long frame without ``unique_id`` is the only series. Rows at or before the end of a
            series, as a nightly file repeats them, are compared with what is known and passed over. No rows change
            nothing.
        X_new : DataFrame, Series or ndarray, optional
            Covariates at the times of ``y_new``, for a model fitted with some; rows and columns of a frame that are not
            needed are passed over.
        gaps : {"error", "nan"}
            Whether steps between the end of a series and its first new row, or between new rows, are an error or
            missing values, for a model that can use such.
        revised : {"error", "ignore"}
            Whether a repeated row with another value than before is an error, or is passed over: forecasts then go on
            from the old value. To use a corrected one, fit anew.

        Returns
        -------
        BaseForecaster
            Itself. After an error it is as it was.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        UnknownNameError
            A series was not fitted. Those that `fit` skipped as too short are passed over.
        GapError, DuplicateTimeError, DisorderError, FrequencyError
            The new rows do not go on from the end of a series, one step each.
        MissingValuesError, CovariateError, DataError
            A value or a covariate is missing where the model needs it, or a value differs from before, or cannot be
            used, as one outside the bounds.
        ParameterError
            An option has a value that is not allowed, or the model cannot go on, as some of other libraries cannot.

        Warns
        -----
        UnusedRowWarning
            Repeated rows could not be compared, as they are no longer held.

        Notes
        -----
        ``panel_`` stays the series of `fit`, of which residuals, covariances and facts of the fit are told. Of the new
        rows the last 32 of each series are held, and none before, where the model sums up its past; a model that cannot
        (those of other libraries, of a function, an ARIMA fitted to fewer than a hundred values) holds all, and takes
        as long as with a history. Parameters grow old: docs/production.md says when to fit anew.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> model = Naive().fit([3.0, 1.0, 2.0])
        >>> model.update([5.0, 4.0]).predict(2)
        array([4., 4.])
        """
        from tsforecast._updating import update_fitted  # on use: it imports BaseForecaster

        self._check_fitted()
        update_fitted(self, y_new, X_new, gaps, revised)
        return self
