"""The public audit finds leaks of many kinds and names them, and accuses no honest model."""

import json
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, Panel, RollingOrigin, SeasonalNaive, audit
from tsforecast.exceptions import LeakError, ParameterError, SeriesTooShortError
from tsforecast.forecast import Forecast

CV = RollingOrigin(horizon=3, n_windows=3)
KEPT = {}


def panel_of(n_obs=40, n_series=2, seed=0):
    values = np.random.default_rng(seed).normal(10, 2, (n_obs, n_series))
    times = pd.date_range("2001-01-01", periods=n_obs, freq="MS")
    return Panel.from_wide(pd.DataFrame(values, index=times, columns=list("abcdef")[:n_series]))


class Moved(Naive):
    """A naive forecast, moved by what `by` says."""

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        mean = honest.mean + self.by(panel, horizon, X)
        return Forecast(mean, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def by(self, panel, horizon, X):
        return 0.0


class KeepsInClass(Moved):
    """The last value of the longest series that any clone has seen."""

    longest: ClassVar[dict] = {}

    def _fit(self, panel):
        super()._fit(panel)
        for name, n, last in zip(panel.ids, panel.lengths, panel.values[panel.indptr[1:] - 1], strict=True):
            if n > self.longest.get(name, (0, 0))[0]:
                self.longest[name] = (n, last)

    def by(self, panel, horizon, X):
        return 0.1 * np.array([[self.longest.get(name, (0, 0.0))[1]] for name in panel.ids])


class KeepsInModule(Moved):
    """The highest value that was ever seen, in a global variable."""

    def _fit(self, panel):
        super()._fit(panel)
        KEPT["highest"] = max(KEPT.get("highest", -np.inf), float(np.nanmax(panel.values)), float(len(panel.values)))

    def by(self, panel, horizon, X):
        return KEPT["highest"]


class KeepsOnDisk(Moved):
    """The level of each series, from a file once it is there."""

    def __init__(self, path):
        self.path = path

    def _fit(self, panel):
        super()._fit(panel)
        file = Path(self.path)
        known = json.loads(file.read_text()) if file.exists() else {}
        for i, name in enumerate(panel.ids):
            known.setdefault(str(name), float(np.nanmean(panel.series(i))))
        file.write_text(json.dumps(known))
        self.levels_ = known

    def by(self, panel, horizon, X):
        return np.array([[self.levels_[str(name)]] for name in panel.ids])


class WarmStarts(Moved):
    """Goes on from where the clone before ended: one step of an optimiser each."""

    parameter: ClassVar[list] = [0.0]

    def _fit(self, panel):
        super()._fit(panel)
        self.parameter[0] += 0.5 * (float(np.nanmean(panel.values)) - self.parameter[0])
        self.mean_ = self.parameter[0]

    def by(self, panel, horizon, X):
        return self.mean_


class GoesOn(Moved):
    """A second fit of one object goes on from the first, as fits of some networks do."""

    def _fit(self, panel):
        super()._fit(panel)
        self.weight_ = getattr(self, "weight_", 0.0) + 0.5 * (np.nanmean(panel.values) - getattr(self, "weight_", 0.0))

    def by(self, panel, horizon, X):
        return self.weight_


class Settings:
    """Settings that clones share, since they refuse to be copied."""

    def __init__(self):
        self.means = []

    def __deepcopy__(self, memo):
        return self


class SharesAnArgument(Moved):
    """Averages over all fits of all clones, in an argument that they share."""

    def __init__(self, settings):
        self.settings = settings

    def _fit(self, panel):
        super()._fit(panel)
        self.settings.means.append(float(np.nanmean(panel.values)))

    def by(self, panel, horizon, X):
        return np.mean(self.settings.means)


class FillsBackwards(Moved):
    """Fills a missing last value from the value after it, if any clone has seen one."""

    seen: ClassVar[dict] = {}

    def _fit(self, panel):
        super()._fit(panel)
        names = panel.ids.repeat(panel.lengths)
        for name, time, value in zip(names, panel.times, panel.values, strict=True):
            if not np.isnan(value):
                self.seen.setdefault((name, time), value)

    def by(self, panel, horizon, X):
        last = panel.values[panel.indptr[1:] - 1]
        after = [
            self.seen.get((name, t + panel.freq), 0.0) for name, t in zip(panel.ids, panel.last_times, strict=True)
        ]
        return np.where(np.isnan(last), after, 0.0)[:, None]


class ScalesByAll(Moved):
    """Scales by the mean of a covariate, of the horizon too."""

    uses_covariates = True

    def by(self, panel, horizon, X):
        return X.mean(axis=(1, 2))[:, None]


class WritesIntoY(Naive):
    def _fit(self, panel):
        panel.values.flags.writeable = True
        panel.values[0] += 1.0


class Rolls(Moved):
    def by(self, panel, horizon, X):
        return np.random.default_rng().normal(size=(panel.n_series, horizon))


class RollsOnce(Moved):
    """One number drawn without a seed moves all series and steps alike."""

    def by(self, panel, horizon, X):
        return np.random.default_rng().normal()


class RollsIntervals(Naive):
    """Intervals from drawn paths; the mean stays."""

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        quantiles = np.sort(honest.quantiles + 0.1 * np.random.default_rng().random(honest.quantiles.shape), axis=2)
        return Forecast(honest.mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


def whole_panel_of_caller():
    frame = sys._getframe()
    while not {"cv", "panel"} <= set(frame.f_locals):
        frame = frame.f_back
        if frame is None:
            return None
    return frame.f_locals["panel"]


class Peeks(Moved):
    """Reads the future from its caller."""

    def by(self, panel, horizon, X):
        whole = whole_panel_of_caller()
        return 0.0 if whole is None else np.array([[whole.series(i).mean()] for i in range(panel.n_series)])


class PeeksAndRolls(Peeks):
    def by(self, panel, horizon, X):
        return super().by(panel, horizon, X) + 1e-3 * np.random.default_rng().normal()


class Oracle(Moved):
    """Holds the truth, with a little noise on it."""

    known: Panel = panel_of()

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        rows = [self.known.series(i)[n:][:horizon] + 1e-3 for i, n in enumerate(panel.lengths)]
        return Forecast(np.stack(rows), honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class KeepsHistory(Moved):
    """Learns from what it is only to be conditioned on."""

    def by(self, panel, horizon, X):
        self.highest_ = max(getattr(self, "highest_", 0.0), float(len(panel.values)))
        return self.highest_


class FirstFit(Moved):
    """Whatever is fitted first in a process serves all that follows."""

    first: ClassVar[list] = []

    def _fit(self, panel):
        super()._fit(panel)
        if not self.first:
            self.first.append(float(np.nanmean(panel.values)))

    def by(self, panel, horizon, X):
        return self.first[0]


class Counts(Moved):
    """Drifts with the number of fits."""

    n_fits: ClassVar[list] = [0]

    def _fit(self, panel):
        super()._fit(panel)
        self.n_fits[0] += 1

    def by(self, panel, horizon, X):
        return float(self.n_fits[0])


class LateIntervals(Naive):
    """An honest mean, with intervals from the longest series that any clone has seen."""

    widest: ClassVar[list] = [0]

    def _fit(self, panel):
        super()._fit(panel)
        self.widest[0] = max(self.widest[0], len(panel.values))

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        centre = honest.mean[:, :, None]
        quantiles = centre + (honest.quantiles - centre) * self.widest[0]
        return Forecast(honest.mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


@pytest.fixture
def processes():
    """Lets a test start new processes, which take seconds."""


@pytest.fixture(autouse=True)
def forget(request, monkeypatch):
    if "processes" not in request.fixturenames:
        monkeypatch.setattr("tsforecast.backtest.leaks.examination.shoot_in_fresh_process", None)
    KEPT.clear()
    for cls in (KeepsInClass, FillsBackwards):
        next(iter(v for k, v in vars(cls).items() if isinstance(v, dict) and not k.startswith("_"))).clear()
    WarmStarts.parameter[0], Counts.n_fits[0], LateIntervals.widest[0] = 0.0, 0, 0
    FirstFit.first.clear()


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (KeepsInClass(), "state"),
        (KeepsInModule(), "state"),
        (WarmStarts(), "state"),
        (GoesOn(), "state"),
        (SharesAnArgument(Settings()), "state"),
        (Counts(), "state"),
        (KeepsHistory(), "state"),
        (LateIntervals(), "state"),
        (FillsBackwards(), "state"),
        (WritesIntoY(), "input"),
        (Rolls(), "random"),
        (RollsOnce(), "random"),
        (RollsIntervals(), "random"),
        (Peeks(), "future"),
        (PeeksAndRolls(), "future, random"),
        (Oracle(), "truth"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_each_leak_is_found_and_named(model, found):
    report = audit({"honest": Naive(), "suspect": model}, panel_of(), cv=CV)
    assert report.models["found"].tolist() == ["", found], report.sentence
    assert not report.passed
    assert report.leaks == (found != "random")
    assert report.sentence.splitlines()[1].startswith("suspect ")


def test_a_cache_on_disk_is_found_by_the_names_it_is_kept_under(tmp_path):
    report = audit(KeepsOnDisk(str(tmp_path / "levels.json")), panel_of(), cv=CV)
    assert report.models["found"].item() == "state"
    assert "under the name of a series" in report.sentence


def test_a_leak_is_raised_with_model_series_and_cutoff_when_asked_to():
    with pytest.raises(LeakError, match=r"KeepsInClass remembers other fits .*Series 'a', cutoff 2003"):
        audit([Naive(), KeepsInClass()], panel_of(), cv=CV).raise_for_leaks()
    assert audit(Rolls(), panel_of(), cv=CV).raise_for_leaks().models["found"].item() == "random"


MODULE = """
from typing import ClassVar
import numpy as np
from tsforecast import Forecast, Naive

class FirstFitElsewhere(Naive):
    first: ClassVar[list] = []

    def _fit(self, panel):
        super()._fit(panel)
        self.first.append(float(np.nanmean(panel.values)))

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        return Forecast(honest.mean + self.first[0], honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)
"""


def test_what_is_kept_from_the_very_first_fit_is_found_in_a_new_process(tmp_path, monkeypatch):
    (tmp_path / "module_of_first_fits.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    model = __import__("module_of_first_fits").FirstFitElsewhere()
    cv = RollingOrigin(horizon=3, n_windows=2)
    assert audit(model, panel_of(), cv=cv).passed
    report = audit(model, panel_of(n_series=1), cv=cv, fresh_process=True)
    assert report.models["found"].item() == "state"
    assert report.frame.loc[report.frame["check"] == "process", "found"].item() == "state"


SWINGS = """
from tsforecast import Forecast, Naive

STATE = [0.1]

class Swings(Naive):  # like a network that goes on from its last fit, and swings about its optimum
    def _predict(self, panel, horizon, X, levels):
        STATE[0] = 3.9 * STATE[0] * (1 - STATE[0])
        honest = super()._predict(panel, horizon, X, levels)
        return Forecast(honest.mean + STATE[0], honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)
"""


def test_state_that_swings_is_not_taken_for_chance(tmp_path, monkeypatch, processes):
    (tmp_path / "module_that_swings.py").write_text(SWINGS)
    monkeypatch.syspath_prepend(tmp_path)
    model = __import__("module_that_swings").Swings()
    assert audit(model, panel_of(n_series=1), cv=RollingOrigin(3, 2)).models["found"].item() == "state"


def test_an_honest_model_forecasts_the_same_in_a_new_process():
    report = audit(Naive(), panel_of(n_series=1), cv=RollingOrigin(3, 1), fresh_process=True)
    assert report.passed and "process" in set(report.frame["check"])


def holding(x):
    panel = panel_of(80, 1)
    return panel.with_covariates(np.column_stack(x(panel.values)), [f"x{k}" for k in range(len(x(panel.values)))])


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (lambda y: [y], "the target of the same time"),
        (lambda y: [3 - 2 * y], "the target of the same time"),
        (lambda y: [np.log(y)], "the target of the same time"),
        (lambda y: [np.roll(y, 1)], "the target 1 step before"),
        (lambda y: [np.roll(y, -2)], "the target 2 steps later"),
        (lambda y: [np.convolve(y, np.ones(3) / 3, mode="same")], "1 step before to 1 step later"),
    ],
    ids=["target", "scaled", "log", "lag", "lead", "centred mean"],
)
def test_a_covariate_that_holds_the_target_is_found_in_a_model_that_reads_it(x, told):
    report = audit(ScalesByAll(), holding(x), cv=CV)
    assert report.models["found"].item() == "covariate"
    assert told in report.sentence
    assert audit(Naive(), holding(x), cv=CV).passed  # it passes covariates over


@pytest.mark.parametrize(
    "x",
    [
        lambda y: [np.roll(y, 3)],  # known at the cutoff for all three steps
        lambda y: [np.arange(len(y)) * 1.0],
        lambda y: [np.sin(np.arange(len(y)))],
        lambda y: [y + np.random.default_rng(1).normal(size=len(y))],
        lambda y: [np.ones(len(y))],
    ],
    ids=["lag of the horizon", "time", "season", "correlated", "constant"],
)
def test_a_covariate_that_may_be_known_is_no_leak(x):
    assert audit(ScalesByAll(), holding(x), cv=CV).passed


def test_a_trend_in_time_is_not_taken_for_the_target():
    y = np.arange(80.0) + np.sin(np.arange(80.0)) / 2
    panel = Panel.from_array(y).with_covariates(np.arange(80.0)[:, None], ["t"])
    assert audit(ScalesByAll(), panel, cv=CV).passed


def test_covariates_that_are_not_known_ahead_must_not_move_a_forecast():
    panel = holding(lambda y: [np.sin(np.arange(80)), np.random.default_rng(2).normal(size=80)])
    assert audit(ScalesByAll(), panel, cv=CV).passed
    report = audit(ScalesByAll(), panel, cv=CV, known_ahead=["x0"])
    assert report.models["found"].item() == "covariate" and "'x1'" in report.sentence
    assert audit(ScalesByAll(), panel, cv=CV, known_ahead=["x0", "x1"]).passed


def scaled(panel):
    return Shifted(float(panel.values.mean()))


def interpolated(panel):
    """The value at the newest cutoffs is filled from its neighbours, of which one comes later."""
    filled = [pd.Series(panel.series(i)).bfill().iloc[30:].mean() for i in range(panel.n_series)]
    return Shifted(float(np.nan_to_num(np.mean(filled))))


class Shifted(Moved):
    def __init__(self, shift=0.0):
        self.shift = shift

    def by(self, panel, horizon, X):
        return self.shift


def first_values(panel):
    return Shifted(float(panel.values[:5].mean()))


def test_what_is_prepared_from_all_values_is_found_if_the_model_is_given_as_a_function_of_the_panel():
    report = audit({"scaled": scaled, "interpolated": interpolated, "early": first_values}, panel_of(n_series=1), cv=CV)
    assert report.models["found"].tolist() == ["future", "future", ""]
    assert audit([scaled, Naive()], panel_of(), cv=CV).models["model"].tolist() == ["Shifted", "Naive"]


def particular(panel):
    if np.isnan(panel.values).any():
        raise ValueError("no gaps, please")
    return scaled(panel)


def test_a_function_that_refuses_a_changed_panel_is_audited_with_the_others():
    report = audit(particular, panel_of(n_series=1), cv=CV)
    assert report.models["found"].item() == "future"
    assert report.frame["message"].str.contains("no gaps, please").sum() == 1


class Jitters(Moved):
    """Differs in the last bits from fit to fit, as sums over threads do."""

    def by(self, panel, horizon, X):
        return 1e-13 * np.random.default_rng().normal()


def test_differences_in_the_last_bits_are_found_unless_they_are_allowed():
    assert audit(Jitters(), panel_of(), cv=CV).models["found"].item() == "random"
    assert audit(Jitters(), panel_of(), cv=CV, tolerance=1e-9).passed
    assert audit(KeepsInClass(), panel_of(), cv=CV, tolerance=1e-9).models["found"].item() == "state"


class ByName(Moved):
    """Draws numbers that depend on the name of the series, with a seed."""

    def by(self, panel, horizon, X):
        return np.array([[sum(map(ord, str(name)))] for name in panel.ids], dtype=float)


class Fixed(Moved):
    """Forecasts one number, whatever the data."""

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        return Forecast(honest.mean * 0, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


def test_honest_models_pass():
    models = [Naive(), Drift(), SeasonalNaive(4), HistoricAverage(), ByName(), Fixed()]
    report = audit(models, panel_of(n_series=2), cv=CV, level=[50, 95])
    assert report.passed, report.sentence
    assert audit(SeasonalNaive(4), np.tile([1.0, 4.0, 9.0, 2.0], 10)).passed  # exactly right, by honest means
    assert audit(Fixed(), np.zeros(30)).passed


@pytest.mark.parametrize(
    "cv", [RollingOrigin(3, 3, step_size=1, gap=2), RollingOrigin(2, 4, max_train_size=9), RollingOrigin(1, 1)]
)
def test_any_cutoffs_can_be_audited(cv):
    assert audit([Naive(), Drift()], panel_of(), cv=cv).passed
    assert audit(Peeks(), panel_of(), cv=cv).models["found"].item() == "future"


def test_static_columns_stay_with_their_series():
    class NeedsStatic(Naive):
        def _predict(self, panel, horizon, X, levels):
            assert panel.static["size"].tolist() == [{"a": 7.0, "b": 8.0}[name[0]] for name in panel.ids]
            return super()._predict(panel, horizon, X, levels)

    panel = panel_of().with_static(pd.DataFrame({"unique_id": ["a", "b"], "size": [7.0, 8.0]}))
    assert audit(NeedsStatic(), panel, cv=CV).passed


class NeedsItsNames(Moved):
    """Has a setting for each series, by name."""

    def by(self, panel, horizon, X):
        return np.array([[{"a": 1.0, "b": 2.0}[name]] for name in panel.ids])


def test_a_model_that_fails_under_other_names_is_not_accused():
    report = audit(NeedsItsNames(), panel_of(), cv=CV)
    assert report.passed and "1 more were not possible" in report.sentence


class Fails(Naive):
    def _fit(self, panel):
        raise ValueError("no luck today")


def test_a_model_that_fails_does_not_pass_and_says_why():
    report = audit(Fails(), panel_of(), cv=CV)
    assert report.models["found"].item() == "failed" and not report.leaks
    assert "no luck today" in report.sentence


def test_three_cutoffs_are_chosen_where_none_are_given():
    report = audit(KeepsInClass(), panel_of(60))
    assert set(pd.to_datetime(report.frame["cutoff"].dropna())) <= {
        pd.Timestamp(t) for t in ("2003-12-01", "2002-12-01", "2004-12-01")
    }
    assert audit(SeasonalNaive(12), np.arange(17.0)).passed  # four steps to spare for three cutoffs


class Seeded(Moved):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def by(self, panel, horizon, X):
        return np.random.default_rng(self.random_state).normal()


def test_seeds_are_audited_apart_and_a_model_with_a_seed_is_not_random():
    report = audit(Seeded(), panel_of(), cv=CV, seeds=2)
    assert report.passed and sorted(set(report.frame["seed"])) == [0, 1]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"tolerance": -1}, "tolerance=-1"),
        ({"tolerance": "small"}, "tolerance='small'"),
        ({"known_ahead": ["price"]}, "'price' is no covariate"),
        ({"known_ahead": "price"}, "give a list"),
        ({"level": [120]}, "level"),
        ({"cv": 3}, "RollingOrigin"),
        ({"models": "Naive"}, "no forecaster"),
        ({"models": Naive}, "write Naive"),
        ({"models": [lambda panel: 3]}, "no forecaster"),
    ],
)
def test_arguments_are_checked_before_anything_is_fitted(given, match):
    with pytest.raises(ParameterError, match=match):
        audit(**({"models": Fails(), "data": panel_of()} | given))


def test_series_that_are_too_short_are_an_error():
    with pytest.raises(SeriesTooShortError, match="'a'"):
        audit(SeasonalNaive(12), panel_of(12), cv=CV)
