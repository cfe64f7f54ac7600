"""How the series of a panel are fitted, each apart, and what becomes of those that cannot be."""

import dataclasses
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import sklearn.exceptions

from tsforecast._types import Floats
from tsforecast.exceptions import FitError
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.result import ArimaFit
from tsforecast.panel import Panel


class ConvergenceWarning(sklearn.exceptions.ConvergenceWarning):
    """The likelihood of a series may not be at its maximum; the fit's field ``converged`` is False."""


@dataclasses.dataclass(frozen=True)
class PanelFit:
    """How the series of a panel are fitted.

    Attributes
    ----------
    fit_all : callable
        From a panel, transformed, and a number of threads to a fit of each series, or the error that there was.
    min_observations : int
        Fewest known values of a series.
    reason : str
        What they are needed for, as words of an error.
    season_length : int
        Steps of the season that a transform is chosen by.
    differences : Order
        Differences that regressors must outlive.
    """

    fit_all: Callable[[Panel, int], list[ArimaFit | Exception]]
    min_observations: int
    reason: str
    season_length: int
    differences: Order


def one_by_one(fit_one: Callable[[Floats, Floats | None], ArimaFit]) -> Callable[[Panel, int], Any]:
    """``fit_all`` of a `PanelFit`, from a function of the values (n_obs,) and the covariates of one series."""

    def fit_all(data: Panel, n_jobs: int) -> list[ArimaFit | Exception]:
        def attempt(i: int) -> ArimaFit | Exception:
            try:
                return fit_one(data.series(i), covariates_of(data, i))
            except (ArithmeticError, np.linalg.LinAlgError) as error:
                return error

        with ThreadPoolExecutor(n_jobs) as threads:  # the kernels run without the interpreter's lock
            return list(threads.map(attempt, range(data.n_series)))

    return fit_all


def covariates_of(panel: Panel, i: int) -> Floats | None:
    """The covariates of series i, (n_obs, n_features), or None where the panel has none."""
    if panel.covariates is None:
        return None
    return panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]


def raise_failures(model: str, results: dict[str, ArimaFit | Exception]) -> None:
    """A `FitError` that names every series without a fit, where there is one."""
    failures = {str(name): str(error) for name, error in results.items() if isinstance(error, Exception)}
    if failures:
        first = next(iter(failures))
        raise FitError(
            f"{model} could not be fitted to {len(failures)} of {len(results)} series; {first!r}: {failures[first]}.",
            failures=failures,
        )


def warn_of_failures(fits: dict[str, ArimaFit]) -> None:
    """A `ConvergenceWarning` where the optimiser did not converge on some series."""
    lost = [name for name, fit in fits.items() if not fit.converged]
    if lost:
        shown = ", ".join(repr(name) for name in lost[:3]) + (", …" if len(lost) > 3 else "")
        warnings.warn(
            f"The optimiser did not converge on {len(lost)} of {len(fits)} series ({shown}); see their "
            "field converged in fits_.",
            ConvergenceWarning,
            stacklevel=4,
        )
