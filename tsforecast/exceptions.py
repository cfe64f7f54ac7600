"""Errors and warnings of tsforecast: errors share one base class, and each is also the builtin a caller would catch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsforecast._not_fitted import NotFittedError as NotFittedError


def __getattr__(name: str) -> Any:
    if name != "NotFittedError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tsforecast._not_fitted import (
        NotFittedError,
    )  # imports scikit-learn, which most uses of this module do not need

    return NotFittedError


class TSForecastError(Exception):
    """Base class of every error that tsforecast raises on purpose."""


class DataError(TSForecastError, ValueError):
    """The data given cannot be used as they are.

    Attributes
    ----------
    advice : tuple of str
        Options of the command line with which a file can be read, such as ``("--gaps", "nan")``; one choice where there
        are several. Empty for data that are not from a file, or that no option mends.
    """

    advice: tuple[str, ...] = ()


class FrequencyError(DataError):
    """No regular frequency fits the times of a series."""


class GapError(DataError):
    """A series skips a time step."""


class DuplicateTimeError(DataError):
    """A series has two observations at one time."""


class DisorderError(DataError):
    """The times of a series do not increase."""


class MissingValuesError(DataError):
    """A series holds nan and the model cannot use it."""


class SeriesTooShortError(DataError):
    """Series have fewer observations than the task needs.

    Attributes
    ----------
    series : dict
        Observations of every series that is too short, by name; empty where the names are not known.
    why : str
        What needs more observations.

    Examples
    --------
    >>> SeriesTooShortError("Series 'a' has 5 observations.", series={"a": 5}).series
    {'a': 5}
    """

    def __init__(self, message: str, series: Mapping[Any, int] | None = None, why: str = "") -> None:
        super().__init__(message)
        self.series = dict(series or {})
        self.why = why

    def reason(self, unique_id: Any) -> str:
        """What is wrong with one of the series, in a sentence."""
        n = self.series[unique_id]
        return f"Series {unique_id!r} has {n} observation{'s' if n != 1 else ''}; {self.why or 'more are needed'}."


class CovariateError(DataError):
    """Covariates are missing, superfluous or do not line up with the series."""


class ContainerTypeError(TSForecastError, TypeError):
    """An object of this type cannot be read as time series."""


class ParameterError(TSForecastError, ValueError):
    """The value of a parameter is not allowed."""


class UnknownNameError(TSForecastError, LookupError):
    """A name (of a series, a data set, a model, a metric) is not known."""


class LeakError(TSForecastError, RuntimeError):
    """A forecast changed when only values after its cutoff changed."""


class MissingFileError(TSForecastError, FileNotFoundError):
    """A file or folder that is to be read does not exist."""


class MissingDependencyError(TSForecastError, ImportError):
    """A package that only this feature needs is not installed."""


class RunFolderError(TSForecastError, OSError):
    """A run folder cannot be written, read or resumed."""


class OutputError(TSForecastError, OSError):
    """A file of results has no usable name, cannot be written, or may not be replaced."""


class ModelFileError(TSForecastError, OSError):
    """The file of a saved forecaster cannot be written or read: damaged, of a later version, or none at all."""


class ExecutorError(RunFolderError):
    """The workers of a run are gone or do not answer; what was finished is kept, and the message tells how to go on."""


class UnusedColumnWarning(UserWarning):
    """A frame has columns that nothing uses."""


class UnusedRowWarning(UserWarning):
    """Rows after the last value of a series are not used."""


class UnseenLevelWarning(UserWarning):
    """A covariate of texts has one that training has not seen; it counts as without effect."""


class MissingTruthWarning(UserWarning):
    """Test windows of a backtest hold no value, so that nothing can be scored there."""


class FitError(TSForecastError, RuntimeError):
    """A model could not be fitted, or its forecast is not finite, on some series.

    Attributes
    ----------
    failures : dict of str to str
        The reason for each failing series; empty where the failure is of the whole panel.

    Examples
    --------
    >>> FitError("No optimum.", failures={"a": "did not converge"}).failures
    {'a': 'did not converge'}
    """

    def __init__(self, message: str, failures: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})
