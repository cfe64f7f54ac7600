"""What fits tell of themselves: kept with the run, the same wherever jobs run, nothing where a model cannot tell."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, LSTM, Conformal, Drift, Ensemble, LinearAR, Naive, Panel, Tuned
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store.manifest import read_manifest, write_manifest

CV = RollingOrigin(3, n_windows=3, step_size=2)
COLUMNS = ["model", "unique_id", "cutoff", "seed", "fact", "step", "value"]


class Tells(Drift):
    """Tells the last value of each series, its first values in detail, and one number of them all."""

    def fit_facts(self, detailed=None):
        held = {name: self.panel_.series(i) for i, name in enumerate(self.panel_.ids)}
        told = {name: {"last": y[-1], "unknown": np.nan} for name, y in held.items()}
        for name, y in held.items():
            if detailed is None or name in detailed:
                told[name]["first"] = y[:2]
        return told | {"": {"n_obs": self.panel_.n_obs}, "absent": {"last": 0.0}}


def frame(n_series=5, n=40, seed=0):
    values = np.random.default_rng(seed).normal(0.3, 1, (n, n_series)).cumsum(axis=0)
    return pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])


def run(models, cv=CV, data=None, **options):
    given = frame() if data is None else data
    return backtest(models, given, cv=cv, metrics=["mae"], level=(), executor=options.pop("executor", None), **options)


def test_a_row_is_a_number_of_a_series_and_a_cutoff():
    fits = run({"t": Tells()}, data=frame(1)).fits()
    assert list(fits.columns) == COLUMNS
    last = fits[fits["fact"] == "last"]
    values = frame(1)["s0"].to_numpy()
    assert last["cutoff"].tolist() == [32, 34, 36]
    np.testing.assert_array_equal(last["value"], values[last["cutoff"]])
    assert (last["unique_id"] == "s0").all() and (last["step"] == 0).all()
    assert fits[fits["fact"] == "n_obs"]["unique_id"].tolist() == ["", "", ""]
    assert "unknown" not in set(fits["fact"]) and "absent" not in set(fits["unique_id"])


def test_long_facts_are_those_of_the_last_fit_step_by_step():
    fits = run({"t": Tells()}).fits(["first"])
    assert set(fits["cutoff"]) == {36}
    assert fits["step"].tolist() == [1, 2] * 5
    np.testing.assert_array_equal(fits["value"], frame().to_numpy()[:2].T.ravel())
    once = run({"t": Tells()}, refit="never").fits(["first"])
    assert set(once["cutoff"]) == {32}  # the only fit


def test_long_facts_are_asked_for_of_a_hundred_series_at_most():
    fits = run({"t": Tells()}, data=frame(103, 12), cv=RollingOrigin(1)).fits()
    assert fits[fits["fact"] == "first"]["unique_id"].unique().tolist() == [f"s{i}" for i in range(100)]
    assert fits[fits["fact"] == "last"]["unique_id"].nunique() == 103


def test_facts_are_the_same_in_memory_in_a_folder_and_through_an_executor(tmp_path):
    models = {"t": Tells(), "n": Naive(), "e": Ensemble([Naive(), Tells()])}
    held = run(models).fits()
    kept = run(models, output=tmp_path / "run").fits()
    with ThreadPoolExecutor(2) as pool:
        spread = run(models, output=tmp_path / "spread", executor=pool).fits()
    again = BacktestResult.load(tmp_path / "run").fits()
    saved = BacktestResult.load(BacktestResult.load(tmp_path / "run").save(tmp_path / "copy")).fits()
    for other in (kept, spread, again, saved):
        pd.testing.assert_frame_equal(other, held, check_exact=True)
    assert "fits.parquet" in read_manifest(tmp_path / "run")["files"]
    some = BacktestResult.load(tmp_path / "run").fits(["last", "1__last"])
    pd.testing.assert_frame_equal(some, run(models).fits(["last", "1__last"]), check_exact=True)


def test_names_that_are_numbers_are_kept_as_text(tmp_path):
    data = frame(3).set_axis([7, 8, 9], axis=1)
    run({"t": Tells()}, data=data, output=tmp_path / "run")
    fits = BacktestResult.load(tmp_path / "run").fits(["last", "n_obs"])
    assert set(fits["unique_id"]) == {"7", "8", "9", ""}


def test_facts_of_added_models_follow_those_of_the_run(tmp_path):
    run({"t": Tells()}, output=tmp_path)
    added = run({"e": Ensemble([Tells()])}, output=tmp_path, add=True)
    whole = run({"t": Tells(), "e": Ensemble([Tells()])})
    pd.testing.assert_frame_equal(added.fits(), whole.fits(), check_exact=True)


def test_a_run_of_models_that_tell_nothing_has_an_empty_table(tmp_path):
    run({"n": Naive()}, output=tmp_path)
    for result in (run({"n": Naive()}), BacktestResult.load(tmp_path)):
        for fits in (result.fits(), result.fits(["share"])):
            assert fits.empty and list(fits.columns) == COLUMNS


def test_a_folder_of_an_earlier_version_is_read_without_facts_and_can_be_added_to(tmp_path):
    run({"n": Naive()}, output=tmp_path)
    (tmp_path / "fits.parquet").unlink()
    manifest = read_manifest(tmp_path)
    del manifest["files"]["fits.parquet"]
    write_manifest(tmp_path, manifest)
    old = BacktestResult.load(tmp_path)
    assert old.fits().empty and old.fits(["share"]).empty and list(old.fits().columns) == COLUMNS
    assert set(run({"t": Tells()}, output=tmp_path, add=True).fits()["model"]) == {"t"}


class Stops(Tells):
    """Stops the run at its third fit, once."""

    n_fits = 0

    def _fit(self, panel):
        Stops.n_fits += 1
        if Stops.n_fits == 3:
            raise KeyboardInterrupt
        super()._fit(panel)


def test_a_stopped_run_has_the_facts_of_the_jobs_that_were_done_before(tmp_path):
    Stops.n_fits = 0
    with pytest.raises(KeyboardInterrupt):
        run({"t": Stops()}, output=tmp_path)
    resumed = run({"t": Stops()}, output=tmp_path)
    pd.testing.assert_frame_equal(resumed.fits(), run({"t": Tells()}).fits(), check_exact=True)


class Raises(Drift):
    def fit_facts(self, detailed=None):
        raise ZeroDivisionError("no facts")


class Odd(Drift):
    def fit_facts(self, detailed=None):
        return {"s0": {"name": "text"}}


class Silent(Drift):
    def fit_facts(self, detailed=None):
        return None


@pytest.mark.parametrize("kind", [Raises, Odd, Silent])
def test_a_model_that_cannot_tell_changes_nothing_else(kind):
    result, plain = run({"m": kind()}), run({"m": Drift()})
    assert result.fits().empty and result.failures.empty and result.warnings.empty
    pd.testing.assert_frame_equal(result.scores, plain.scores, check_exact=True)


@pytest.mark.parametrize("wrap", [lambda m: Conformal(m, 4), lambda m: Tuned(m, {"order": [(1, 0, 0)]}, budget=2)])
def test_a_wrapper_tells_what_its_forecaster_tells(wrap):
    y = frame(1)["s0"]
    model = wrap(ARIMA(order=(0, 1, 1))).fit(y)
    assert model.fit_facts() == model.forecaster_.fit_facts() != {}


def test_parts_of_the_last_forecasts_of_the_first_series_add_up_to_them():
    y = frame(2)
    lstm = LSTM(hidden_size=4, n_members=1, max_epochs=1)
    models = {"ARIMA": ARIMA((0, 1, 1)), "LSTM": lstm, "Wrapped": Conformal(ARIMA((0, 1, 1)), 4), "Drift": Drift()}
    result = run(models, data=y, cv=RollingOrigin(2, n_windows=2, gap=1))
    fits, told = result.fits(), result.forecasts
    parts = fits[fits["fact"].str.startswith("part: ")]
    assert set(parts["model"]) == {"ARIMA", "LSTM", "Wrapped"} and set(parts["unique_id"]) == {"s0"}
    last = told[(told["unique_id"] == "s0") & (told["cutoff"] == told["cutoff"].max())]
    summed = parts.groupby(["model", "step"])["value"].sum()
    expected = last[last["model"] != "Drift"].set_index(["model", "h"])["mean"].sort_index()
    np.testing.assert_allclose(summed, expected, rtol=1e-6)  # forecasts are kept in less precision


def test_a_network_tells_its_share_and_how_training_went_and_a_linear_regression_nothing():
    panel = Panel.from_frame(frame(2, 30).melt(var_name="unique_id", value_name="y").assign(ds=[*range(30)] * 2))
    lstm = LSTM(hidden_size=4, n_members=2, max_epochs=3)
    result = run({"LSTM": lstm, "LinearAR": LinearAR()}, data=panel, cv=RollingOrigin(2, n_windows=2), seeds=2)
    fits = result.fits()
    fits = fits[~fits["fact"].str.startswith(("part: ", "input: "))]
    assert set(fits["model"]) == {"LSTM"} and set(fits["unique_id"]) == {""}
    by_fit = fits.groupby(["cutoff", "seed"])
    assert len(by_fit) == 4
    for _, own in by_fit:
        counts = own["fact"].value_counts()
        assert counts.to_dict() == {"loss": 3, "gradient_norm": 3, "share": 1, "epochs": 1}
        assert own[own["fact"] == "loss"]["step"].tolist() == [1, 2, 3]
        assert 0 <= own.set_index("fact").loc["share", "value"] <= 1
