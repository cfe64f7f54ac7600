"""ARIMA at given parameters as a state-space model: likelihood, one-step errors and forecasts from one object."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.signal import lfilter

from tsforecast._types import Floats
from tsforecast.exceptions import DataError
from tsforecast.kernels.arma import autocovariance
from tsforecast.kernels.arma.forecast import extrapolate
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.kernels.arma.residuals import recursive_errors
from tsforecast.models.arima.engines.kernels import beginning, levels, whiten
from tsforecast.models.arima.order import Order, multiply
from tsforecast.models.arima.result import ArimaFit
from tsforecast.state_space import GaussianPrediction

LONGEST = 4_000_000  # values of a series whose state can be kept


class ArimaRows(NamedTuple):
    """A series as the likelihood sees it.

    Attributes
    ----------
    Y : ndarray, shape (n_missing + 1, n_obs)
        Rows that stand for missing values, 1 where one is missing, else 0; then the series (any number where missing).
    W : ndarray, shape (n_missing + 1, n)
        The same rows differenced.
    R : ndarray, shape (n_missing + 1, r + n)
        The same rows whitened (`kernels.arma.whitening.whiten`).
    logdet : float
        Log determinant of the covariance that made them so.
    """

    Y: Floats
    W: Floats
    R: Floats
    logdet: float


@dataclasses.dataclass(frozen=True, eq=False)
class ArimaState:
    """All of a series that its next values depend on.

    Rows stand for missing values, as in `ArimaRows`; the last is the series. Of each row the last values are kept, as
    many as the longest lag, r; all where there are fewer.

    Attributes
    ----------
    levels : ndarray, shape (n_missing + 1, n_lost)
        Last values of each row, on which differences are undone.
    differences, innovations : ndarray, shape (n_missing + 1, m)
        Last values of each row differenced, and whitened.
    begin : ndarray, shape (n_missing + 1, r)
        The state before the beginning, where there are fewer values than lags; else (n_missing + 1, 0).
    n : int
        Values differenced, at most 4,000,000: whether the beginning is still felt after so many.
    coefficients, U : ndarray, shapes (n_missing,), (n_missing, n_missing)
        Missing values given the data: their mean is minus the former, their covariance ``(U' U)^-1``.
    """

    levels: Floats
    differences: Floats
    innovations: Floats
    begin: Floats
    n: int
    coefficients: Floats
    U: Floats

    def __post_init__(self) -> None:
        (k, m), missing = self.differences.shape, self.coefficients.size
        if (
            self.innovations.shape != (k, m)
            or self.levels.shape[0] != k
            or self.begin.shape[0] != k
            or k != missing + 1
        ):
            raise DataError("Rows of a state differ in number or length.")
        if self.U.shape != (missing, missing) or not m <= self.n <= LONGEST:
            raise DataError(f"A state of {self.n} values, {missing} of them missing, has other arrays.")


@dataclasses.dataclass(frozen=True, eq=False)
class ArimaStateSpace:
    """The process ``phi(B) (1 - B)^d (1 - B^s)^D y[t] = theta(B) e[t]``, a `tsforecast.state_space.StateSpaceModel`.

    Attributes
    ----------
    order : Order
        Its differences are those of the process.
    phi, theta : ndarray, shapes (p + s P,), (q + s Q,)
        Coefficients of the products of the lag polynomials; no root of theta is within the unit circle.
    sigma2 : float
        Innovation variance.

    Examples
    --------
    >>> walk = ArimaStateSpace(Order(0, 1, 0), np.empty(0), np.empty(0), 2.0)
    >>> seen = walk.filter(np.array([1.0, 3.0]))
    >>> ahead = walk.forecast(seen.state, 3)
    >>> seen.residuals, ahead.mean, ahead.variance
    (array([nan,  2.]), array([3., 3., 3.]), array([2., 4., 6.]))
    """

    order: Order
    phi: Floats
    theta: Floats
    sigma2: float

    @classmethod
    def of(cls, fit: ArimaFit) -> "ArimaStateSpace":
        """The process of a fit, without its regressors; moving-average roots within the unit circle are reflected.

        Examples
        --------
        >>> from tsforecast.models.arima.estimate import estimate
        >>> y = np.sin(np.arange(40.0) ** 2)
        >>> fit = estimate(y, np.empty((40, 0)), (), Order(1, 0, 0), "numba")
        >>> bool(abs(ArimaStateSpace.of(fit).filter(y).loglik - fit.loglik) < 1e-9)
        True
        """
        fit, season = fit.invertible(), fit.order.season_length
        phi = multiply(fit.phi, fit.seasonal_phi, season, -1.0)
        return cls(fit.order, phi, multiply(fit.theta, fit.seasonal_theta, season, 1.0), fit.sigma2)

    def filter(self, y: Floats) -> "ArimaFiltered":
        """The process run over a series (n_obs,), in which nan is a missing value."""
        return ArimaFiltered(self, y, *levels(y, self.order))

    def rows_of(self, Y: Floats) -> ArimaRows:
        """The rows ``Y`` of a series with their differences, whitened."""
        W = np.ascontiguousarray(self.order.difference(Y.T).T)
        return ArimaRows(Y, W, *whiten(W, self.phi, self.theta))

    def state_of(self, rows: ArimaRows) -> ArimaState:
        """The state after a series."""
        phi, theta = self.phi, self.theta
        k, n = rows.W.shape
        r = rows.R.shape[1] - n
        m = min(n, r)
        begin = np.empty((k, 0))
        if n < r:
            L = beginning(phi, theta, 1)[1]
            begin = np.stack([L @ rows.R[i, :r] for i in range(k)])
        coefficients, U = np.empty(0), np.empty((0, 0))
        if k > 1:
            _, coefficients, U = by_gram_schmidt(rows.R.copy())
        last = np.ascontiguousarray(rows.Y[:, rows.Y.shape[1] - self.order.n_lost :])
        differences = np.ascontiguousarray(rows.W[:, n - m :])
        innovations = np.ascontiguousarray(rows.R[:, rows.R.shape[1] - m :])
        return ArimaState(last, differences, innovations, begin, n, coefficients, U)

    def forecast(self, state: ArimaState, horizon: int) -> GaussianPrediction:
        """The next ``horizon`` values after a state.

        What is not known, in this order: later innovations; the state ``z`` at the beginning given the data, of
        covariance ``(C C')^-1`` (see `kernels.arma.whitening`), where it is still felt; the missing values given the
        data, of covariance ``(U' U)^-1``.
        """
        phi, theta, operator = self.phi, self.theta, self.order.differences()

        def path(levels: Floats, w: Floats, a: Floats, begin: Floats) -> Floats:
            after: Floats = extrapolate(levels, w, a, begin, phi, theta, operator, horizon)
            return after

        rows = zip(state.levels, state.differences, state.innovations, state.begin, strict=True)
        paths = np.stack([path(*row) for row in rows])
        mean, loadings = paths[-1], np.empty((0, horizon))
        n, m, r = state.n, state.differences.shape[1], max(phi.size, theta.size)
        pi, L, C = beginning(phi, theta, n)
        if n < pi.size + r + theta.size:  # the beginning is still felt at the end
            age = np.arange(n - m, n) - np.arange(r)[:, None]
            moved = np.where(
                (age >= 0) & (age < pi.size), -pi[np.clip(age, 0, pi.size - 1)], 0.0
            )  # innovations, (r, m)
            nothing = np.zeros(self.order.n_lost), np.zeros(m)
            felt = L.T @ np.stack([path(*nothing, a, one) for a, one in zip(moved, np.eye(r), strict=True)])
            loadings = solve_triangular(C, felt, lower=True)
        if len(paths) > 1:
            mean = mean - state.coefficients @ paths[:-1]
            loadings = np.vstack([loadings, solve_triangular(state.U, paths[:-1], trans="T")])
        psi = _integrated_psi(phi, theta, operator, horizon)
        return GaussianPrediction(mean, psi, loadings, self.sigma2, n_rotated=len(paths) - 1)


@dataclasses.dataclass(eq=False)
class ArimaFiltered:
    """What a process makes of a series; each part is computed when it is first needed.

    Attributes
    ----------
    process : ArimaStateSpace
    y : ndarray, shape (n_obs,)
    Y : ndarray, shape (n_missing + 1, n_obs - first)
        See `ArimaRows`.
    first : int
        Leading missing values.
    """

    process: ArimaStateSpace
    y: Floats
    Y: Floats
    first: int

    @functools.cached_property
    def rows(self) -> ArimaRows:
        """The series as the likelihood sees it."""
        return self.process.rows_of(self.Y)

    @functools.cached_property
    def state(self) -> ArimaState:
        """The state at the end."""
        return self.process.state_of(self.rows)

    @functools.cached_property
    def loglik(self) -> float:
        """Exact log-likelihood of the differenced series, missing values integrated out."""
        rows, sigma2 = self.rows, self.process.sigma2
        n_missing = rows.Y.shape[0] - 1
        residual, _, U = by_gram_schmidt(rows.R.copy())
        logdet = rows.logdet + 2.0 * float(np.log(np.diag(U)[:n_missing]).sum())
        n = rows.W.shape[1] - n_missing
        return float(-0.5 * (n * np.log(2 * np.pi * sigma2) + logdet + residual @ residual / sigma2))

    @functools.cached_property
    def one_step(self) -> tuple[Floats, Floats]:
        """Mean and relative standard deviation of each value given those before it, missing ones too: two (n_obs,).

        They are those of the Kalman filter with a diffuse start; a deviation is over the square root of ``sigma2``. nan
        for what differencing loses, and for a value that depends on a missing one of which nothing is known. The
        unknowns are the state at the beginning, of known distribution, and the missing values (see
        `kernels.arma.whitening`).
        """
        phi, theta, order = self.process.phi, self.process.theta, self.process.order
        W = order.difference(self.Y.T)  # (n, n_missing + 1)
        filtered = lfilter([1.0, *-phi], [1.0, *theta], W, axis=0)
        _, L, _ = beginning(phi, theta, 1)
        felt = np.zeros((W.shape[0], L.shape[0]))
        felt[: L.shape[0]] = L[: W.shape[0]]
        if L.size:
            felt = lfilter([1.0], [1.0, *theta], felt, axis=0)
        own = np.full(self.Y.shape[1], -1)
        own[np.argmax(self.Y[:-1] != 0.0, axis=1)] = L.shape[0] + np.arange(self.Y.shape[0] - 1)
        errors, spreads = recursive_errors(np.column_stack([felt, filtered]), own[order.n_lost :], L.shape[0])
        untold = np.isnan(self.y[self.first + order.n_lost :]) & (own[order.n_lost :] < 0)
        mean, spread = np.full((2, self.y.size), np.nan)
        mean[self.first + order.n_lost :] = np.where(untold, np.nan, self.Y[-1, order.n_lost :] - errors)
        spread[self.first + order.n_lost :] = np.where(untold, np.nan, spreads)
        return mean, spread

    @property
    def residuals(self) -> Floats:
        """Errors of `one_step` over their relative standard deviations, each of variance ``sigma2``: (n_obs,).

        nan also for missing values.
        """
        mean, spread = self.one_step
        return (self.y - mean) / spread


def _integrated_psi(phi: Floats, theta: Floats, operator: Floats, horizon: int) -> Floats:
    """First weights of ``theta(B) / (phi(B) operator(B))``: (horizon,)."""
    psi: Floats = autocovariance.psi_weights(phi, theta, horizon)
    for h in range(horizon):
        span = min(h, operator.size - 1)
        psi[h] -= operator[1 : span + 1] @ psi[h - span : h][::-1]
    return psi
