"""Past-only covariates, categories and calendars of networks."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import LSTM, load_forecaster

N = 300
DAYS = pd.date_range("2024-01-01", periods=N + 10, freq="D")
TEMP = np.random.default_rng(0).normal(size=N + 10)
KIND = np.random.default_rng(1).choice(["none", "sale", "card"], N + 10, p=[0.6, 0.2, 0.2])
EFFECT = pd.Series({"none": 0.0, "sale": 8.0, "card": -4.0})
Y = pd.Series(10 + 3 * np.r_[0.0, TEMP[:-1]] + EFFECT[KIND].to_numpy(), index=DAYS)
X = pd.DataFrame({"temp": TEMP, "kind": KIND}, index=DAYS)


@pytest.fixture(scope="module")
def model():
    options = {"n_members": 2, "max_epochs": 15, "season_length": 1, "decoding": {"horizon": 2}}
    return LSTM(**options).fit(Y[:N], X[:N], past_covariates=["temp"], calendar="DE")


def test_the_next_step_that_follows_a_covariate_and_a_category_is_nearly_exact(model):
    origins = range(N, N + 9)
    errors = [model.predict(1, X, history=Y[:t]).iloc[0] - Y.iloc[t] for t in origins]
    assert np.std(errors) < 0.15 * Y.std()


def test_values_after_the_origin_change_nothing(model):
    poisoned = X.copy()
    poisoned.loc[DAYS[N], "temp"] = 1e6
    np.testing.assert_array_equal(model.predict(1, poisoned[N:]), model.predict(1, X[["kind"]][N:]))


def test_a_loaded_network_gives_the_same_forecasts(model, tmp_path):
    model.save(tmp_path / "model.tsf")
    ahead = pd.DataFrame({"kind": ["sale"] * 5}, index=pd.date_range(DAYS[N], periods=5, freq="D"))
    again = load_forecaster(tmp_path / "model.tsf")
    np.testing.assert_array_equal(again.predict(5, ahead), model.predict(5, ahead))  # past the block of 2 steps


def test_inputs_of_a_network_hold_the_present_covariate_once(model):
    layout = model.trained_[0].layout
    assert layout.past_only.stop - layout.past_only.start == 1
    assert layout.trust()[layout.past_only].min() == 1.0
