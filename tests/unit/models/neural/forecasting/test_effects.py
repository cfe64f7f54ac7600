"""What inputs do to a network's forecasts: complete attributions, and series of known make."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import GRU, LSTM, LinearAR, Preparation, load
from tsforecast.models.neural.forecasting.decode import run_history
from tsforecast.models.neural.forecasting.effects import effects
from tsforecast.models.neural.prepare.features import inputs_of

QUICK = {"max_epochs": 5, "n_members": 2, "hidden_size": 8, "random_state": 0}
PLAIN = Preparation(transform="none")


def outputs_at(model, usual):
    """Outputs at the end of the first series, (horizon,), with inputs as they are or, where ``usual``, at usual values.

    An independent way: the whole history, in one pass of the forecasting network.
    """
    trained, panel = model.trained_[0], model.panel_.take([0])
    inputs = inputs_of(panel, trained.prepared.take(np.array([0])), trained.layout, targets=False)
    x, layout = inputs.x.copy(), trained.layout
    if usual:
        known = x[:, layout.past][:, 2].copy()  # whether a value was observed
        age = x[:, layout.age].copy()
        x[:] = 0
        x[:, 2], x[:, layout.age] = known, age
    end = run_history(trained.network, x, panel.lengths, trained.window, series=np.array([0]), ends_only=True)
    return inputs.scale[-1] * end.last.mean(axis=0)[0].reshape(layout.horizon, -1)[:, 0]


@pytest.mark.parametrize("network", [LSTM, GRU])
@pytest.mark.parametrize("kind", ["bptt", "windows"])
def test_what_inputs_do_adds_up_to_the_output_less_that_at_usual_inputs(network, kind):
    y = load("airline").series
    model = network(**QUICK, preparation=PLAIN, training={"kind": kind}, lr=0.02).fit(y)
    moved, _ = effects(model.trained_[0], model.panel_, None, model.predict(12).to_numpy())
    expected = (outputs_at(model, usual=False) - outputs_at(model, usual=True))[:12]
    np.testing.assert_allclose(sum(moved.values()), expected, atol=2e-3 * np.abs(expected).max())  # of the quadrature


def test_a_longer_series_than_is_looked_at_step_by_step_is_complete_too():
    y = 10 + np.cumsum(np.random.default_rng(0).normal(size=400))
    model = GRU(**QUICK, preparation=PLAIN).fit(y)
    moved, _ = effects(model.trained_[0], model.panel_, None, model.predict(3))
    older_calendar = outputs_at(model, usual=False) - outputs_at(model, usual=True)
    np.testing.assert_allclose(sum(moved.values()), older_calendar[:3], atol=2e-3 * np.abs(older_calendar).max() + 1e-4)


def share_of(told, name):
    sizes = {key: np.abs(table).mean() for key, table in told.inputs.items()}
    return sizes[name] / sum(sizes.values())


@pytest.mark.parametrize(
    "model", [LinearAR(), LSTM(max_epochs=40, n_members=2, random_state=0)], ids=["linear", "lstm"]
)
def test_a_covariate_that_makes_the_series_gives_what_it_makes_and_noise_nothing(model):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=406), "noise": rng.normal(size=406)})
    y = 10 + 5 * X["x"].to_numpy()[:400] + 0.1 * rng.normal(size=400)
    told = model.fit(y, X.iloc[:400]).explain(6, X.iloc[400:])
    usual = 5 * X["x"].iloc[:400].mean()
    np.testing.assert_allclose(told.inputs["x"][0], 5 * X["x"].iloc[400:] - usual, atol=1.0)  # a fifth of its size
    assert share_of(told, "x") > 0.8 and share_of(told, "noise") < 0.05


def test_values_of_the_same_season_dominate_where_a_series_repeats_them():
    rng = np.random.default_rng(0)
    y = rng.normal(size=4)
    for _ in range(100):  # a season that changes its shape, so that only last year's values tell it
        y = np.append(y, 0.95 * y[-4:] + 0.3 * rng.normal(size=4))
    season = Preparation(transform="none", deseasonalize="never", level="mean")
    told = LinearAR(4, preparation=season).fit(y).explain(4)
    assert share_of(told, "same season") > 0.6


def test_of_white_noise_no_input_moves_much():
    y = 20 + np.random.default_rng(0).normal(size=300)
    told = LinearAR().fit(y).explain(4)
    assert sum(np.abs(table).mean() for table in told.inputs.values()) < 0.6  # of a standard deviation of 1
