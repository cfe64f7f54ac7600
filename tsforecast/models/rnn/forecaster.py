"""RNN, LSTM and GRU: the estimator faces."""

from typing import Any

import numpy as np
import torch

from tsforecast._types import Floats, Ints
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.models.rnn import decode
from tsforecast.models.rnn.cells import CellName
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.inputs import Inputs, inputs_of, layout_of
from tsforecast.models.rnn.intervals import Spread, learn_spread
from tsforecast.models.rnn.learner import Plan, quiet_torch, tables_of, train
from tsforecast.models.rnn.module import NonFiniteLossError
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.options import Decoding, Training, group_of
from tsforecast.models.rnn.preparation import Preparation, Prepared, concatenate, prepare
from tsforecast.models.rnn.season import phases_of
from tsforecast.panel import Panel

_FEWEST = 8  # observations of a series


class _Recurrent(BaseForecaster):
    """What RNN, LSTM and GRU share: everything but the cell."""

    handles_missing = True
    uses_covariates = True
    _cell: CellName

    def __init__(
        self,
        hidden_size: int = 32,
        num_layers: int = 1,
        *,
        dropout: float = 0.0,
        season_length: int | None = None,
        bptt_length: int | None = None,
        lr: float = 0.01,
        max_epochs: int | None = None,
        n_members: int = 4,
        decoding: Decoding | dict[str, Any] | None = None,
        preparation: Preparation | dict[str, Any] | None = None,
        training: Training | dict[str, Any] | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.season_length = season_length
        self.bptt_length = bptt_length
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_members = n_members
        self.decoding = decoding
        self.preparation = preparation
        self.training = training
        self.random_state = random_state

    @property
    def is_global(self) -> bool:
        """Whether one network is learnt from all series together."""
        return group_of(Training, "training", self.training).scope == "global"

    def _fit(self, panel: Panel) -> None:
        training = group_of(Training, "training", self.training)
        decoding = group_of(Decoding, "decoding", self.decoding)
        preparation = group_of(Preparation, "preparation", self.preparation)
        self._check(panel)
        season = self.season_length or panel.season_length
        horizon, ahead = self._horizon(season)
        self.prepared_ = prepare(panel, preparation, season, ahead)
        self.layout_ = layout_of(panel, season, preparation.n_fourier, horizon)
        inputs = inputs_of(panel, self.prepared_, self.layout_)
        n_kept = np.floor(training.validation_size * panel.lengths).astype(np.int64)
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        bptt_length = self.bptt_length or max(season, 24)
        head = PointHead(decoding.loss)
        tables = tables_of(inputs.x, inputs.target, n_kept, panel.lengths, torch.float32)
        with quiet_torch(seed):
            self.networks_ = []
            for own in self._groups(panel):
                network = self._network(len(own) * self.n_members, horizon)
                plan = Plan(panel.indptr[:-1], panel.lengths, own, bptt_length, self.max_epochs, self.lr, seed)
                try:
                    train(network, head, tables, n_kept, plan, training)
                except NonFiniteLossError as error:
                    i = int(np.searchsorted(panel.indptr, error.row, side="right")) - 1
                    raise FitError(
                        f"Series {panel.ids[i]!r}: the loss is not finite at step {error.step}.",
                        failures={str(panel.ids[i]): f"the loss is not finite at step {error.step}"},
                    ) from error
                self.networks_.append(network)
            self.spread_ = self._spread(inputs, panel.lengths, n_kept)

    def _spread(self, inputs: Inputs, lengths: Ints, n_kept: Ints) -> Spread:
        output = decode.warm_up(self.networks_[0], inputs.x, lengths).output.mean(axis=0)
        position = np.concatenate([np.arange(n) for n in lengths])[:, None] + np.arange(1, output.shape[1] + 1)
        kept = position >= np.repeat(lengths - n_kept, lengths)[:, None]
        return learn_spread(inputs.target - output, kept, lengths)

    def _groups(self, panel: Panel) -> list[list[Ints]]:
        return [[np.arange(panel.n_series)]]

    def _network(self, n_members: int, horizon: int) -> RecurrentNetwork:
        return RecurrentNetwork(
            self._cell,
            self.layout_.input_size,
            self.hidden_size,
            self.num_layers,
            horizon,
            n_members=n_members,
            dropout=self.dropout,
        )

    def _check(self, panel: Panel) -> None:
        for name in ("hidden_size", "num_layers", "n_members"):
            if int(getattr(self, name)) < 1:
                raise ParameterError(f"{name}={getattr(self, name)!r} is not a whole number, at least 1.")
        short = panel.lengths < _FEWEST
        if short.any():
            i = int(np.argmax(short))
            raise SeriesTooShortError(
                f"Series {panel.ids[i]!r} has {panel.lengths[i]} observations; "
                f"{type(self).__name__} needs at least {_FEWEST}."
            )

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        prepared, spread = self._learnt(panel)
        inputs = inputs_of(panel, prepared, self.layout_, X)
        ends = panel.indptr[1:] - 1
        known = self._known_after(panel, horizon, X)
        ahead = decode.Ahead(prepared, inputs.local, inputs.level[ends], inputs.scale[ends], known)
        with quiet_torch(0):
            warm = decode.warm_up(self.networks_[0], inputs.x, panel.lengths)
            u = decode.direct(self.networks_[0], warm, ahead, horizon)
            around = self._quantiles(u, warm, ahead, levels, spread)
        phases = self._phases_after(panel, horizon)
        season = prepared.season[np.arange(panel.n_series)[:, None], phases]
        mean = prepared.transform.invert_quantiles(u + season, panel.ids)
        quantiles = prepared.transform.invert_quantiles(around + season[:, :, None], panel.ids)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _learnt(self, panel: Panel) -> tuple[Prepared, Spread]:
        """What is known of the series of ``panel``; of a new one, what its history tells."""
        if panel is getattr(self, "panel_", None):
            return self.prepared_, self.spread_
        ids = self.prepared_.transform.ids
        found = ids.get_indexer(panel.ids)
        new = np.flatnonzero(found < 0)
        prepared = self.prepared_
        if new.size:
            options = group_of(Preparation, "preparation", self.preparation)
            fresh = prepare(
                panel.take(new), options, self.layout_.season_length, self._horizon(self.layout_.season_length)[1]
            )
            prepared = concatenate(prepared, fresh)
        place = found.astype(np.int64)
        place[new] = len(ids) + np.arange(new.size)
        return prepared.take(place), self.spread_.take(found)

    def _horizon(self, season_length: int) -> tuple[int, int]:
        """Steps that one output covers, and steps that a forecast is thought to be asked for."""
        decoding = group_of(Decoding, "decoding", self.decoding)
        ahead = decoding.horizon or int(np.clip(1.5 * season_length, 12, 48))
        return (ahead if decoding.kind == "direct" else 1), ahead

    def _quantiles(self, u: Floats, warm: decode.Warm, ahead: decode.Ahead, levels: Floats, spread: Spread) -> Floats:
        """Quantiles of u: ``(n_series, horizon, n_levels)``."""
        if levels.size == 0:
            return np.empty((*u.shape, 0))
        decoding = group_of(Decoding, "decoding", self.decoding)
        if decoding.kind == "direct":
            sizes = spread.sizes(u.shape[1], ahead.prepared.reverting)
            return u[:, :, None] + ahead.scale[:, None, None] * spread.quantiles(sizes, levels)
        n_paths = -(-decoding.n_samples // self.n_members)
        rng = np.random.default_rng(np.random.SeedSequence(self.random_state))
        count = (self.n_members, u.shape[0], n_paths, u.shape[1])
        shocks = spread.shocks(spread.size[:, :1, None], count, rng)
        paths = decode.sample_paths(self.networks_[0], warm, ahead, shocks)
        return np.quantile(paths, levels, axis=1).transpose(1, 2, 0)

    def _phases_after(self, panel: Panel, n_steps: int) -> Ints:
        season = self.layout_.season_length
        last = phases_of(panel.last_times, panel.freq, season)
        return (last[:, None] + np.arange(1, n_steps + 1)) % season

    def _known_after(self, panel: Panel, horizon: int, X: Floats | None) -> Floats:
        phases = self._phases_after(panel, horizon + 1)
        n_features, block = self.layout_.centre.size, self.layout_.horizon
        table = np.full((panel.n_series, horizon + block + 1, n_features), np.nan)
        if X is not None:
            table[:, :horizon] = X
        steps = [
            self.layout_.known(panel.lengths + k, phases[:, k + 1], table[:, k + 1 : k + 1 + block])
            for k in range(horizon)
        ]
        return np.stack(steps)


class RNN(_Recurrent):
    """Elman's recurrent network."""

    _cell: CellName = "rnn"


class LSTM(_Recurrent):
    """Long short-term memory."""

    _cell: CellName = "lstm"


class GRU(_Recurrent):
    """Gated recurrent units."""

    _cell: CellName = "gru"
