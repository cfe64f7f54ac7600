"""What every model of another library does in a backtest as ours do; libraries that are not installed are left out."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from peers import HERE, HORIZON, SOME, long_frame
from sklearn.base import clone

from tsforecast import Drift, Naive, RollingOrigin
from tsforecast.backtest import backtest
from tsforecast.backtest.plan.content import content_hash
from tsforecast.backtest.plan.describe import build, describe

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]  # others warn of their own affairs
CV = RollingOrigin(HORIZON, n_windows=3, step_size=2)
WAIT = 900  # seconds for a command: far more than any needs on a loaded machine
every_peer = pytest.mark.parametrize("peer", HERE, ids=lambda peer: peer.text)


def run(model, data, **settings):
    settings = {"cv": CV, "level": [80, 95] if model.gives_intervals else [], "metrics": ["mase"], **settings}
    return backtest({"peer": model, "naive": Naive(), "drift": Drift()}, data, **settings)


def seeded(model):
    """A model with a seed, where it takes one: some draw one themselves at every fit else."""
    names = [name for name in model.get_params() if name.endswith("random_state")]
    return model.set_params(**dict.fromkeys(names, 0))


def means_of(result, name="peer"):
    table = result.forecasts
    return table[table["model"] == name].set_index(["unique_id", "cutoff", "h"])["mean"]


@every_peer
def test_it_is_described_and_made_again_with_the_same_content(peer):
    model = peer.make()
    again = build(json.loads(json.dumps(describe(model))))
    assert describe(again) == describe(model) == describe(clone(model))
    assert content_hash(again) == content_hash(model) == content_hash(clone(model))
    assert "SHA-256" not in json.dumps(describe(model))


@every_peer
def test_it_takes_part_in_an_audited_backtest(peer):
    model = peer.make()
    result = run(model, long_frame(), audit=True)
    assert result.failures.empty
    assert set(result.leaderboard()["model"]) == {"peer", "naive", "drift"}
    assert np.isfinite(means_of(result)).all() and len(means_of(result)) == 3 * 3 * HORIZON


@every_peer
def test_a_fit_leaves_no_trace_in_the_model_and_repeats_itself(peer):
    model, frame = seeded(peer.make()), long_frame()
    before = describe(model)
    first = clone(model).fit(frame).predict(HORIZON)
    other = frame.assign(y=300 - frame["y"])
    again = model.fit(other).fit(frame).predict(HORIZON)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert describe(model) == before


@every_peer
def test_without_a_new_fit_it_forecasts_from_the_history_or_says_that_it_cannot(peer):
    result = run(peer.make(), long_frame(), refit="never")
    assert len(result.failures) == (0 if peer.goes_on else 2 * 3)  # the first cutoff of each series has forecasts
    assert result.failures["message"].str.contains("cannot forecast from a history").all()
    assert np.isfinite(means_of(result).dropna()).all()


@every_peer
def test_what_it_learnt_before_a_history_does_not_hide_new_observations(peer):
    frame = long_frame(ids=["a"], lengths=[72])
    model = seeded(peer.make()).fit(frame[:60])
    if not peer.goes_on:
        with pytest.raises(Exception, match="cannot forecast from a history"):
            model.predict(HORIZON, history=frame)
        return
    seen = model.predict(HORIZON, history=frame)
    moved = model.predict(HORIZON, history=frame.assign(y=np.where(frame.index < 60, frame["y"], frame["y"] + 50)))
    assert (seen["ds"] == pd.date_range("2007-01-01", periods=HORIZON, freq="MS")).all()
    assert (seen["mean"] != moved["mean"]).all()
    pd.testing.assert_frame_equal(seen, model.predict(HORIZON, history=frame), check_exact=True)


@every_peer
@pytest.mark.parametrize("freq", ["MS", "ME", "QS", "W-WED", "D", "h", "15min", "B", None])
def test_times_come_back_as_they_went(peer, freq):
    n_obs = 210 if freq in ("W-WED", "15min") else 60  # two seasons, where a library takes them from the times
    frame = long_frame(ids=["b", "a"], lengths=[n_obs, n_obs + 4], freq=freq)
    out = peer.make().fit(frame).predict(HORIZON)
    expected = Naive().fit(frame).predict(HORIZON)
    pd.testing.assert_frame_equal(out[["unique_id", "ds"]], expected[["unique_id", "ds"]])
    assert np.isfinite(out["mean"]).all()


@every_peer
@pytest.mark.parametrize("ids", [[30, 4], ["b", "a"], [2.5, -1.0]], ids=str)
def test_names_of_series_come_back_in_their_order(peer, ids):
    frame = long_frame(ids=ids, lengths=[60, 64])
    out = peer.make().fit(frame).predict(1)
    assert out["unique_id"].tolist() == Naive().fit(frame).predict(1)["unique_id"].tolist()
    assert out["unique_id"].dtype == frame["unique_id"].dtype


@every_peer
@pytest.mark.parametrize("kind", ["period", "zone", "array", "odd months"])
def test_other_kinds_of_times_go_over_too(peer, kind):
    y = long_frame(ids=["a"], lengths=[60])["y"].to_numpy()
    index = {
        "period": pd.period_range("2001-01", periods=60, freq="M"),
        "zone": pd.date_range("2001-03-20", periods=60, freq="h", tz="Europe/Berlin"),
        "odd months": pd.date_range("2001-01-25", periods=60, freq=pd.DateOffset(months=1)),
        "array": None,
    }[kind]
    series = y if index is None else pd.Series(y, index=index)
    out, expected = (model.fit(series).predict(HORIZON) for model in (peer.make(), Naive()))
    assert np.isfinite(np.asarray(out)).all()
    if index is not None:
        assert out.index.equals(expected.index)


@every_peer
def test_its_intervals_hold_its_forecast_and_widen_with_their_level(peer):
    model = peer.make()
    assert model.gives_intervals == peer.intervals
    if not peer.intervals:
        with pytest.raises(ValueError, match=r"gives no intervals.*Conformal"):
            model.fit(long_frame()).predict(2, level=80)
        return
    out = model.fit(long_frame()).predict(HORIZON, level=[80, 95])
    assert (out["lo-95"] <= out["lo-80"]).all() and (out["hi-80"] <= out["hi-95"]).all()
    assert (out["lo-80"] <= out["hi-80"]).all()


@every_peer
def test_a_missing_value_is_a_failure_of_its_series_alone_or_handled(peer):
    frame = long_frame()
    frame.loc[frame.index[10], "y"] = np.nan
    result = run(peer.make(), frame)
    broken, model = result.failures, peer.make()
    if model.handles_missing:  # as a library says, which need not be so for the regressor inside
        assert set(broken["unique_id"]) <= {"w/ x"} and set(broken["error"]) <= {"FitError"}
    else:
        assert set(broken["unique_id"]) == ({"w/ x", "10", "ä'b"} if model.is_global else {"w/ x"})
        assert broken["message"].str.contains("no value at").all()


@every_peer
def test_processes_give_what_this_process_gives(peer):
    here, there = (run(peer.make(), long_frame(), executor=name) for name in (None, "processes"))
    assert there.failures.empty
    pd.testing.assert_frame_equal(here.forecasts, there.forecasts, check_exact=True)


@pytest.mark.parametrize("peer", SOME, ids=lambda peer: peer.text)
def test_on_the_command_line_a_killed_run_goes_on_to_the_same_result(peer, tmp_path):
    data = tmp_path / "my.csv"
    long_frame().to_csv(data, index=False)
    level = ["--level", "80", "95"] if peer.intervals else ["--level", "--metrics", "mase"]

    def start(folder):
        command = [sys.executable, "-m", "tsforecast", "backtest", str(data), "--models", "Naive", peer.text, *level]
        return subprocess.Popen(
            [*command, "--horizon", "4", "--n_windows", "6", "--step_size", "2", "--output", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    whole = start(tmp_path / "whole")
    said = whole.communicate(timeout=WAIT)[0]
    assert whole.returncode == 0, said
    assert "failed" not in said
    killed, folder, begin = start(tmp_path / "killed"), tmp_path / "killed", time.monotonic()
    while killed.poll() is None and len(list(folder.glob("parts/*.parquet"))) < 4 and time.monotonic() < begin + WAIT:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=WAIT)
    kept = {path.name for path in folder.glob("parts/*.parquet")}
    again = start(folder)
    said = again.communicate(timeout=WAIT)[0]
    assert again.returncode == 0, said
    assert kept or killed.returncode == 0
    for name in ("scores.parquet", "failures.parquet"):
        one, other = (pd.read_parquet(tmp_path / which / name) for which in ("whole", "killed"))
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    command = [sys.executable, "-m", "tsforecast", "backtest", "--config", str(folder / "config.yaml")]
    read_back = subprocess.run(
        [*command, "--output", str(folder)], capture_output=True, text=True, timeout=WAIT, check=False
    )
    assert read_back.returncode == 0, read_back.stderr


def test_each_seed_is_a_run_of_a_model_that_takes_one():
    for peer in [peer for peer in HERE if "model__random_state" in peer.make().get_params()][:1]:
        result = run(peer.make(), long_frame(), seeds=[1, 2])
        table = result.forecasts[result.forecasts["model"] == "peer"]
        assert sorted(table["seed"].unique()) == [1, 2]
        assert result.failures.empty
