"""Facts of the fits of a job, as `BaseForecaster.fit_facts` tells them, for the table of a run."""

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np

from tsforecast._facts import SHARED, Facts
from tsforecast._types import Index, Ints
from tsforecast.backtest.plan.jobs import FitFact, Job
from tsforecast.base import BaseForecaster

_DETAILED = 100  # series at the beginning of a run, whose long or costly facts are asked for


def facts_of_fits(
    job: Job, models: Sequence[tuple[Ints, BaseForecaster]], ids: Index, *, is_last: bool
) -> tuple[FitFact, ...]:
    """What fitted models, each with the positions of its series in the block, tell of their fits.

    Long or costly facts are asked for of the first 100 series of the run, at its last fit. A model that fails to tell
    tells nothing.
    """
    told: list[FitFact] = []
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")  # they are not those of the fit
        for positions, model in models:
            detailed = positions[positions + job.first < _DETAILED] if is_last else positions[:0]
            try:
                facts = model.fit_facts(ids.take(detailed).tolist())
                told += list(_as_rows(facts, dict(zip(ids.take(positions).tolist(), positions.tolist(), strict=True))))
            except Exception:  # whatever a model raises: what it tells decides nothing
                continue
    return tuple(told)


def _as_rows(facts: Facts, positions: Mapping[Hashable, int]) -> Iterator[FitFact]:
    for series, own in facts.items():
        position = positions.get(series, -1 if series == SHARED else None)
        if position is None:
            continue
        for name, value in own.items():
            if isinstance(value, (Sequence, np.ndarray)):
                yield FitFact(position, str(name), 1, tuple(map(float, value)))
            else:
                yield FitFact(position, str(name), 0, (float(value),))
