"""How training went, epoch by epoch: losses and norms of gradients."""

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from tsforecast._facts import SHARED, Detailed, Facts, is_detailed
from tsforecast._types import Floats, Ints
from tsforecast.exceptions import DataError


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingCurve:
    """Losses and norms of gradients by epoch, means over the members of a fit.

    An epoch that the end of the run cuts short is left out, unless it is the only one.

    Attributes
    ----------
    loss : ndarray, shape (n_epochs,)
        Mean loss over the time steps of an epoch, each chunk's before its own step, on the scale of the network.
    gradient_norm : ndarray, shape (n_epochs,)
        Mean norm of the gradient at these steps, before it is clipped.
    validation_loss : ndarray, shape (n_epochs,)
        Loss of the tails after an epoch; nan where they were not looked at.
    """

    loss: Floats
    gradient_norm: Floats
    validation_loss: Floats

    @property
    def n_epochs(self) -> int:
        """Number of these epochs."""
        return self.loss.size

    def facts(self, *, long: bool = True) -> dict[str, float | Sequence[float]]:
        """The number of epochs and, if ``long`` facts are wanted, the curves, for `BaseForecaster.fit_facts`."""
        if self.n_epochs == 0:
            return {}
        curves = {"loss": self.loss, "gradient_norm": self.gradient_norm, "validation_loss": self.validation_loss}
        told = {name: curve.tolist() for name, curve in curves.items() if long and not np.isnan(curve).all()}
        return {"epochs": float(self.n_epochs), **told}


def training_facts(
    names: Sequence[Hashable], shares: Sequence[float], curves: Sequence[TrainingCurve], detailed: Detailed
) -> Facts:
    """Facts of networks, each with the name of its series, or `SHARED`: see `NeuralBase.fit_facts`.

    ``shares`` and ``curves`` are of each network, or empty.
    """
    told: dict[Hashable, dict[str, float | Sequence[float]]] = {name: {} for name in names}
    for name, share in zip(names, shares, strict=False):
        told[name]["share"] = share
    for name, curve in zip(names, curves, strict=False):
        told[name] |= curve.facts(long=name == SHARED or is_detailed(name, detailed))
    return {name: own for name, own in told.items() if own}


def check_curves(curves: Any, n_networks: int) -> None:
    """Raise a `DataError` unless there is a curve of each network, or none at all.

    Examples
    --------
    >>> check_curves([TrainingCurve(np.ones(3), np.ones(3), np.ones(3))], 1)
    """
    held: list[Any] = list(curves) if isinstance(curves, (list, tuple)) else [None]
    if len(held) not in (0, n_networks) or not all(isinstance(curve, TrainingCurve) for curve in held):
        raise DataError(f"There are {len(held)} curves of the training of {n_networks} networks.")
    for curve in held:
        parts = (curve.loss, curve.gradient_norm, curve.validation_loss)
        if any(part.ndim != 1 or part.shape != curve.loss.shape or part.dtype != np.float64 for part in parts):
            raise DataError("Losses and norms of gradients of a training are not of the same epochs.")


class CurveRecord:
    """Collects what each step of several fits side by side gives; `curves` then makes a curve of each.

    Parameters
    ----------
    n_fits : int

    Examples
    --------
    >>> record = CurveRecord(1)
    >>> for epoch, loss, n_steps in ((1, 3.0, 10), (1, 5.0, 10), (2, 1.0, 20), (3, 9.0, 5)):
    ...     record.add([epoch], np.array([[loss, loss], [1.0, 3.0], [n_steps, n_steps]]))
    >>> record.curves()[0].loss.tolist(), record.curves()[0].gradient_norm.tolist()
    ([4.0, 1.0], [2.0, 2.0])
    """

    def __init__(self, n_fits: int) -> None:
        self._n_fits = n_fits
        self._epochs: list[Sequence[int]] = []
        self._steps: list[Floats] = []  # (3, n_members) each
        self._validations: list[dict[int, float]] = [{} for _ in range(n_fits)]

    def add(self, epochs: Sequence[int], told: Floats) -> None:
        """Add a step: the epoch of each fit from 1, 0 for one that has ended; loss, norm and time steps by member."""
        self._epochs.append(epochs)
        self._steps.append(told)

    def add_validation(self, fit: int, epoch: int, loss: float) -> None:
        """Add the loss of a fit on its tails after an epoch; before the first, 0, it is left out."""
        if epoch > 0:
            self._validations[fit][epoch] = loss

    def curves(self) -> list[TrainingCurve]:
        """The curve of each fit; without epochs where no step was made."""
        if not self._steps:
            return [TrainingCurve(*np.empty((3, 0))) for _ in range(self._n_fits)]
        steps = np.stack(self._steps)
        means = steps.reshape(len(steps), 3, self._n_fits, -1).mean(axis=3)  # (n_steps, 3, n_fits)
        epochs = np.array(self._epochs)  # (n_steps, n_fits)
        return [self._curve(k, epochs[:, k], means[:, :, k]) for k in range(self._n_fits)]

    def _curve(self, fit: int, epochs: Ints, means: Floats) -> TrainingCurve:
        own = epochs > 0
        place = epochs[own] - 1
        n_epochs = int(place.max(initial=-1)) + 1
        losses, norms, sizes = means[own].T  # each (n_steps,)
        seen = np.bincount(place, sizes, n_epochs)  # the same in every whole epoch
        seen = np.where(seen > 0, seen, np.nan)
        n_whole = max(n_epochs - int(seen[-1] < seen[0]), 1) if n_epochs else 0
        loss = (np.bincount(place, losses * sizes, n_epochs) / seen)[:n_whole]
        norm = (np.bincount(place, norms, n_epochs) / np.bincount(place, minlength=n_epochs))[:n_whole]
        tails = np.array([self._validations[fit].get(k + 1, np.nan) for k in range(n_whole)])
        return TrainingCurve(loss, norm, tails)
