"""Imports and compilation of the first fit in a process, done before fits are timed."""

import contextlib
import warnings

import numpy as np
from sklearn.base import clone

from tsforecast.base import BaseForecaster

_PRELOADED: set[type[BaseForecaster]] = set()  # in this process


def preload(forecaster: BaseForecaster) -> None:
    """Fit each class that declares `quick_params` to noise once in this process, also inside a wrapper."""
    wrapped = forecaster.get_params(deep=True).values()
    for model in (forecaster, *(value for value in wrapped if isinstance(value, BaseForecaster))):
        if model.quick_params is None or type(model) in _PRELOADED:
            continue
        _PRELOADED.add(type(model))
        noise = np.random.default_rng(0).normal(size=60)
        with (
            warnings.catch_warnings(),
            contextlib.suppress(Exception),
        ):  # the run itself reports what is wrong with a model
            warnings.simplefilter("ignore")
            clone(model).set_params(**model.quick_params).fit(noise).predict(1)
