"""Every forecaster keeps the laws of `laws.py`, and mutants that other suites let pass do not."""

import sys
from pathlib import Path

import numpy as np
import pytest

import tsforecast
from tsforecast import SeasonalNaive
from tsforecast.forecast import Forecast

sys.path.insert(0, str(Path(__file__).parent))
import laws

sys.path.pop(0)

PLAIN = {"Naive": {}, "Drift": {}, "HistoricAverage": {}, "ARIMA": {"order": (0, 1, 1)}}
SEASONAL = {
    "SeasonalNaive": {"season_length": 6},
    "ARMA": {"order": (2, 0)},  # a wave is an AR(2)
    "SARIMA": {"season_length": 6},
    "AutoARIMA": {"season_length": 6},
    "RNN": {"season_length": 6, "max_epochs": 10, "n_members": 2},
    "LSTM": {"season_length": 6, "max_epochs": 10, "n_members": 2},
    "GRU": {"season_length": 6, "max_epochs": 10, "n_members": 2},
}


def made(name):
    options = {**PLAIN, **SEASONAL}[name]
    return lambda: getattr(tsforecast, name)(**options)


@pytest.mark.filterwarnings("ignore::tsforecast.models.arima.panel_fit.ConvergenceWarning")  # a season without noise
@pytest.mark.parametrize("law", [*laws.GENERAL, *laws.SEASONAL], ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", [*PLAIN, *SEASONAL])
def test_every_forecaster_keeps_the_law(name, law):
    if law in laws.SEASONAL and name in PLAIN:
        pytest.skip("knows no season")
    law(made(name))


class Constant(SeasonalNaive):
    """Forecasts one number, whatever the data."""

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        return Forecast(np.full_like(given.mean, 50.0), given.quantiles, levels, panel.ids, given.cutoff, panel.freq)


class Shifted(SeasonalNaive):
    """Forecasts of the step after the one asked for."""

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon + 1, X, levels)
        mean, quantiles = given.mean[:, 1:], given.quantiles[:, 1:]
        return Forecast(mean, quantiles, levels, panel.ids, given.cutoff, panel.freq)


class Late(SeasonalNaive):
    """Forecasts from one step before the end: it does not see the last value."""

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        mean = np.roll(given.mean, 1, axis=1)
        return Forecast(mean, given.quantiles, levels, panel.ids, given.cutoff, panel.freq)


class SharedBetweenInstances(SeasonalNaive):
    """Keeps what it learns in the class: the fit before it weighs on each."""

    shared: list = []  # noqa: RUF012 # that it is mutable is the fault

    def _fit(self, panel):
        super()._fit(panel)
        self.shared.append(float(panel.values.mean()))

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        mean = given.mean + 1e-3 * np.mean(self.shared)
        return Forecast(mean, given.quantiles, levels, panel.ids, given.cutoff, panel.freq)


class WarmStart(SeasonalNaive):
    """Goes on from the fit before."""

    def _fit(self, panel):
        super()._fit(panel)
        self.level_ = (getattr(self, "level_", float(panel.values.mean())) + float(panel.values.mean())) / 2

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        mean = given.mean + 0.01 * self.level_
        return Forecast(mean, given.quantiles, levels, panel.ids, given.cutoff, panel.freq)


class LearnsFromHistory(SeasonalNaive):
    """Keeps what it is only to be conditioned on."""

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        self.seen_ = getattr(self, "seen_", 0.0) + 0.01
        mean = given.mean + self.seen_
        return Forecast(mean, given.quantiles, levels, panel.ids, given.cutoff, panel.freq)


class DeafToHistory(SeasonalNaive):
    """Forecasts the training series, whatever the history."""

    def _fit(self, panel):
        super()._fit(panel)
        self.own_ = panel

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(self.own_, horizon, X, levels)
        return Forecast(given.mean, given.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class NoWidth(SeasonalNaive):
    """Intervals that are points."""

    def _spread(self, ends, sigma, h):
        return 1e-9 * super()._spread(ends, sigma, h)


MUTANTS = {
    Constant: laws.forecasts_move_with_the_data,
    Shifted: laws.steps_are_in_phase,
    Late: laws.steps_are_in_phase,
    SharedBetweenInstances: laws.instances_share_nothing,
    WarmStart: laws.fits_forget_fits,
    LearnsFromHistory: laws.predicting_changes_nothing,
    DeafToHistory: laws.forecasts_differ_with_the_history,
    NoWidth: laws.intervals_hold_their_share_of_noise,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_breaks_its_law(mutant):
    with pytest.raises(AssertionError):
        MUTANTS[mutant](lambda: mutant(season_length=laws.SEASON))
