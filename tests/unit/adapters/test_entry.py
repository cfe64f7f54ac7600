"""What entries in others' benchmarks share: they forecast window after window, and never write over a file."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, Conformal, Drift, Naive, Panel, SeasonalNaive
from tsforecast.adapters import gift_eval
from tsforecast.adapters.entry import Entry, needed, write_each
from tsforecast.exceptions import MissingDependencyError, ParameterError, RunFolderError, SeriesTooShortError


class Pointwise(Drift):
    gives_intervals = False


def panel_of(series):
    long = [pd.DataFrame({"unique_id": name, "ds": np.arange(len(y)), "y": y}) for name, y in series.items()]
    return Panel.from_frame(pd.concat(long))


def walks(n_obs):
    rng = np.random.default_rng(0)
    return panel_of({name: rng.normal(size=n_obs).cumsum() for name in "ab"})


def test_its_forecasts_are_those_of_the_forecaster():
    panel = walks(30)
    table = Entry(Drift(), [0.1, 0.9]).forecast(panel, 4)
    made = Drift().fit(panel).predict(4, quantiles=[0.1, 0.9])
    np.testing.assert_array_equal(table, np.dstack([made.mean, made.quantiles]))


def test_the_forecaster_that_is_given_stays_unfitted():
    forecaster = Naive()
    Entry(forecaster).forecast(walks(9), 1)
    assert not hasattr(forecaster, "panel_")


@pytest.mark.parametrize("refit", ["always", "never"])
def test_a_later_window_is_fitted_anew_or_forecast_with_the_first_parameters(refit):
    whole = walks(60)
    first = whole.slice(np.zeros(2, dtype=int), np.full(2, 40))
    entry = Entry(ARIMA(order=(1, 0, 0)), refit=refit)
    entry.forecast(first, 2)
    seen = entry.forecast(whole, 2)[:, :, 0]
    anew = ARIMA(order=(1, 0, 0)).fit(whole).predict(2).mean
    kept = ARIMA(order=(1, 0, 0)).fit(first).predict(2, history=whole).mean
    np.testing.assert_array_equal(seen, anew if refit == "always" else kept)
    assert not np.array_equal(anew, kept)


@pytest.mark.parametrize("refit", ["always", "never"])
def test_short_series_are_forecast_by_naive_where_that_was_asked_for_and_counted(refit):
    panel = panel_of({"long": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "short": [7.0, 8.0]})
    with pytest.raises(SeriesTooShortError, match="'short'"):
        Entry(SeasonalNaive(4)).forecast(panel, 3)
    entry = Entry(SeasonalNaive(4), [0.5], refit=refit, too_short="naive")
    for window in (1, 2):
        table = entry.forecast(panel, 3)
        np.testing.assert_allclose(table[:, :, 0], [[3.0, 4.0, 5.0], [8.0, 8.0, 8.0]])
        assert entry.n_by_naive == window


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"forecaster": Naive}, "is no forecaster"),
        ({"forecaster": Naive(), "refit": "sometimes"}, "refit='sometimes' is none of 'always', 'never'"),
        ({"forecaster": Naive(), "too_short": "skip"}, "too_short='skip' is none of 'error', 'naive'"),
        ({"forecaster": Pointwise(), "quantiles": [0.1]}, r"gives no quantiles.*\[0.1\]; wrap it"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_is_said_before_a_fit(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Entry(**arguments)


def test_a_forecaster_without_quantiles_can_be_wrapped():
    table = Entry(Conformal(Pointwise()), [0.1, 0.9]).forecast(walks(60), 2)
    assert (table[:, :, 1] < table[:, :, 2]).all()


def test_rows_are_written_one_by_one_and_stay_when_a_later_one_fails(tmp_path):
    path = tmp_path / "new" / "results.csv"

    def rows():
        yield {"task": "a", "levels": [0.1, 0.9]}
        raise FloatingPointError

    with pytest.raises(FloatingPointError):
        write_each(rows(), path)
    assert path.read_text() == 'task,levels\na,"[0.1, 0.9]"\n'


def test_a_file_that_exists_stays_as_it_is_and_nothing_is_computed(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("mine")

    def rows():
        raise AssertionError
        yield

    with pytest.raises(RunFolderError, match="exists and is not overwritten"):
        write_each(rows(), path)
    assert path.read_text() == "mine"


def test_a_library_that_is_absent_is_named_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gluonts", None)
    with pytest.raises(
        MissingDependencyError, match=r"needs gluonts.*tsforecast\[gift-eval\].*gift_eval is not on PyPI"
    ):
        gift_eval.evaluate_on_gift_eval(Naive(), [])
    with pytest.raises(MissingDependencyError, match=r"A thing needs nothing_of_this_name.*tsforecast\[x\]"):
        needed("nothing_of_this_name.part", "A thing", "x")
