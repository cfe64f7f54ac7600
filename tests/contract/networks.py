"""The one list of networks for the tests of what all of them promise: a new network is one line here."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tsforecast import Panel
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.models.neural.networks.minimal_gated import MinimalGated
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.residual_gated import ResidualGated
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.training.module import NeuralModule


class OwnFeatures(RecurrentNetwork):
    """The stock stack with features of its own, which count how often they are asked for."""

    n_training, n_forecasting = 0, 0

    def __init__(self, layout, n_params, *, hidden_size=4):
        super().__init__(layout, n_params, cell="gru", hidden_size=hidden_size)
        self.mix = nn.Linear(layout.input_size, hidden_size)

    def features(self, chunk, state):
        hidden, after = super().features(chunk, state)
        kind = "n_training" if torch.is_grad_enabled() else "n_forecasting"
        setattr(OwnFeatures, kind, getattr(OwnFeatures, kind) + 1)
        return hidden + torch.tanh(self.mix(chunk.x)), after


class WindowAttention(Network):
    """Causal attention within a window; its length is a setting. The mask is a buffer that is not saved."""

    mask: Tensor

    def __init__(self, layout, n_params, *, context=6, size=4):
        super().__init__(layout, n_params)
        self.context = context
        self.project = nn.Linear(layout.input_size, 3 * size)
        self.readout = nn.Linear(size, self.n_outputs)
        self.register_buffer("mask", torch.ones(context, context).tril().bool(), persistent=False)

    def forward(self, chunk, state):
        query, key, value = self.project(chunk.x.transpose(0, 1)).chunk(3, dim=-1)  # (n_streams, n_steps, size)
        begun = chunk.reset.transpose(0, 1).cumsum(-1)
        seen = self.mask & (begun[:, :, None] == begun[:, None, :])
        scores = query @ key.transpose(1, 2) / math.sqrt(key.shape[-1])
        mixed = torch.softmax(scores.masked_fill(~seen, -1e9), dim=-1) @ value
        return self.as_output(self.readout(mixed).transpose(0, 1)), None


class WindowPerceptron(Network):
    """One hidden layer over a whole window, whose last step alone has an output."""

    context = 4

    def __init__(self, layout, n_params):
        super().__init__(layout, n_params)
        self.hidden = nn.Linear(self.context * layout.input_size, 5)
        self.readout = nn.Linear(5, self.n_outputs)

    def forward(self, chunk, state):
        flat = chunk.x.transpose(0, 1).flatten(1)  # (n_streams, context * input_size)
        last = self.as_output(self.readout(torch.tanh(self.hidden(flat))))
        return torch.cat([last.new_zeros(chunk.n_steps - 1, *last.shape), last[None]]), None


class SeriesBias(Network):
    """A linear map of the inputs and a bias for each series; one bias for all that are not known. It has no state."""

    def __init__(self, layout, n_params):
        super().__init__(layout, n_params)
        self.linear = nn.Linear(layout.input_size, self.n_outputs)
        self.bias = nn.Embedding(layout.n_series + 1, self.n_outputs)  # the last is that of the unknown

    def forward(self, chunk, state):
        which = torch.where(chunk.series < 0, self.layout.n_series, chunk.series)
        return self.as_output(self.linear(chunk.x) + self.bias(which)), None


class Penalised(CellStack):
    """A stack whose recurrent weights are drawn to zero, beside the mean loss."""

    def penalty(self):
        return 0.1 * sum(layer.gate.weight.square().sum() for layer in self.layers)


class Smoothing(Network):
    """Exponential smoothing of a projection: a rate that is one number, tied weights, a state in a dict of tuples."""

    def __init__(self, layout, n_params, *, size=3):
        super().__init__(layout, n_params)
        self.rate = nn.Parameter(torch.tensor(0.0))
        self.project, self.again = nn.Linear(layout.input_size, size), nn.Linear(layout.input_size, size)
        self.again.weight = self.project.weight  # tied
        self.readout = nn.Linear(2 * size, self.n_outputs)

    def initial_state(self, n_streams):
        zeros = self.rate.new_zeros(n_streams, self.project.out_features)
        return {"level": zeros, "rest": (zeros, [zeros])}

    def forward(self, chunk, state):
        level, (trend, (slow,)) = state["level"], state["rest"]
        share, outputs = torch.sigmoid(self.rate), []
        for x, reset in zip(chunk.x, chunk.reset, strict=True):
            level, trend, slow = (torch.where(reset[:, None], 0.0, part) for part in (level, trend, slow))
            before, level = level, (1 - share) * level + share * self.project(x)
            trend = 0.5 * trend + 0.5 * (level - before)
            slow = 0.9 * slow + 0.1 * torch.tanh(self.again(x))
            outputs.append(self.readout(torch.cat([level + trend, slow], dim=-1)))
        return self.as_output(torch.stack(outputs)), {"level": level, "rest": (trend, [slow])}


class Memory(NamedTuple):
    """The state of `OneByOne`."""

    hidden: Tensor
    nothing: None = None


class OneByOne(Network):
    """A network that vmap cannot run, for it asks what a number is. Its state is a NamedTuple, a place of it None."""

    side_by_side = False

    def __init__(self, layout, n_params, *, size=3):
        super().__init__(layout, n_params)
        self.cell = nn.Linear(layout.input_size + size, size)
        self.readout = nn.Linear(size, self.n_outputs)

    def initial_state(self, n_streams):
        return Memory(self.cell.weight.new_zeros(n_streams, self.cell.out_features))

    def forward(self, chunk, state):
        hidden, outputs = state.hidden, []
        for x, reset in zip(chunk.x, chunk.reset, strict=True):
            if bool(reset.any()):
                hidden = torch.where(reset[:, None], 0.0, hidden)
            hidden = torch.tanh(self.cell(torch.cat([x, hidden], dim=-1)))
            outputs.append(self.readout(hidden))
        return self.as_output(torch.stack(outputs)), Memory(hidden)


# A name for the test's report, the class, and settings that keep a fit short.
NETWORKS = {
    "rnn": (RecurrentNetwork, {"cell": "rnn", "hidden_size": 4}),
    "lstm": (RecurrentNetwork, {"cell": "lstm", "hidden_size": (5, 3)}),
    "gru": (RecurrentNetwork, {"cell": "gru", "hidden_size": 4, "num_layers": 2}),
    "own features": (OwnFeatures, {}),
    "minimal gated": (CellStack, {"cell": MinimalGated, "hidden_size": (4, 3)}),
    "residual gated": (CellStack, {"cell": ResidualGated, "hidden_size": 4}),
    "window attention": (WindowAttention, {"context": 6}),
    "window perceptron": (WindowPerceptron, {}),
    "series bias": (SeriesBias, {}),
    "penalised": (Penalised, {"hidden_size": 4}),
    "smoothing": (Smoothing, {}),
    "one by one": (OneByOne, {}),
}

CARRIED = [name for name, one in NETWORKS.items() if NetworkSpec.of(*one).context is None]
WINDOWED = [name for name in NETWORKS if name not in CARRIED]
STOCK = [name for name, (network, _) in NETWORKS.items() if network is RecurrentNetwork]


def spec_of(name):
    return NetworkSpec.of(*NETWORKS[name])


def panel(n_obs=(30, 24), seed=0):
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame(
            {
                "unique_id": f"s{k}",
                "ds": pd.date_range("2015", periods=n, freq="MS"),
                "y": 50 + 5 * np.sin(np.arange(n)) + rng.normal(size=n).cumsum(),
            }
        )
        for k, n in enumerate(n_obs)
    ]
    return Panel.from_frame(pd.concat(frames))


def data_of(name, *, double=False, validation_size=0.0, **options):
    windows = {"kind": "windows", "window_length": spec_of(name).context} if name in WINDOWED else {}
    data = StreamDataModule(bptt_length=7, validation_size=validation_size, **windows, **options)
    data.dtype = torch.float64 if double else torch.float32
    data.use(panel())
    return data


def module_of(name, data, **options):
    return NeuralModule(spec_of(name), data.layout, n_members=2, **options)
