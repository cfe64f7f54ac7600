"""A backtest shows no model a past-only covariate after the cutoff, and the audit finds a model that reads one."""

import dataclasses

import numpy as np

from tsforecast import ARIMA, BaseForecaster, Forecast, Panel, audit
from tsforecast.backtest import RollingOrigin, backtest

N, HORIZON = 60, 3
CV = RollingOrigin(HORIZON, n_windows=2)


def panel():
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    y = 5 + 2 * np.r_[0.0, x[:-1]] + rng.normal(0, 0.1, N)
    table = np.column_stack([rng.normal(size=N), x])
    return Panel.from_array(y).with_covariates(table, ["price", "temp"]).with_past_covariates(["temp"])


def poisoned(one):
    table = one.past_covariates.copy()
    table[-HORIZON:] = 1e6
    return dataclasses.replace(one, past_covariates=table)


class Peeking(BaseForecaster):
    """Forecasts by the covariates of the whole series, as a model does that is prepared from all the data."""

    uses_covariates = True

    def __init__(self, whole=None):
        self.whole = whole

    def min_observations(self, panel):
        return 1

    def _fit(self, panel):
        pass

    def _predict(self, panel, horizon, X, levels):
        begin = int(panel.last_times[0]) + 1
        mean = self.whole.past_covariates[begin : begin + horizon, 0][None]
        quantiles = np.repeat(mean[:, :, None], levels.size, axis=2)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


def test_poison_after_the_last_cutoff_changes_no_forecast():
    found = [
        backtest([ARIMA((1, 0, 0))], one, cv=CV, level=(), metrics=["mae"]).forecasts["mean"].to_numpy()
        for one in (panel(), poisoned(panel()))
    ]
    np.testing.assert_array_equal(*found)


def test_the_audit_replaces_past_covariates_after_the_cutoff_and_finds_nothing_in_arima():
    report = audit(ARIMA((1, 0, 0)), panel(), cv=CV)
    rows = report.frame[report.frame["changed"].str.startswith("past covariates")]
    assert len(rows) == 1 and (rows["found"] == "").all()


def test_the_audit_finds_a_model_that_reads_past_covariates_after_the_cutoff():
    report = audit(lambda whole: Peeking(whole=whole), panel(), cv=CV)
    rows = report.frame[report.frame["changed"].str.startswith("past covariates")]
    assert rows["found"].tolist() == ["covariate"]
    assert "temp after the cutoff" in rows["message"].iloc[0]
    assert rows["difference"].iloc[0] > 0
