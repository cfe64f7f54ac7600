"""Imports: importing the package is fast, and the classical path never imports torch."""

import subprocess
import sys

import pytest

import tsforecast

CLASSICAL = """
import sys
import numpy as np
from tsforecast import ARIMA, ARMA, SARIMA, Naive, Panel, RollingOrigin, SeasonalNaive
from tsforecast.backtest import backtest
y = np.random.default_rng(0).normal(size=60)
ARIMA().fit(y).predict(3)
backtest({"naive": Naive()}, y, cv=RollingOrigin(horizon=2, n_windows=2))
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "pytorch_lightning", "lightning"}))
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_classical_path_never_imports_torch():
    assert run(CLASSICAL) == "[]"


def test_importing_the_package_imports_no_heavy_library():
    heavy = {"torch", "pandas", "numpy", "statsmodels", "sklearn", "numba", "scipy"}
    code = f"import sys, tsforecast; print(sorted(set(sys.modules) & {heavy!r}))"
    assert run(code) == "[]"


@pytest.mark.parametrize("name", tsforecast.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(tsforecast, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'LSTMM'"):
        _ = tsforecast.LSTMM
