"""Leaderboards by kind of series."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.result.strata import scores_by_stratum, strata_of
from tsforecast.exceptions import DataError
from tsforecast.panel import Panel
from tsforecast.series.diagnose import diagnose


def diagnosis_of(kinds, lengths):
    names = [f"s{i}" for i in range(len(kinds))]
    return pd.DataFrame({"unique_id": names, "stationarity": kinds, "seasonal": False, "n_obs": lengths})


def test_scores_of_a_stratum_are_means_over_its_series():
    rng = np.random.default_rng(0)
    walks, noise = rng.normal(size=(60, 2)).cumsum(axis=0), rng.normal(size=(60, 3))
    frame = pd.DataFrame(np.hstack([walks, noise]), columns=[f"s{i}" for i in range(5)])
    result = backtest([Drift(), HistoricAverage()], frame, cv=RollingOrigin(3, 4), metrics=["mase"])
    diagnosis = diagnosis_of(["unit root"] * 2 + ["stationary"] * 3, [60] * 5)
    found = scores_by_stratum(result.run, diagnosis).set_index("stratum")
    own = result.scores.groupby(["model", "unique_id"])["value"].mean().unstack(0)
    for stratum, names in {"unit root": ["s0", "s1"], "stationary": ["s2", "s3", "s4"]}.items():
        assert found.loc[stratum, "n_series"] == len(names)
        np.testing.assert_allclose(
            found.loc[stratum, result.models].astype(float), own.loc[names].mean()[result.models]
        )


def test_series_are_divided_by_length_at_the_median():
    (labels,) = strata_of(diagnosis_of(["unclear"] * 4, [10, 20, 30, 40])).values()
    assert labels.to_dict() == {"s0": "up to 25", "s1": "up to 25", "s2": "over 25", "s3": "over 25"}


def test_series_of_one_kind_are_not_divided():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["s0", "s1"])
    result = backtest(Drift(), frame, cv=RollingOrigin(3), metrics=["mase"])
    with pytest.raises(DataError, match="one kind"):
        scores_by_stratum(result.run, diagnosis_of(["stationary"] * 2, [30, 30]))


def test_what_the_diagnosis_of_a_panel_gives_is_understood():
    season = np.tile(np.arange(12.0), 10)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"season": season + rng.normal(0, 0.1, 120), "noise": rng.normal(size=120)})
    found = strata_of(diagnose(Panel.from_wide(frame), 12))
    assert found["season"].to_dict() == {"season": "seasonal", "noise": "not seasonal"}
