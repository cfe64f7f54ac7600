"""The precision that networks forecast in."""

import torch
from torch import nn

from tsforecast import LSTM, NeuralForecaster, load
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.precise import precise

QUICK = {"n_members": 2, "max_epochs": 1}


class Narrow(Network):
    """A network that works in float32 only."""

    def __init__(self, layout, n_params):
        super().__init__(layout, n_params)
        self.linear = nn.Linear(layout.input_size, self.n_outputs)

    def forward(self, chunk, state):
        return self.as_output(self.linear(chunk.x.float())), None


def network_of(model):
    return model.fit(load("airline").series[:60]).trained_[0].network


def test_networks_of_ones_own_forecast_in_float64_where_they_can():
    own = network_of(NeuralForecaster(settings={"hidden_size": 2}, **QUICK))
    assert own.slopes.dtype == torch.float32 and precise(own).slopes.dtype == torch.float64
    narrow = network_of(NeuralForecaster(Narrow, **QUICK))
    assert precise(narrow) is narrow


def test_the_stock_stack_forecasts_as_it_is():
    network = network_of(LSTM(hidden_size=2, **QUICK))
    assert precise(network) is network
