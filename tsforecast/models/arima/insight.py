"""ArimaInsight: what a fitted model of the ARIMA family tells of its fits: tables, residuals, tests."""

import dataclasses
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from tsforecast._facts import Detailed, Facts, is_detailed
from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import UnknownNameError
from tsforecast.models.arima.covariance import covariance
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.diagnostics import residual_figure
from tsforecast.models.arima.estimate import Engine, one_step
from tsforecast.models.arima.facts import likelihood_facts, order_facts, residual_facts
from tsforecast.models.arima.panel_fit import PanelFit
from tsforecast.models.arima.past import lagged_columns, lagged_names, past_lags_of, without_first
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.summary import ljung_box, table
from tsforecast.panel import Panel
from tsforecast.panel.shortened import check_has_history, n_before
from tsforecast.series.transform import Transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class ArimaInsight(BaseForecaster):
    """The methods of the ARIMA family that look into the fits."""

    chooses_order: ClassVar[bool] = False  # for each series, from its own values
    engine: Engine = "numba"
    fits_: dict[str, ArimaFit]
    transform_: Transform
    past_lags: int | Sequence[int] = 1

    @abstractmethod
    def _panel_fit(self, panel: Panel) -> PanelFit:
        """How to fit; the constructor's arguments are checked against the panel here."""

    def _trend_of(self, fitted: ArimaFit) -> tuple[str, ...]:
        names = self._design_names()
        return tuple(name for name in fitted.beta_names if name not in names)

    def _design_names(self) -> tuple[str, ...]:
        """Names of the covariates among the regressors that a series may have."""
        return (*self.panel_.covariate_names, *lagged_names(self.panel_, past_lags_of(self.past_lags)))

    def _kept(self, fitted: ArimaFit, table: Floats | None) -> Floats | None:
        """The columns of `_design_names` that a fit has coefficients of; None where there are none."""
        names = self._design_names()
        columns = [j for j, name in enumerate(names) if name in fitted.beta_names]
        if table is None or len(columns) == len(names):
            return table
        return table[:, columns] if columns else None

    def _designed(self, panel: Panel) -> Panel:
        """The panel with lagged past-only covariates among its own, and missing values where they are unknown."""
        if panel.past_covariates is None:
            return panel
        lags = past_lags_of(self.past_lags)
        columns = (
            [lagged_columns(panel, lags)]
            if panel.covariates is None
            else [panel.covariates, lagged_columns(panel, lags)]
        )
        return dataclasses.replace(
            panel,
            values=without_first(panel, lags),
            covariates=np.column_stack(columns),
            covariate_names=(*panel.covariate_names, *lagged_names(panel, lags)),
        )

    def _data_of(self, panel: Panel) -> Panel:
        """The panel as it is fitted: with lagged covariates, transformed."""
        return self.transform_.apply(self._designed(panel))

    @property
    def params_(self) -> pd.DataFrame:
        """Estimates, ``sigma2`` and criteria: one row a series, one column each; a fresh frame."""
        rows = [
            {
                **fit.coefficients,
                "sigma2": fit.sigma2,
                "loglik": fit.loglik,
                "aic": fit.aic,
                "aicc": fit.aicc,
                "bic": fit.bic,
                "converged": fit.converged,
            }
            for fit in self._fits().values()
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self.fits_), name="unique_id"))

    def summary(self) -> str:
        """A table for each series, as text: estimates, standard errors, z and its p-value, 95% intervals, criteria.

        Standard errors are those of `covariance`; z is the estimate over its standard error.
        """
        return "\n\n".join(table(name, fit, self.covariance(name)) for name, fit in self._fits().items())

    def covariance(self, unique_id: str) -> Floats:
        """Covariance of the ``coefficients`` of one series: (n_coefficients, n_coefficients).

        From the observed information of the exact likelihood in all parameters, sigma2 among them, as in R's ``arima``;
        on the scale of the transform. nan in the rows and columns of a lag polynomial with a root on the unit circle,
        and everywhere where the likelihood has no peak; see `tsforecast.models.arima.covariance.covariance`.
        """
        y, Z = self._series(unique_id)
        return covariance(self._fit_of(unique_id), y, Z, self.engine)

    def ljung_box(self, unique_id: str, n_lags: int) -> tuple[float, float]:
        """Statistic of Ljung & Box (1978) on the first ``n_lags`` autocorrelations of the residuals, and its p-value.

        The residuals are those of `residuals` on the transformed scale, those at the beginning, where less is known,
        over their relative standard deviations. The degrees of freedom are ``n_lags`` less the coefficients of the lag
        polynomials; missing residuals are passed over.
        """
        return ljung_box(self._standardised(unique_id), n_lags, self._fit_of(unique_id).order.n_arma)

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """Likelihood of each fit, the order where it was chosen, and in detail what is left in the residuals.

        See `tsforecast.models.arima.facts` for their names. A forecaster saved without its series, see `save`, knows
        nothing of residuals.

        Examples
        --------
        >>> from tsforecast import ARIMA
        >>> told = ARIMA(order=(1, 0, 0)).fit(np.sin(np.arange(40.0) ** 2)).fit_facts()["y"]
        >>> told["converged"], len(told["residual_acf"]), bool(told["ljung_box_pvalue"] > 0.01)
        (1.0, 8, True)
        """
        season = self._panel_fit(self.panel_).season_length if self._fits() else 1
        whole = set(self.panel_.ids[n_before(self.panel_) == 0])
        told: dict[Hashable, dict[str, float | Sequence[float]]] = {}
        for name, fit in self._fits().items():
            told[name] = {**likelihood_facts(fit), **(order_facts(fit) if self.chooses_order else {})}
            if name in whole and is_detailed(name, detailed):
                told[name] |= residual_facts(self._standardised(name), season, fit.order.n_arma)
        return told

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of what is left in one series: residuals over time, autocorrelation, Q-Q, tests of Ljung and Box.

        ``unique_id`` names the series; by default the first. Residuals are those of
        `residuals` on the transformed scale, each over its standard deviation.

        Raises
        ------
        UnknownNameError
            No series of that name was fitted.
        DataError
            There are too few residuals, or all are zero.

        Examples
        --------
        >>> from tsforecast import ARIMA
        >>> figure = ARIMA(order=(1, 0, 0)).fit(np.sin(np.arange(40.0) ** 2)).plot_diagnostics()
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['Residuals', 'Autocorrelation of residuals', 'Normal Q-Q', 'Ljung-Box test']
        """
        name = next(iter(self._fits())) if unique_id is None else unique_id
        fit, residuals = self._fit_of(name), self._standardised(name)
        place = int(self.panel_.ids.get_indexer([name])[0])
        return residual_figure(f"{name}: ARIMA{fit.order}", self.panel_.times_of(place), residuals, fit)

    def _fits(self) -> dict[str, ArimaFit]:
        self._check_fitted()
        return self.fits_

    def _fit_of(self, unique_id: str) -> ArimaFit:
        """The fit of a series; an `UnknownNameError` where there is none."""
        fits = self._fits()
        if not isinstance(unique_id, Hashable) or unique_id not in fits:
            raise UnknownNameError(f"Series {unique_id!r} is not among the {len(fits)} series fitted.")
        return fits[unique_id]

    def _standardised(self, unique_id: str) -> Floats:
        """Residuals of a series on the transformed scale, scaled to the innovation variance: ``(n_obs,)``.

        nan where there is none. The first errors are of a larger variance, as less is known before them.
        """
        y, Z = self._series(unique_id)
        fit = self._fit_of(unique_id)
        mean, variance = one_step(fit, y, Z, self.engine)
        relative = variance / fit.sigma2 if fit.sigma2 > 0.0 else np.ones(y.size)
        return (y - mean) / np.sqrt(relative)

    def _series(self, unique_id: str) -> tuple[Floats, Floats]:
        """Training values on the scale of the model, and their regressors."""
        fit = self._fit_of(unique_id)
        i = int(self.panel_.positions(pd.Index([unique_id]))[0])
        own = self.panel_.take([i])
        check_has_history(own, f"residuals, covariances or a beginning of series {unique_id!r}")
        data = self._data_of(dataclasses.replace(own, left_out=None))
        return data.values, regressors(self._trend_of(fit), 0, data.n_obs, self._kept(fit, data.covariates))
