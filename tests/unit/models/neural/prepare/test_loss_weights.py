"""What errors weigh in training."""

import numpy as np
import pytest

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.options import Decoding
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel import Panel

T = np.arange(48.0)
SMALL = np.exp(0.02 * T + 0.2 * np.sin(T * np.pi / 2))
LARGE = 1000 * np.exp(0.05 * T + 0.1 * np.sin(T * np.pi / 2))


def data_of(columns, loss, transform="log"):
    data = StreamDataModule(
        season_length=4,
        validation_size=0.0,
        decoding=Decoding(loss=loss, horizon=2),
        preparation=Preparation(transform=transform, deseasonalize="never", level="last"),
    )
    data.use(Panel.from_array(np.column_stack(columns)))
    return data


def weights_of(data):
    """Of each series and observation that has both its targets."""
    return data.tables[0].weight.numpy()[:-1, 0].reshape(-1, 48)[:, :-2]


def change(y):
    return np.abs(y[4:] - y[:-4]).mean()


def moved(data, y, at):
    """What an error of 1 of an output at an observation is in the unit of the series, by a step of it."""
    step, row = 1e-6, at + (48 if y is LARGE else 0)
    scale = data.inputs.scale[row]
    return (y[at] * np.exp(step * scale) - y[at]) / step


def ratios_of(loss, weigh):
    """Weight over what it should be, at three observations of each series."""
    data = data_of([SMALL, LARGE], loss)
    weight = weights_of(data)
    return np.array([[weight[i, at] / weigh(data, y, at) for at in (5, 10, 30)] for i, y in enumerate((SMALL, LARGE))])


def test_mase_weighs_errors_in_the_unit_of_the_series_over_its_seasonal_change():
    ratios = ratios_of("mase", lambda data, y, at: moved(data, y, at) / change(y))
    np.testing.assert_allclose(ratios, ratios[0, 0], rtol=1e-5)


def test_balanced_lies_half_way_between_errors_over_changes_and_errors_in_percent():
    def weigh(data, y, at):
        return np.sqrt(moved(data, y, at) / change(y) * moved(data, y, at) / y[at])

    ratios = ratios_of("balanced", weigh)
    np.testing.assert_allclose(ratios, ratios[:, :1].repeat(3, axis=1), rtol=1e-5)


@pytest.mark.parametrize(("copies", "power"), [(1, 1 / 626), (25, 0.5), (500, 400 / 401)])
def test_the_series_of_a_small_panel_weigh_nearly_alike_and_those_of_a_large_one_as_much_as_their_sizes_say(
    copies, power
):
    low, high = 10 + np.sin(T), 1000 + np.sin(T)  # not transformed: their sizes are their means
    data = data_of([low, high] * copies, "balanced", "none")
    weight = weights_of(data)
    over = weight / data.inputs.scale.reshape(-1, 48)[:, :-2]
    np.testing.assert_allclose(over, over[:, :1].repeat(46, axis=1), rtol=1e-5)  # the same at every step
    assert over[0, 0] / over[1, 0] == pytest.approx(np.sqrt(high.mean() / low.mean()) ** power, rel=1e-4)


@pytest.mark.parametrize("loss", ["mase", "balanced"])
def test_weights_are_those_of_the_series_in_another_unit(loss):
    one, two = (weights_of(data_of([unit * SMALL, unit * LARGE], loss)) for unit in (1.0, 1e6))
    np.testing.assert_allclose(one, two, rtol=1e-5)


@pytest.mark.parametrize("loss", ["mase", "balanced"])
def test_weights_are_one_in_the_mean_and_a_series_that_never_changes_has_none(loss):
    data = data_of([SMALL, np.full(48, 3.0)], loss)
    weight = weights_of(data)
    assert (weight[0] > 0).all()
    assert (weight[1] == 0).all()
    still = weights_of(data_of([np.full(48, 3.0)], loss))
    assert (still == 1).all()


def test_missing_values_weigh_as_the_last_that_was_seen():
    gappy = SMALL.copy()
    gappy[[20, 21]] = np.nan
    data = data_of([gappy], "balanced")
    weight = data.tables[0].weight.numpy()[:-1]
    assert weight[20, 0] == 0  # the target is missing
    over = weight[:, 1] / data.inputs.scale
    assert over[20] == pytest.approx(over[22] * np.sqrt(gappy[19] / gappy[22]), rel=1e-5)
