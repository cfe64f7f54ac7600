"""Jobs: which model is fitted at which cutoffs on which series; and their results."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster

Address: TypeAlias = tuple[str, int, tuple[int, ...], int]


@dataclasses.dataclass(frozen=True)
class Job:
    """A model with its seed, the cutoffs that share one fit, and a block of series.

    Attributes
    ----------
    model : str
        Name of the model in the run.
    forecaster : BaseForecaster
        Not fitted; its ``random_state`` is set.
    seed : int
        The ``random_state``; 0 for a deterministic model.
    windows : tuple of int
        Cutoffs, counted from 0, the oldest; the model is fitted at the first and conditioned at the others.
    first, stop : int
        The block is series ``first`` to ``stop - 1`` of the panel.
    """

    model: str
    forecaster: BaseForecaster
    seed: int
    windows: tuple[int, ...]
    first: int
    stop: int

    @property
    def address(self) -> Address:
        """What identifies the job within its run."""
        return self.model, self.seed, self.windows, self.first


@dataclasses.dataclass(frozen=True)
class Failure:
    """A series that a model failed on at a cutoff: ``position`` counts within the block."""

    window: int
    position: int
    error: str
    message: str


class FitFact(NamedTuple):
    """A fact of a fit (`tsforecast._facts`): ``values`` are those of steps ``first``, ``first + 1`` and so on.

    ``position`` counts within the block, -1 for what all series of the fit share. A single number has ``first`` 0.
    """

    position: int
    name: str
    first: int
    values: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class JobResult:
    """The result of a job: forecasts, times, failures and warnings.

    Attributes
    ----------
    mean : ndarray, shape (n_windows, n_series, horizon)
        nan where the model failed.
    quantiles : ndarray, shape (n_windows, n_series, horizon, n_quantiles)
        nan where the model failed, and all nan where it gives no intervals.
    fit_seconds, predict_seconds : tuple of float, length n_windows
        The fit is charged to the first window.
    failures : tuple of Failure
    warned : dict of str to int
        How often each warning came, by ``"Category: first line"``.
    parts : dict of str to ndarray, shape (n_windows, n_series, horizon)
        Point forecasts of the parts of the fitted models (`BaseForecaster.parts`), by name; nan where one failed.
    facts : tuple of FitFact
        What the fitted models tell of their fits (`BaseForecaster.fit_facts`).
    """

    mean: Floats
    quantiles: Floats
    fit_seconds: tuple[float, ...]
    predict_seconds: tuple[float, ...]
    failures: tuple[Failure, ...] = ()
    warned: dict[str, int] = dataclasses.field(default_factory=dict)
    parts: dict[str, Floats] = dataclasses.field(default_factory=dict)
    facts: tuple[FitFact, ...] = ()


def join_results(results: Sequence[JobResult]) -> JobResult:
    """The results of neighbouring blocks as one; model, seed and cutoffs are the same."""
    if len(results) == 1:
        return results[0]
    offsets = np.cumsum([0, *(result.mean.shape[1] for result in results)])
    failures = [
        dataclasses.replace(failure, position=failure.position + int(offset))
        for result, offset in zip(results, offsets, strict=False)
        for failure in result.failures
    ]
    return JobResult(
        mean=np.concatenate([result.mean for result in results], axis=1),
        quantiles=np.concatenate([result.quantiles for result in results], axis=1),
        fit_seconds=tuple(sum(each) for each in zip(*(result.fit_seconds for result in results), strict=True)),
        predict_seconds=tuple(sum(each) for each in zip(*(result.predict_seconds for result in results), strict=True)),
        failures=tuple(sorted(failures, key=lambda failure: (failure.window, failure.position))),
        warned=dict(sorted(sum((Counter(result.warned) for result in results), Counter()).items())),
        parts={
            name: np.concatenate([one.parts.get(name, np.full_like(one.mean, np.nan)) for one in results], axis=1)
            for name in dict.fromkeys(name for one in results for name in one.parts)
        },
        facts=tuple(
            fact._replace(position=fact.position + int(offset)) if fact.position >= 0 else fact
            for result, offset in zip(results, offsets, strict=False)
            for fact in result.facts
        ),
    )
