"""What the forecasts of one series start from: the whole series, or the state that a saved forecaster kept of it."""

import dataclasses
from collections.abc import Callable, Hashable

import numpy as np

from tsforecast._types import Floats
from tsforecast.exceptions import DataError
from tsforecast.models.arima import intervals, mixture
from tsforecast.models.arima.estimate import Engine, engine_for, forecast
from tsforecast.models.arima.intervals import ParameterUncertainty, Seen
from tsforecast.models.arima.moving import state_after
from tsforecast.models.arima.process import LONGEST, ArimaState, ArimaStateSpace
from tsforecast.models.arima.result import ArimaFit
from tsforecast.state_space import GaussianPrediction

_LONG_LAG = 10_000  # steps: what a lag of a file may be, whatever it holds of the series


@dataclasses.dataclass(frozen=True, eq=False)
class SeriesEnd:
    """The end of a series of at least a hundred known values, or of one without any variance.

    Attributes
    ----------
    state : ArimaState
        Of the series less its regression.
    of_intervals : Seen or None
        What intervals need; None where there is no variance.
    known : ParameterUncertainty or None
        How well the series that was fitted determines the parameters; None where there is no variance.
    """

    state: ArimaState
    of_intervals: Seen | None
    known: ParameterUncertainty | None

    def forecast(self, fit: ArimaFit, future: Floats, engine: Engine) -> tuple[Floats, Floats]:
        """Mean and variance of the next values at the fit's parameters: two ``(horizon,)``; see `estimate.forecast`."""
        ahead = self.ahead(fit, future)
        return ahead.mean, ahead.variance

    def ahead(self, fit: ArimaFit, future: Floats) -> GaussianPrediction:
        """The joint distribution of the next values at the fit's parameters."""
        return ArimaStateSpace.of(fit).forecast(self.state, future.shape[0]).shifted(future @ fit.beta)

    def uncertainty(self, fit: ArimaFit) -> ParameterUncertainty:
        """How well the series that was fitted determines the parameters."""
        assert self.known is not None  # asked for only where there is variance
        return self.known

    def seen(self, fit: ArimaFit, known: ParameterUncertainty) -> Seen:
        """What intervals need of the series."""
        assert self.of_intervals is not None  # asked for only where there is variance
        return self.of_intervals

    def mixed(self, fit: ArimaFit) -> float:
        """How far quantiles are those of a mixture: not at all, so long a series."""
        return 0.0

    def values_mixed(self) -> tuple[Floats, float]:
        """Not needed: see `WholeSeries.values_mixed`."""
        return np.empty(0), float("nan")

    def end(self, fit: ArimaFit, engine: Engine) -> "SeriesEnd":
        """Itself."""
        return self

    def moved(self, fit: ArimaFit, y: Floats, Z: Floats) -> "SeriesEnd":
        """The end after further values (n_new,) with their regressors (n_new, n_regressors)."""
        state = state_after(ArimaStateSpace.of(fit), self.state, y - Z @ fit.beta)
        if self.known is None or self.of_intervals is None:
            return SeriesEnd(state, None, None)
        return SeriesEnd(state, intervals.seen_after(fit, self.known, self.of_intervals, Z), self.known)


def check_end(name: Hashable, fit: ArimaFit, end: SeriesEnd | None, n_held: int) -> None:
    """Raise a `DataError` where what a file holds of a series does not fit its order: sizes follow from the order.

    ``n_held`` is the number of observations that the file holds of it.
    """
    order = fit.order
    ar, ma = order.p + order.season_length * order.P, order.q + order.season_length * order.Q
    sizes = fit.phi.size, fit.theta.size, fit.seasonal_phi.size, fit.seasonal_theta.size, fit.beta.size
    right = sizes == (order.p, order.q, order.P, order.Q, len(fit.beta_names))
    right = right and (order.season_length == 1 or order.P + order.D + order.Q > 0)
    if end is None:
        right = right and max(order.n_lost, ar, ma) <= max(n_held, _LONG_LAG)
    else:
        right = right and (end.state.levels.shape[1], end.state.differences.shape[1]) == (order.n_lost, max(ar, ma))
    if not right:
        raise DataError(f"What was kept of series {name!r} does not fit its order {order}.")


@dataclasses.dataclass(frozen=True, eq=False)
class WholeSeries:
    """A series to forecast from.

    Attributes
    ----------
    y : ndarray, shape (n_obs,)
    Z : ndarray, shape (n_obs, n_regressors)
    trained : callable
        Gives series and regressors that were fitted, or what is known from them where they are no more.
    """

    y: Floats
    Z: Floats
    trained: Callable[[], tuple[Floats, Floats] | ParameterUncertainty]

    def forecast(self, fit: ArimaFit, future: Floats, engine: Engine) -> tuple[Floats, Floats]:
        """As `SeriesEnd.forecast`."""
        return forecast(fit, self.y, self.Z, future.shape[0], future, engine)

    def ahead(self, fit: ArimaFit, future: Floats) -> GaussianPrediction:
        """As `SeriesEnd.ahead`."""
        process = ArimaStateSpace.of(fit)
        state = process.filter(self.y - self.Z @ fit.beta).state
        return process.forecast(state, future.shape[0]).shifted(future @ fit.beta)

    def uncertainty(self, fit: ArimaFit) -> ParameterUncertainty:
        """As `SeriesEnd.uncertainty`."""
        trained = self.trained()
        return trained if isinstance(trained, ParameterUncertainty) else intervals.uncertainty_of(fit, *trained)

    def seen(self, fit: ArimaFit, known: ParameterUncertainty) -> Seen:
        """As `SeriesEnd.seen`."""
        return intervals.seen_of(fit, known, self.y, self.Z)

    def mixed(self, fit: ArimaFit) -> float:
        """How far quantiles are those of a mixture: see `mixture.share_mixed`."""
        trained = self.trained()
        return 0.0 if isinstance(trained, ParameterUncertainty) else mixture.share_mixed(fit, trained[0], self.y)

    def values_mixed(self) -> tuple[Floats, float]:
        """The series that was fitted and the last value, which quantiles of a mixture are made from."""
        trained = self.trained()
        return np.empty(0) if isinstance(trained, ParameterUncertainty) else trained[0], float(self.y[-1])

    def end(self, fit: ArimaFit, engine: Engine) -> SeriesEnd | None:
        """What forecasts need of the series; None where they need all of it.

        That is where the uncertainty of the lags counts, in series of fewer than a hundred known values, and where a
        Kalman filter of statsmodels makes the forecasts.
        """
        if engine_for(engine, self.y) != "numba" or self.y.size > LONGEST:
            return None
        state = ArimaStateSpace.of(fit).filter(self.y - self.Z @ fit.beta).state
        if fit.sigma2 == 0.0:
            return SeriesEnd(state, None, None)
        known = self.uncertainty(fit)
        if known.steps.shape[0] or self.mixed(fit) > 0.0:
            return None
        return SeriesEnd(state, self.seen(fit, known), known)
