"""Reading: all options for reading a file in one value."""

import dataclasses
from pathlib import Path

from tsforecast.data.file_format import FileFormat
from tsforecast.data.read import read
from tsforecast.panel import Panel
from tsforecast.panel.covariates import CovariateGaps
from tsforecast.panel.regular import Gaps


@dataclasses.dataclass(frozen=True)
class Reading(FileFormat):
    """The options of `tsforecast.data.read.read` and those of `FileFormat`, for a configuration that names a file.

    Attributes
    ----------
    id_col, time_col, target_col : str, optional
        Names of columns.
    freq : str or int, optional
        Frequency; inferred where it is None.
    gaps : {"error", "nan", "snap"}
    covariates : tuple of str
    covariate_gaps : {"error", "ffill", "interpolate"}
    static : tuple of str
        As in `read`.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> Reading(gaps="nan").panel(bundled("datasets") / "airline.csv")
    Panel(n_series=1, n_obs=144, freq='MS')
    """

    id_col: str | None = None
    time_col: str | None = None
    target_col: str | None = None
    freq: str | int | None = None
    gaps: Gaps = "error"
    covariates: tuple[str, ...] = ()
    covariate_gaps: CovariateGaps = "error"
    static: tuple[str, ...] = ()

    def panel(self, path: str | Path) -> Panel:
        """The series of a file, read with these options; raises the errors of `read`."""
        return read(
            path,
            id_col=self.id_col,
            time_col=self.time_col,
            target_col=self.target_col,
            freq=self.freq,
            gaps=self.gaps,
            covariates=self.covariates,
            covariate_gaps=self.covariate_gaps,
            static=self.static,
            file_format=self,
        )
