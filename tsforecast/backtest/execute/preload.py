"""Load and compile, before times are taken, what the first fit of a process would."""

import contextlib
import warnings

import numpy as np
from sklearn.base import clone

from tsforecast.base import BaseForecaster

_WARM: set[type[BaseForecaster]] = set()  # of this process


def preload(forecaster: BaseForecaster) -> None:
    """Fit each model that declares `quick_params`, also a wrapped one, to noise once in this process."""
    wrapped = forecaster.get_params(deep=True).values()
    for model in (forecaster, *(value for value in wrapped if isinstance(value, BaseForecaster))):
        if model.quick_params is None or type(model) in _WARM:
            continue
        _WARM.add(type(model))
        noise = np.random.default_rng(0).normal(size=60)
        with warnings.catch_warnings(), contextlib.suppress(Exception):  # what is wrong with it, the run itself tells
            warnings.simplefilter("ignore")
            clone(model).set_params(**model.quick_params).fit(noise).predict(1)
