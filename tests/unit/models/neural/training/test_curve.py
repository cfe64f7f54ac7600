"""Training curves: means by epoch that do not depend on what is trained beside."""

import numpy as np
import pytest

from tsforecast import LSTM, Panel
from tsforecast.models.neural.training import module
from tsforecast.models.neural.training.curve import CurveRecord
from tsforecast.models.neural.training.engines import GraphEngine


def panel(n_series=3, n=40):
    return Panel.from_array(np.random.default_rng(0).normal(size=(n, n_series)).cumsum(axis=0))


def small(**options):
    training = {"scope": "per_series"} | options.pop("training", {})
    return LSTM(hidden_size=4, n_members=2, max_epochs=3, training=training, **options)


@pytest.mark.parametrize("options", [{}, {"dropout": 0.2}, {"decoding": {"loss": "gaussian"}}])
def test_a_curve_is_the_same_to_the_bit_alone_and_beside_others(options):
    together = small(**options).fit(panel()).fit_facts()
    for i, name in enumerate(panel().ids):
        assert small(**options).fit(panel().take([i])).fit_facts() == {name: together[name]}


def test_where_tails_are_looked_at_their_loss_is_told():
    told = small(training={"refit": False, "patience": 5}).fit(panel(1)).fit_facts()["y0"]
    assert len(told["validation_loss"]) == len(told["loss"]) == told["epochs"] == 3
    assert "validation_loss" not in small().fit(panel(1)).fit_facts()["y0"]


def test_a_share_is_told_only_where_there_is_a_linear_part():
    model = small().fit(panel(1))
    assert model.fit_facts()["y0"]["share"] == model.share_.iloc[0]
    assert "share" not in small(start="zero").fit(panel(1)).fit_facts()["y0"]


@pytest.mark.parametrize("largest", [1.0, 0])
def test_gradients_are_as_long_with_autograd_as_with_compiled_passes(monkeypatch, largest):
    """To 1e-3: float32 sums in another order, over three epochs of training."""
    compiled = small(training={"gradient_clip_val": largest}).fit(panel(1)).fit_facts()["y0"]
    monkeypatch.setattr(module, "engine_of", GraphEngine)
    graph = small(training={"gradient_clip_val": largest}).fit(panel(1)).fit_facts()["y0"]
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(graph[name], compiled[name], rtol=1e-3)


def test_steps_count_by_their_size_and_fits_that_have_ended_not_at_all():
    record = CurveRecord(2)
    for epochs, losses, sizes in (
        ([1, 1], [2.0, 5.0], [1, 4]),
        ([1, 0], [4.0, 9.0], [3, 0]),
        ([2, 0], [1.0, 0.0], [4, 0]),
    ):
        record.add(epochs, np.array([losses, losses, sizes]))
    first, second = record.curves()
    assert first.loss.tolist() == [3.5, 1.0] and first.gradient_norm.tolist() == [3.0, 1.0]
    assert second.loss.tolist() == [5.0]
    assert CurveRecord(1).curves()[0].facts() == {}
