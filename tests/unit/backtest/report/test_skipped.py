"""Series that a run skipped as too short are named and counted, in the summary and for callers."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.skipped import is_skipped, skipped_sentence

SETTINGS = {"cv": RollingOrigin(2, n_windows=2), "metrics": ["mae"], "level": (), "executor": None, "season_length": 1}


def wide(lengths):
    n, rng = max(lengths), np.random.default_rng(0)
    columns = {f"s{i}": [np.nan] * (n - k) + rng.normal(size=k).tolist() for i, k in enumerate(lengths)}
    return pd.DataFrame(columns)


def test_each_series_is_named_with_the_models_and_the_number_of_cutoffs(tmp_path):
    # four steps are held back at the older cutoff: s1 leaves 5 and 7 of 6 that SeasonalNaive(5) needs, s2 none and 2
    models = {"Naive": Naive(), "Fives": SeasonalNaive(5)}
    result = backtest(models, wide([20, 9, 4]), too_short="skip", output=tmp_path, **SETTINGS)
    told = (
        "Too short and skipped: 2 of 3 series: s2 (Naive at 1 of 2 cutoffs; Fives at 2 of 2 cutoffs), "
        "s1 (Fives at 1 of 2 cutoffs)."
    )
    assert skipped_sentence(result.run) == told
    assert told in (tmp_path / "summary.md").read_text()
    assert skipped_sentence(BacktestResult.load(tmp_path).run) == told
    assert set(result.failures.loc[is_skipped(result.run), "unique_id"]) == {"s1", "s2"}


def test_a_series_that_no_model_could_forecast_says_so_once():
    result = backtest([Naive(), SeasonalNaive(2)], wide([20, 1]), too_short="skip", **SETTINGS)
    assert skipped_sentence(result.run) == "Too short and skipped: 1 of 2 series: s1 (every model at 2 of 2 cutoffs)."


@pytest.mark.parametrize("too_short", ["error", "skip"])
def test_without_a_short_series_nothing_is_said(too_short):
    result = backtest({"bad": SeasonalNaive(0), "good": Naive()}, wide([20, 20]), too_short=too_short, **SETTINGS)
    assert skipped_sentence(result.run) == "" and len(result.failures) == 4
    assert not is_skipped(result.run).any()


def test_a_long_list_of_series_is_cut():
    result = backtest(Naive(), wide([20, *[1] * 30]), too_short="skip", **SETTINGS)
    told = skipped_sentence(result.run)
    assert told.startswith("Too short and skipped: 30 of 31 series: s1 (Naive at 2 of 2 cutoffs), ")
    assert told.endswith("s20 (Naive at 2 of 2 cutoffs), and 10 more, in failures.")
