"""Every forecaster on every hostile case of `hostile.CASES`: a sound forecast or a clear error, nothing else."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import Forecast
from tsforecast.exceptions import ParameterError, TSForecastError

sys.path.insert(0, str(Path(__file__).parent))
import forecasters
import hostile

sys.path.pop(0)

# Laws hold whatever the weights are: networks are hardly trained.
MODELS = {
    name: {**options, "n_members": 2} if "max_epochs" in options else options
    for name, options in {**forecasters.MODELS, **forecasters.WRAPPERS}.items()
}
ALSO = {"Conformal": (ParameterError,)}  # for want of errors to calibrate by
LONGEST_MESSAGE = 600  # characters: an error is a sentence or three, not a dump
_LEAST = 1e-6  # of the size of the data: the forecast of a series without a range may be off by rounding


def test_there_are_at_least_250_cases_of_different_names():
    names = [case.name for case in hostile.CASES]
    assert len(names) >= 250 and len(set(names)) == len(names)


@pytest.mark.parametrize("case", hostile.CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("name", MODELS)
def test_a_hostile_case_ends_in_a_sound_forecast_or_a_clear_error(name, case):
    model = forecasters.forecaster(name, **MODELS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)  # a warning of ours is no silence
        try:
            data, out = case.run(model)
        except TSForecastError as error:
            if not isinstance(error, ALSO.get(name, ())):
                _check_error(error, case)
            return
    assert case.is_sound, f"no error, and this came of it:\n{out}"
    _check_forecast(data, _numbers(out), case.reach)


@pytest.mark.parametrize("case", hostile.AHEAD, ids=lambda case: case.name)
@pytest.mark.parametrize("name", ["ARMA", "SARIMA", "AutoARIMA", "LSTM", "Ensemble"])
def test_covariates_ahead_that_cannot_be_used_are_an_error_of_a_model_that_uses_them(name, case):
    with pytest.raises(case.errors) as caught:
        case.run(forecasters.forecaster(name, **MODELS[name]))
    _check_error(caught.value, case)


def _check_error(error, case):
    message = str(error)
    assert case.errors, f"{type(error).__name__}: {message}"
    assert isinstance(error, case.errors), f"{type(error).__name__}: {message}"
    assert case.words in message, message
    assert len(message) <= LONGEST_MESSAGE and "\n" not in message, message


def _numbers(out):
    """Means, and lower and upper bounds where there are some: ``(..., 1)`` or ``(..., 3)``."""
    if isinstance(out, Forecast):
        out = out.to_frame(level=[80])
    if isinstance(out, pd.DataFrame):
        columns = out.columns
        if isinstance(columns, pd.MultiIndex):
            out = out.stack(level=0)
        names = [name for name in ("mean", "lo-80", "hi-80") if name in out.columns]
        return out[names].to_numpy(dtype=float) if names else out.to_numpy(dtype=float)[..., None]
    table = np.asarray(out, dtype=float)
    return table if table.ndim > 1 and table.shape[-1] == 3 else table[..., None]


def _check_forecast(data, numbers, reach):
    known = pd.to_numeric(pd.Series(np.asarray(data, dtype=object).ravel()), errors="coerce").to_numpy(dtype=float)
    low, high = np.nanmin(known), np.nanmax(known)
    slack = reach * (high - low) + _LEAST * max(abs(low), abs(high))
    assert np.isfinite(numbers).all(), numbers
    mean = numbers[..., 0]
    assert (mean >= low - slack).all() and (mean <= high + slack).all(), (low, high, mean)
    if numbers.shape[-1] == 3:
        width, tiny = 20 * slack, _LEAST * max(abs(low), abs(high))
        assert (numbers[..., 1] - tiny <= mean).all() and (mean <= numbers[..., 2] + tiny).all(), numbers
        assert (numbers[..., 1] >= low - width).all() and (numbers[..., 2] <= high + width).all(), (low, high, numbers)
