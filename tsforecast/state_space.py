"""State-space models: the contract of models whose past is summed up in a state, and of what they foresee.

A model is a process at given parameters. Three steps, of which each family of models has its own::

    fit       a series -> a model, by maximum likelihood for instance
    filter    a model and a series -> the state at its end, its log-likelihood, its one-step errors
    forecast  a model and a state -> the distribution of the next values

Nothing is learnt in `StateSpaceModel.filter` and `StateSpaceModel.forecast`: a model that was fitted to one series is
filtered over another as well. Regressors are the caller's: a model is of what they leave.
`tsforecast.models.arima.process.ArimaStateSpace` is an example.
"""

import dataclasses
from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
from scipy.signal import fftconvolve

from tsforecast._types import Floats

StateT = TypeVar("StateT")
StateOut = TypeVar("StateOut", covariant=True)


class Filtered(Protocol[StateOut]):
    """What a model makes of a series."""

    @property
    def state(self) -> StateOut:
        """All of the series that its next values depend on."""

    @property
    def loglik(self) -> float:
        """Log-density of the known values, given those at the beginning that the model takes as they are."""

    @property
    def residuals(self) -> Floats:
        """One-step prediction errors, scaled to the innovation variance: (n_obs,); nan where there is none."""


class Prediction(Protocol):
    """The joint distribution of the next values."""

    @property
    def mean(self) -> Floats:
        """Means: (horizon,)."""

    @property
    def variance(self) -> Floats:
        """Variances: (horizon,)."""

    def sample_paths(self, n_paths: int, rng: np.random.Generator) -> Floats:
        """Values drawn jointly over the horizon: (n_paths, horizon)."""


class StateSpaceModel(Protocol[StateT]):
    """A process at given parameters."""

    def filter(self, y: Floats) -> Filtered[StateT]:
        """The model run over a series (n_obs,), in which nan is a missing value."""

    def forecast(self, state: StateT, horizon: int) -> Prediction:
        """The next ``horizon`` values after a state."""


Fit: TypeAlias = Callable[[Floats], StateSpaceModel[StateT]]


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianPrediction:
    """The distribution of the next values of a linear Gaussian model, by what their errors are made of.

    With independent standard normal a, ``(horizon,)``, and b, ``(k,)``, the next values are::

        y[h] = mean[h] + sqrt(sigma2) (sum over i <= h of psi[h - i] a[i] + sum over j of b[j] loadings[j, h])

    Attributes
    ----------
    mean : ndarray, shape (horizon,)
    psi : ndarray, shape (horizon,)
        What one innovation adds to its own value and to those after it.
    loadings : ndarray, shape (k, horizon)
        What else is not known, such as the state itself or missing values.
    sigma2 : float
        Innovation variance.
    n_rotated : int
        How many of the last rows of ``loadings`` are of unknowns whose axes are arbitrary, as those of missing values
        are: sample paths depend on the squares and products of these rows, not on their axes or number.

    Examples
    --------
    >>> walk = GaussianPrediction(np.full(3, 5.0), np.ones(3), np.empty((0, 3)), 2.0)
    >>> walk.variance
    array([2., 4., 6.])
    """

    mean: Floats
    psi: Floats
    loadings: Floats
    sigma2: float
    n_rotated: int = 0

    @property
    def variance(self) -> Floats:
        """Variances: (horizon,)."""
        out: Floats = (np.cumsum(self.psi**2) + (self.loadings**2).sum(axis=0)) * self.sigma2
        return out

    def shifted(self, by: Floats) -> "GaussianPrediction":
        """The same about other means, by so much higher: (horizon,)."""
        return dataclasses.replace(self, mean=self.mean + by)

    def sample_paths(self, n_paths: int, rng: np.random.Generator) -> Floats:
        """Values drawn jointly over the horizon: (n_paths, horizon).

        Examples
        --------
        >>> walk = GaussianPrediction(np.full(3, 5.0), np.ones(3), np.empty((0, 3)), 2.0)
        >>> paths = walk.sample_paths(9999, np.random.default_rng(0))
        >>> bool(abs(np.diff(paths, axis=1).var() / 2 - 1) < 0.03)
        True
        """
        noise = rng.normal(size=(n_paths, self.psi.size))
        errors = fftconvolve(noise, self.psi[None], axes=1)[:, : self.psi.size]  # lfilter takes path by path
        own, rotated = np.split(self.loadings, [self.loadings.shape[0] - self.n_rotated])
        errors += rng.normal(size=(n_paths, own.shape[0])) @ own
        if self.n_rotated:  # the polar factor of these rows, which no rotation changes
            _, size, axes = np.linalg.svd(rotated, full_matrices=False)
            apart = rng.spawn(1)[0]  # as many draws of the generator itself, whether or not a value is missing
            errors += (apart.normal(size=noise.shape) @ axes.T * size) @ axes
        out: Floats = self.mean + np.sqrt(self.sigma2) * errors
        return out
