"""Processes for simulating series, with the exact conditional distribution of future values.

Sign convention: ``y[t] = sum phi[i] y[t-i] + e[t] + sum theta[j] e[t-j]``; seasonal polynomials multiply.
Exact moments follow Brockwell & Davis, *Time Series: Theory and Methods* (2nd ed., 1991): autocovariances section 3.3,
best linear predictors (which are conditional means, the innovations being normal) section 5.1.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.linalg import solve_toeplitz, toeplitz
from scipy.signal import lfilter

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import DataError, ParameterError, SeriesTooShortError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import freq_name, parse_freq, steps_between

_MARGIN = 1e-6  # a root nearer the unit circle than this counts as lying on it
_FORGOTTEN = 1e-15  # largest weight of the start of the simulation in the first value


@dataclasses.dataclass(frozen=True)
class ArimaProcess:
    """A Gaussian ARMA, ARIMA or SARIMA process with known parameters.

    With ``w`` the series after ``d`` ordinary and ``seasonal_d`` seasonal differences, ``w - mean`` is a stationary,
    invertible ARMA process.

    Attributes
    ----------
    phi, theta : tuple of float
        AR and MA parameters, lag 1 first; ``y = sum phi y + e + sum theta e``.
    d, seasonal_d : int
        Ordinary and seasonal differences.
    seasonal_phi, seasonal_theta : tuple of float
        Seasonal AR and MA parameters, lag ``season_length`` first.
    season_length : int
        Steps per season; at least 2 where a seasonal part is present.
    mean : float
        Mean of ``w``: the mean of a stationary process, the drift per step where ``d = 1``.
    level : float
        Added to an integrated process: the value it starts from.
    sigma2 : float
        Variance of the innovations.
    freq : str or int
        Frequency of its times.
    start : str or int
        Time of the first observation.

    Raises
    ------
    ParameterError
        The process is not stationary after differencing, not invertible, or a parameter is out of its range.

    Examples
    --------
    >>> process = ArimaProcess(phi=(0.5,))
    >>> mean, sd = process.conditional(Panel.from_array(np.array([0.0, 2.0])), 2)
    >>> mean, (sd**2).round(4)
    (array([[1. , 0.5]]), array([[1.  , 1.25]]))
    """

    phi: tuple[float, ...] = ()
    theta: tuple[float, ...] = ()
    d: int = 0
    seasonal_phi: tuple[float, ...] = ()
    seasonal_theta: tuple[float, ...] = ()
    seasonal_d: int = 0
    season_length: int = 1
    mean: float = 0.0
    level: float = 0.0
    sigma2: float = 1.0
    freq: str | int = 1
    start: str | int = 0

    def __post_init__(self) -> None:
        _check_positive("sigma2", self.sigma2)
        if self.d < 0 or self.seasonal_d < 0:
            raise ParameterError(f"d={self.d}, seasonal_d={self.seasonal_d}: differences are counted from 0.")
        if (self.seasonal_phi or self.seasonal_theta or self.seasonal_d) and self.season_length < 2:
            raise ParameterError(
                f"season_length={self.season_length}; a seasonal part needs at least 2 steps per season."
            )
        for name in ("phi", "seasonal_phi", "theta", "seasonal_theta"):
            sign = -1.0 if "phi" in name else 1.0
            root = _largest_inverse_root([1.0, *(sign * c for c in getattr(self, name))])
            if root >= 1 - _MARGIN:
                what = "stationary" if "phi" in name else "invertible"
                raise ParameterError(
                    f"{name}={getattr(self, name)} is not {what}: an inverse root has modulus {root:.4g}, "
                    "which must be below 1."
                )

    @property
    def ar_polynomial(self) -> Floats:
        """Coefficients of ``(1 - phi(B)) (1 - Phi(B^s))``, lag 0 first: ``(p + P s + 1,)``."""
        return _multiplied([-c for c in self.phi], [-c for c in self.seasonal_phi], self.season_length)

    @property
    def ma_polynomial(self) -> Floats:
        """Coefficients of ``(1 + theta(B)) (1 + Theta(B^s))``, lag 0 first: ``(q + Q s + 1,)``."""
        return _multiplied(self.theta, self.seasonal_theta, self.season_length)

    @property
    def difference_polynomial(self) -> Floats:
        """Coefficients of ``(1 - B)^d (1 - B^s)^D``, lag 0 first: ``(d + D s + 1,)``."""
        seasonal = np.zeros(self.season_length + 1)
        seasonal[0], seasonal[-1] = 1.0, -1.0
        product = np.array([1.0])
        for factor in itertools.chain([np.array([1.0, -1.0])] * self.d, [seasonal] * self.seasonal_d):
            product = np.convolve(product, factor)
        return product

    def autocovariance(self, n_lags: int) -> Floats:
        """Autocovariances of the differenced series at lags 0 to ``n_lags - 1``: ``(n_lags,)``.

        Examples
        --------
        >>> ArimaProcess(phi=(0.5,), sigma2=3.0).autocovariance(3)
        array([4., 2., 1.])
        """
        ar, ma = self.ar_polynomial, self.ma_polynomial
        m = max(ar.size, ma.size)
        a, b = np.pad(ar, (0, m - ar.size)), np.pad(ma, (0, m - ma.size))
        psi = lfilter(b, a, np.eye(1, m)[0])
        right = self.sigma2 * np.array([b[k:] @ psi[: m - k] for k in range(m)])
        system = np.zeros((m, m))  # sum_j a[j] gamma[|k - j|] = right[k]
        for k, j in itertools.product(range(m), range(m)):
            system[k, abs(k - j)] += a[j]
        first = np.linalg.solve(system, right)
        gamma = np.empty(max(n_lags, m))
        gamma[:m] = first
        for k in range(m, n_lags):
            gamma[k] = -(a[1:] @ gamma[k - 1 : k - m : -1]) if m > 1 else 0.0
        return gamma[:n_lags]

    def draw(self, n_obs: int, n_series: int, rng: np.random.Generator) -> Floats:
        """Independent series: ``(n_series, n_obs)``.

        The simulation starts before the first observation, early enough for the weight of its start to fall to 1e-15,
        so that the (differenced) series is stationary from its first value; integration starts from ``level``.
        """
        ar, ma = self.ar_polynomial, self.ma_polynomial
        root = _largest_inverse_root(ar)
        burn_in = ma.size + (int(np.ceil(np.log(_FORGOTTEN) / np.log(root))) if root > 0 else 0)
        shocks = rng.normal(scale=np.sqrt(self.sigma2), size=(n_series, burn_in + n_obs))
        w = self.mean + lfilter(ma, ar, shocks)[:, burn_in:]
        difference = self.difference_polynomial
        return w if difference.size == 1 else self.level + lfilter([1.0], difference, w)

    def conditional(self, panel: Panel, horizon: int) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the next ``horizon`` values given each series: two ``(n_series, horizon)``.

        Exact: the projection on all observations with the true autocovariances; an integrated process is conditioned on
        its first ``d + D s`` values, which are independent of the differences that follow.

        Raises
        ------
        SeriesTooShortError
            A series has no more values than the differences use up.
        DataError
            A series holds missing values.
        """
        mean, sd = np.empty((panel.n_series, horizon)), np.empty((panel.n_series, horizon))
        for rows, moments, cov in self._by_length(panel, horizon):
            mean[rows], sd[rows] = moments, np.sqrt(np.maximum(np.diag(cov), 0.0))
        return mean, sd

    def continued(self, panel: Panel, horizon: int, n_paths: int, rngs: Sequence[np.random.Generator]) -> Floats:
        """Paths of the next values of each series, conditional on it: ``(n_series, n_paths, horizon)``.

        ``rngs`` has a generator for each series; errors are as in `conditional`.
        """
        paths = np.empty((panel.n_series, n_paths, horizon))
        for rows, mean, cov in self._by_length(panel, horizon):
            factor = np.linalg.cholesky(cov)
            for i, centre in zip(rows.tolist(), mean, strict=True):
                paths[i] = centre + rngs[i].normal(size=(n_paths, horizon)) @ factor.T
        return paths

    def _by_length(self, panel: Panel, horizon: int) -> Iterator[tuple[Ints, Floats, Floats]]:
        """Series grouped by length: their positions, their means ``(n, horizon)`` and the covariance of the errors."""
        if np.isnan(panel.values).any():
            raise DataError("The conditional mean under the true process needs series without missing values.")
        used = self.difference_polynomial.size - 1
        short = panel.lengths <= used
        if short.any():
            i = int(np.argmax(short))
            raise SeriesTooShortError(
                f"Series {panel.ids[i]!r} has {panel.lengths[i]} observations; {used + 1} are needed."
            )
        for length in np.unique(panel.lengths):
            rows = np.flatnonzero(panel.lengths == length)
            y = np.stack([panel.series(i) for i in rows.tolist()])  # (n_rows, length)
            yield rows, *self._project(y, horizon)

    def _project(self, y: Floats, horizon: int) -> tuple[Floats, Floats]:
        """Moments given ``(n_rows, length)`` values: mean ``(n_rows, horizon)``, covariance ``(horizon, horizon)``."""
        difference = self.difference_polynomial
        used = difference.size - 1
        w = lfilter(difference, [1.0], y)[:, used:] - self.mean
        n = w.shape[1]
        gamma = self.autocovariance(n + horizon)
        lags = n + np.arange(horizon) - np.arange(n)[:, None]  # (n, horizon): from an observation to a step ahead
        cross = gamma[lags]
        weights = solve_toeplitz(gamma[:n], cross)  # (n, horizon)
        w_mean = self.mean + w @ weights
        w_cov = toeplitz(gamma[:horizon]) - cross.T @ weights
        if used == 0:
            return w_mean, w_cov
        mean = np.empty((y.shape[0], horizon))
        known = np.hstack([y[:, -used:], mean])  # (n_rows, used + horizon)
        for h in range(horizon):
            known[:, used + h] = w_mean[:, h] - known[:, h : used + h] @ difference[:0:-1]
        integrate = lfilter([1.0], difference, np.eye(horizon), axis=0)  # lower triangular
        return known[:, used:], integrate @ w_cov @ integrate.T


@dataclasses.dataclass(frozen=True)
class SeasonalProcess:
    """A fixed seasonal pattern on a straight line, with independent normal noise.

    ``y[t] = level + slope t + pattern[t mod season_length] + e[t]``, t counted from ``start``.

    Attributes
    ----------
    pattern : tuple of float, length season_length
    level, slope : float
    sigma2 : float
        Variance of the noise.
    freq : str or int
    start : str or int
        The time with t = 0.

    Examples
    --------
    >>> process = SeasonalProcess(pattern=(1.0, -1.0), level=10.0)
    >>> process.conditional(Panel.from_array(np.array([11.2, 9.1, 10.7])), 2)[0]
    array([[ 9., 11.]])
    """

    pattern: tuple[float, ...]
    level: float = 0.0
    slope: float = 0.0
    sigma2: float = 1.0
    freq: str | int = 1
    start: str | int = 0

    def __post_init__(self) -> None:
        _check_positive("sigma2", self.sigma2)
        if len(self.pattern) == 0:
            raise ParameterError("pattern is empty; give one value for each step of a season.")

    def draw(self, n_obs: int, n_series: int, rng: np.random.Generator) -> Floats:
        """Independent series: ``(n_series, n_obs)``."""
        noise = rng.normal(scale=np.sqrt(self.sigma2), size=(n_series, n_obs))
        return self._line(np.arange(n_obs)) + noise

    def conditional(self, panel: Panel, horizon: int) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the next ``horizon`` values of each series: two ``(n_series, horizon)``.

        Only the times of the series matter, since the noise is independent.
        """
        origin = first_time(self)
        freq = parse_freq(self.freq)
        if panel.freq != freq:
            raise DataError(
                f"The series have the frequency {freq_name(panel.freq)!r}, the process {freq_name(freq)!r}."
            )
        last = [steps_between(origin, panel.last_times[i : i + 1], freq) for i in range(panel.n_series)]
        mean = self._line(np.array(last)[:, None] + np.arange(1, horizon + 1))
        return mean, np.full(mean.shape, np.sqrt(self.sigma2))

    def continued(self, panel: Panel, horizon: int, n_paths: int, rngs: Sequence[np.random.Generator]) -> Floats:
        """Paths of the next values of each series, conditional on it: ``(n_series, n_paths, horizon)``.

        ``rngs`` has a generator for each series.
        """
        mean, sd = self.conditional(panel, horizon)
        noise = np.stack([rng.normal(size=(n_paths, horizon)) for rng in rngs])
        return mean[:, None, :] + sd[:, None, :] * noise

    def _line(self, t: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Floats:
        return self.level + self.slope * t + np.array(self.pattern)[t % len(self.pattern)]


Process = ArimaProcess | SeasonalProcess


def first_time(process: Process) -> Index:
    """The start of a process as an index of length 1.

    Examples
    --------
    >>> first_time(ArimaProcess(start="1800-01-01", freq="YS"))[0].year
    1800
    """
    integer_steps = isinstance(parse_freq(process.freq), int)
    if isinstance(process.start, int) != integer_steps:
        raise ParameterError(
            f"start={process.start!r} does not go with freq={process.freq!r}: both integers, or neither."
        )
    return pd.Index([process.start]) if integer_steps else pd.DatetimeIndex([process.start])


def _check_positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ParameterError(f"{name}={value}; a positive number is needed.")


def _multiplied(coefficients: Sequence[float], seasonal: Sequence[float], season_length: int) -> Floats:
    wide = np.zeros(len(seasonal) * season_length + 1)
    wide[0] = 1.0
    wide[season_length::season_length] = seasonal
    return np.convolve([1.0, *coefficients], wide)


def _largest_inverse_root(polynomial: "Sequence[float] | Floats") -> float:
    """Largest modulus of the inverse roots in B of a polynomial with coefficients lag 0 first; 0 without roots."""
    roots = np.roots(polynomial)  # highest power first: these are the roots of the reversed polynomial, the inverses
    return float(np.abs(roots).max(initial=0.0))
