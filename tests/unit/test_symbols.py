"""A forecaster of symbols, whose outcome is one of several classes, goes through fit and predict."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import BaseForecaster, Forecast, Panel
from tsforecast.exceptions import DataError, FitError


class MarkovChain(BaseForecaster):
    """A chain of first order: how often each symbol followed each, and the powers of that matrix."""

    gives_intervals = False

    def _fit(self, panel):
        self.classes_ = pd.Index(np.unique(panel.values).astype(int))
        counts = np.zeros((len(self.classes_), len(self.classes_)))
        for i in range(panel.n_series):
            codes = self.classes_.get_indexer(panel.series(i))
            np.add.at(counts, (codes[:-1], codes[1:]), 1)
        self.transition_ = counts / counts.sum(axis=1, keepdims=True)

    def _predict(self, panel, horizon, X, levels):
        last = self.classes_.get_indexer(panel.values[panel.indptr[1:] - 1])
        steps = [np.linalg.matrix_power(self.transition_, h + 1)[last] for h in range(horizon)]
        nothing = np.full((panel.n_series, horizon), np.nan)
        return Forecast(
            nothing,
            np.empty((*nothing.shape, 0)),
            levels,
            panel.ids,
            panel.last_times,
            panel.freq,
            probabilities=np.stack(steps, axis=1),
            classes=self.classes_,
        )


class Broken(MarkovChain):
    """Forgets the probabilities."""

    def _predict(self, panel, horizon, X, levels):
        given = super()._predict(panel, horizon, X, levels)
        return Forecast(given.mean, given.quantiles, levels, panel.ids, panel.last_times, panel.freq)


SYMBOLS = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]  # after 0 comes 0 in two of five, after 1 always 0


def test_a_panel_of_symbols_gets_their_probabilities():
    forecast = MarkovChain().fit(Panel.from_array(np.array(SYMBOLS))).predict(2)
    np.testing.assert_allclose(forecast.probabilities[0], [[0.4, 0.6], [0.76, 0.24]])
    assert forecast.classes.tolist() == [0, 1]


def test_frames_have_a_column_for_each_symbol_and_none_for_a_mean():
    long = pd.DataFrame({"unique_id": "a", "ds": range(9), "y": SYMBOLS})
    assert MarkovChain().fit(long).predict(1).columns.tolist() == ["unique_id", "ds", "p-0", "p-1"]
    series = pd.Series(SYMBOLS, index=pd.date_range("2020-01-01", periods=9))
    np.testing.assert_allclose(MarkovChain().fit(series).predict(2)["p-1"], [0.6, 0.24])
    wide = MarkovChain().fit(pd.DataFrame({"a": series, "b": series})).predict(1)
    assert wide.columns.tolist() == [("a", "p-0"), ("a", "p-1"), ("b", "p-0"), ("b", "p-1")]


def test_arrays_have_the_symbols_last():
    assert MarkovChain().fit(np.array([SYMBOLS, SYMBOLS]).T).predict(3).shape == (3, 2, 2)


def test_a_mean_that_is_missing_needs_probabilities():
    with pytest.raises(FitError, match="is not finite"):
        Broken().fit(SYMBOLS).predict(1)


@pytest.mark.parametrize(
    ("probabilities", "classes", "match"),
    [
        ([[[0.5, 0.6]]], ["a", "b"], r"series 's' at step 1 are \[0.5, 0.6\]"),
        ([[[-0.5, 1.5]]], ["a", "b"], "at least 0"),
        ([[[np.nan, 1.0]]], ["a", "b"], "their sum 1"),
        ([[[0.5, 0.5]]], ["a"], "disagree"),
        ([[[0.5, 0.5]]], ["a", "a"], "disagree"),
        ([[[1.0]]], None, "belong together"),
        (None, ["a"], "belong together"),
    ],
)
def test_probabilities_that_are_none_are_refused(probabilities, classes, match):
    nothing = np.full((1, 1), np.nan)
    given = None if probabilities is None else np.array(probabilities)
    with pytest.raises(DataError, match=match):
        Forecast(
            nothing,
            np.empty((1, 1, 0)),
            np.empty(0),
            pd.Index(["s"]),
            pd.Index([1]),
            1,
            probabilities=given,
            classes=None if classes is None else pd.Index(classes),
        )
