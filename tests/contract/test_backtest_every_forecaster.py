"""What the backtest demands of every forecaster: no leak, no memory of other fits, the same numbers twice."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsforecast
from tsforecast.backtest import RollingOrigin, audit, backtest
from tsforecast.models.conformal import Conformal
from tsforecast.models.ensemble import Ensemble

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, forecaster

sys.path.pop(0)

CHANGES = {
    "SeasonalNaive": {"season_length": 4},
    "SARIMA": {"order": (1, 0, 0), "seasonal_order": (1, 0, 0), "season_length": 4},
}
CV = RollingOrigin(horizon=2, n_windows=2)


def frame_of():
    rng = np.random.default_rng(0)
    season = np.tile([0.0, 3.0, 1.0, 5.0], 15)[:, None]
    index = pd.date_range("2001-01-01", periods=60, freq="MS")
    return pd.DataFrame(20 + season + rng.normal(size=(60, 2)), index=index, columns=["a", "b"])


@pytest.fixture(scope="module", params=[*MODELS, "Conformal", "Ensemble"])
def model(request):
    if request.param == "Conformal":
        return Conformal(tsforecast.Drift(), calibration_size=8)
    if request.param == "Ensemble":
        return Ensemble([tsforecast.Naive(), tsforecast.GRU(max_epochs=2)])
    return forecaster(request.param, **CHANGES.get(request.param, {}))


@pytest.mark.parametrize("refit", ["always", "never"])
def test_no_forecast_changes_when_only_the_future_does(model, refit):
    result = backtest(model, frame_of(), cv=CV, refit=refit, audit=True, level=[80])
    assert result.failures.empty and len(result.forecasts) == 2 * 2 * 2


def test_two_runs_give_the_same_bits(model):
    first, second = (backtest(model, frame_of(), cv=CV, level=[80]) for _ in range(2))
    pd.testing.assert_frame_equal(first.forecasts, second.forecasts, check_exact=True)


def test_the_audit_finds_nothing(model):
    report = audit(model, frame_of(), cv=CV)
    assert report.passed, report.sentence
