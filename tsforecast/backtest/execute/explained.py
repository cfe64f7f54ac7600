"""What the forecasts of a job are made of, as `BaseForecaster.explain` tells it, for the table of a run."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from tsforecast._explaining import explains_itself
from tsforecast._facts import INPUT_FACT, PART_FACT
from tsforecast._types import Floats, Ints
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import FitFact, Job
from tsforecast.backtest.plan.windows import future_frame
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel


def facts_of_forecasts(
    job: Job, models: Sequence[tuple[Ints, BaseForecaster]], panel: Panel, cv: RollingOrigin
) -> tuple[FitFact, ...]:
    """Parts and inputs of the forecasts of the first series of a run at its last fit, one fact each, step by step.

    Of models that know what their forecasts are made of: others would have to forecast anew many times. A model that
    fails to tell tells nothing.
    """
    if job.first > 0 or job.windows[-1] != cv.n_windows - 1:
        return ()
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")  # they are not those of the fit
        for positions, model in models:
            if positions[:1].tolist() == [0] and explains_itself(model):
                try:
                    X = future_frame(panel, positions[:1], cv, job.windows[0]) if model.uses_covariates else None
                    told = model.explain(cv.horizon + cv.gap, X, history=model.panel_.take(np.array([0])))
                except Exception:  # whatever a model raises: what it tells decides nothing
                    return ()
                return (*_rows(PART_FACT, told.parts, cv.gap), *_rows(INPUT_FACT, told.inputs, cv.gap))
    return ()


def _rows(kind: str, tables: Mapping[str, Floats], gap: int) -> list[FitFact]:
    return [
        FitFact(0, kind + name.replace("__", "_"), 1, tuple(table[0, gap:].tolist())) for name, table in tables.items()
    ]
