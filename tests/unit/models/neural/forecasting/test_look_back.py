"""The gradient by lag is that of finite differences, and the figure of a network shows its training."""

import numpy as np
import pytest
import torch

from tsforecast import GRU, LSTM, RNN, LinearAR, NeuralForecaster, Training
from tsforecast.exceptions import NotFittedError, ParameterError, UnknownNameError
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.forecasting.look_back import gradient_by_lag
from tsforecast.models.neural.prepare.features import inputs_of

Y = np.sin(np.arange(48.0)) + np.random.default_rng(0).normal(size=48)


def small(kind, **options):
    return kind(hidden_size=3, n_members=1, max_epochs=2, **options)


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
def test_the_norm_at_a_lag_is_that_of_finite_differences(kind):
    model = small(kind).fit(Y[:12])
    trained, panel = model.trained_[0], model.panel_
    x = torch.as_tensor(inputs_of(panel, trained.prepared, trained.layout).x[None, :, None], dtype=torch.float32)
    reset = torch.zeros(1, 12, 1, dtype=torch.bool)
    reset[:, 0] = True

    def last(inputs):
        features, _ = trained.network.members.features(Chunk(inputs, reset, torch.zeros(1, 12, 1, dtype=torch.int64)))
        return features[0, -1, 0].detach().double().numpy()

    found, step = gradient_by_lag(trained, panel), 1e-2
    for lag in (0, 1, 3):
        squares = 0.0
        for column in range(x.shape[3]):
            up, down = x.clone(), x.clone()
            up[0, 11 - lag, 0, column] += step
            down[0, 11 - lag, 0, column] -= step
            squares += float((((last(up) - last(down)) / (2 * step)) ** 2).sum())
        assert found[lag] == pytest.approx(np.sqrt(squares), rel=0.01)  # float32, and steps that are not small


def test_gradients_of_a_plain_rnn_vanish_faster_than_those_of_an_lstm():
    norms = {kind: gradient_by_lag(*_fitted(kind)) for kind in (RNN, LSTM)}
    ratio = {kind: own[24] / own[0] for kind, own in norms.items()}
    assert ratio[RNN] < ratio[LSTM]


def _fitted(kind):
    model = kind(hidden_size=8, n_members=2, max_epochs=4).fit(Y)
    return model.trained_[0], model.panel_


def test_there_is_a_lag_for_each_step_of_the_shortest_series():
    model = small(LSTM).fit(np.column_stack([Y, np.append(np.full(20, np.nan), Y[20:])]))
    norms = gradient_by_lag(model.trained_[0], model.panel_)
    assert norms.shape == (28,) and (norms >= 0).all()


def test_a_network_of_windows_looks_back_over_its_window():
    model = small(LSTM, training=Training(kind="windows", window_length=10)).fit(Y)
    assert gradient_by_lag(model.trained_[0], model.panel_).shape == (10,)


def test_looking_back_changes_no_forecast():
    model = small(LSTM).fit(Y)
    before = model.predict(3)
    model.plot_diagnostics()
    np.testing.assert_array_equal(model.predict(3), before)
    assert all(weight.grad is None for weight in model.trained_[0].network.parameters())


def test_the_figure_shows_the_curves_of_the_training():
    model = small(LSTM, training=Training(refit=False)).fit(Y)
    upper, lower, norms = model.plot_diagnostics().axes
    (curve,) = model.curves_
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), curve.loss)
    np.testing.assert_array_equal(norms.lines[0].get_ydata(), curve.gradient_norm)
    assert lower.get_yscale() == "log"


def test_each_network_of_its_own_is_chosen_by_the_name_of_its_series():
    model = small(LSTM, training=Training(scope="per_series")).fit(np.column_stack([Y, Y[::-1]]))
    assert model.plot_diagnostics().get_suptitle() == "y0: LSTM"
    assert model.plot_diagnostics("y1").get_suptitle() == "y1: LSTM"
    with pytest.raises(UnknownNameError, match="'y2'"):
        model.plot_diagnostics("y2")


def test_a_network_of_ones_own_is_looked_into_too():
    model = NeuralForecaster("tsforecast.models.neural.networks.minimal_gated.MinimalGated", n_members=1, max_epochs=1)
    assert len(model.fit(Y).plot_diagnostics().axes) == 3


def test_without_a_network_or_a_fit_there_is_nothing_to_draw():
    with pytest.raises(ParameterError, match="no network"):
        LinearAR().fit(Y).plot_diagnostics()
    with pytest.raises(NotFittedError):
        LSTM().plot_diagnostics()
