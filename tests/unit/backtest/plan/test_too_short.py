"""A backtest of a panel with series that are too short, for the cutoffs or for a model."""

import concurrent.futures

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, GRU, LSTM, Conformal, Drift, Naive, Panel, SeasonalNaive, Tuned
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.exceptions import ParameterError, RunFolderError, SeriesTooShortError

CV = RollingOrigin(2, n_windows=3)
QUICK = {"hidden_size": 2, "n_members": 1, "max_epochs": 1}


def wide(lengths, freq="D"):
    n, rng = max(lengths), np.random.default_rng(0)
    columns = {
        chr(97 + i): np.concatenate([np.full(n - k, np.nan), rng.normal(size=k).cumsum() + 30])
        for i, k in enumerate(lengths)
    }
    return pd.DataFrame(columns, index=pd.date_range("2001-01-01", periods=n, freq=freq))


class Never(Naive):
    def _fit(self, panel):
        raise AssertionError("it was fitted")

    def min_observations(self, panel):
        return 10


def test_series_too_short_for_the_cutoffs_are_all_named_before_the_first_fit():
    with pytest.raises(SeriesTooShortError, match=r"too_short='skip' goes on") as caught:
        backtest(Never(), wide([30, 4, 30, 6, 1]), cv=CV)
    assert caught.value.series == {"b": 4, "d": 6, "e": 1} and "3 of 5 series" in str(caught.value)


def test_series_too_short_for_a_model_at_a_cutoff_are_all_named_before_the_first_fit():
    # six steps are held back at the oldest cutoff: 15 observations leave 9 where 10 are needed
    with pytest.raises(SeriesTooShortError, match=r"Never needs at least 10 .* goes on") as caught:
        backtest([Naive(), Never()], wide([30, 15, 30, 16, 8]), cv=CV)
    assert caught.value.series == {"b": 9, "e": 2}
    sliding = RollingOrigin(2, n_windows=3, max_train_size=9)
    with pytest.raises(SeriesTooShortError, match="3 of 3 series"):
        backtest(Never(), wide([30, 30, 30]), cv=sliding)


MODELS = {
    "seasonal": (lambda: SeasonalNaive(4), 5),
    "arima": (lambda: ARIMA((1, 0, 0)), 4),
    "network": (lambda: LSTM(**QUICK), 8),
    "conformal": (lambda: Conformal(Drift(), 4), 7),
    "global wrapper": (lambda: Conformal(GRU(**QUICK), 4), 12),
    "tuned": (lambda: Tuned(SeasonalNaive(4), {"season_length": [4]}, budget=1, horizon=1), 6),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("refit", ["always", "never"])
def test_a_short_series_fails_at_the_cutoffs_where_it_is_short_and_nowhere_else(name, refit):
    make, needed = MODELS[name]
    # b is short at the oldest cutoff, d at the two oldest, e at all; a, c and f at none
    lengths = [40, needed + 5, 40, needed + 2, 3, needed + 6]
    result = backtest({"m": make()}, wide(lengths), cv=CV, metrics=["mae"], refit=refit, level=(), too_short="skip")
    failed = result.failures.groupby("unique_id").size().to_dict()
    assert failed == ({"b": 1, "d": 2, "e": 3} if refit == "always" else {"b": 3, "d": 3, "e": 3})
    assert set(result.failures["error"]) == {"SeriesTooShortError"}
    assert all(
        f"Series '{i}' has" in m for i, m in zip(result.failures["unique_id"], result.failures["message"], strict=True)
    )
    assert len(result.cells) + len(result.failures) == 18 and not result.cells["mae"].isna().any()
    done = set(zip(result.cells["unique_id"], result.cells["cutoff"], strict=True))
    lost = set(zip(result.failures["unique_id"], result.failures["cutoff"], strict=True))
    assert not done & lost and len(lost) == len(result.failures)
    alone = backtest({"m": make()}, wide(lengths)[["a", "c", "f"]], cv=CV, metrics=["mae"], refit=refit, level=())
    assert set(zip(alone.cells["unique_id"], alone.cells["cutoff"], strict=True)) <= done


@pytest.mark.parametrize(("freq", "step"), [("D", pd.Timedelta("1D")), ("MS", pd.DateOffset(months=1))])
def test_a_cutoff_before_a_series_begins_is_told_at_its_own_time(freq, step):
    result = backtest(Naive(), wide([30, 3], freq), cv=CV, metrics=["mae"], level=(), too_short="skip")
    own = result.failures[result.failures["unique_id"] == "b"]
    last = wide([30, 3], freq).index[-1]
    assert own["cutoff"].tolist() == [last - 6 * step, last - 4 * step, last - 2 * step]
    assert own["message"].str.contains("'b' has 3 observations|'b' has 1 observation;").all()
    assert result.leaderboard()["n_missing"].tolist() == [3] and result.leaderboard()["n_cells"].tolist() == [3]


def test_integer_times_and_covariates_may_be_short_too():
    frame = pd.DataFrame(
        {"unique_id": [*["a"] * 20, "b", "b"], "ds": [*range(20), 18, 19], "y": np.arange(22.0) ** 0.5}
    )

    panel = Panel.from_frame(frame.assign(x=np.sin(np.arange(22.0))), covariates=["x"])
    result = backtest(ARIMA((1, 0, 0)), panel, cv=CV, metrics=["mae"], level=(), too_short="skip")
    assert result.failures["cutoff"].tolist() == [13, 15, 17] and len(result.cells) == 3


def test_stand_ins_are_rows_of_a_model_called_naive():
    lengths = [40, 12, 40, 9]
    result = backtest(LSTM(**QUICK), wide(lengths), cv=CV, metrics=["mae"], level=(), too_short="naive")
    assert result.models == ["LSTM", "Naive"]
    assert set(result.failures["model"]) == {"LSTM"}
    own = result.forecasts.set_index(["model", "unique_id"])
    assert len(own.loc[("Naive", "b")]) == 6 and len(own.loc[("LSTM", "b")]) == 4
    expected = backtest(Naive(), wide(lengths), cv=CV, metrics=["mae"], level=()).forecasts
    naive = result.forecasts[result.forecasts["model"] == "Naive"].reset_index(drop=True)
    pd.testing.assert_frame_equal(naive, expected)
    board = result.leaderboard().set_index("model")
    assert set(board["n_cells"]) == {12 - len(result.failures)}
    once = backtest([Naive(), Drift()], wide(lengths), cv=CV, metrics=["mae"], too_short="naive")
    assert once.models == ["Naive", "Drift"]
    with pytest.raises(ParameterError, match="'Naive'"):
        backtest({"Naive": Drift()}, wide(lengths), cv=CV, metrics=["mae"], too_short="naive")


def test_no_series_long_enough_is_an_error_whatever_is_asked():
    for too_short in ("error", "skip", "naive"):
        with pytest.raises(SeriesTooShortError):
            backtest(Naive(), wide([2, 1]), cv=CV, too_short=too_short)
    with pytest.raises(ParameterError, match="too_short='drop'"):
        backtest(Naive(), wide([20]), cv=CV, too_short="drop")


def test_an_audit_and_an_executor_give_the_same_with_short_series(tmp_path):
    data = wide([40, 9, 3, 12])
    models = {"seasonal": SeasonalNaive(4), "network": LSTM(**QUICK)}
    settings = {"cv": CV, "metrics": ["mae", "coverage"], "level": [80], "too_short": "skip"}
    here = backtest(models, data, executor=None, audit=True, **settings)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        there = backtest(models, data, executor=threads, output=tmp_path / "run", **settings)
    for one in (there, BacktestResult.load(tmp_path / "run")):
        pd.testing.assert_frame_equal(one.forecasts, here.forecasts, check_exact=True)
        pd.testing.assert_frame_equal(one.failures, here.failures)
        pd.testing.assert_frame_equal(one.scores, here.scores, check_exact=True)


def test_a_run_with_another_choice_is_another_run(tmp_path):
    backtest(Naive(), wide([40, 3]), cv=CV, metrics=["mae"], output=tmp_path, too_short="skip")
    with pytest.raises(RunFolderError, match=r"too_short|models"):
        backtest(Naive(), wide([40, 3]), cv=CV, metrics=["mae"], output=tmp_path, too_short="naive")


def test_parameters_that_make_no_sense_are_still_failures_of_their_model():
    result = backtest({"bad": SeasonalNaive(0), "good": Naive()}, wide([30, 30]), cv=CV, metrics=["mae"])
    assert set(result.failures["model"]) == {"bad"} and set(result.failures["error"]) == {"ParameterError"}
