"""RNN, LSTM and GRU: the estimator faces."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.containers import to_panel
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.models.rnn import checkpoint
from tsforecast.models.rnn.cells import CellName
from tsforecast.models.rnn.datamodule import StreamDataModule
from tsforecast.models.rnn.learner import quiet_torch, train
from tsforecast.models.rnn.module import RecurrentModule
from tsforecast.models.rnn.options import Decoding, Training, group_of
from tsforecast.models.rnn.preparation import Preparation
from tsforecast.models.rnn.trained import Trained, finish
from tsforecast.panel import Panel


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
        n_members: int = 8,
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

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """The forecaster that a run of ``tsforecast train fit`` saved, ready to predict.

        Raises
        ------
        MissingFileError
            There is no such file.
        DataError
            It holds no network of this kind.
        """
        trained, panel, shape = checkpoint.load(path)
        if shape["cell"] != cls._cell:
            raise DataError(f"{str(path)!r} holds a network of cell {shape['cell']!r}, not {cls._cell!r}.")
        kept = ("hidden_size", "num_layers", "dropout", "n_members", "bptt_length")
        model = cls(
            **{name: shape[name] for name in kept},
            season_length=trained.layout.season_length,
            decoding=trained.decoding,
            preparation=trained.preparation,
        )
        model.trained_ = [trained]
        model.panel_, model._container = to_panel(panel)
        return model

    def _fit(self, panel: Panel) -> None:
        self._check()
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        parts = [panel] if self.is_global else [panel.take([i]) for i in range(panel.n_series)]
        with quiet_torch(seed):
            self.trained_ = [self._train(part, seed) for part in parts]

    def _train(self, panel: Panel, seed: int) -> Trained:
        training = group_of(Training, "training", self.training)
        data = StreamDataModule(
            season_length=self.season_length,
            bptt_length=self.bptt_length,
            batch_size=training.batch_size,
            validation_size=training.validation_size,
            decoding=group_of(Decoding, "decoding", self.decoding),
            preparation=group_of(Preparation, "preparation", self.preparation),
            random_state=seed,
        )
        data.use(panel)
        module = RecurrentModule(
            self._cell,
            data.input_size,
            data.horizon,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            dropout=self.dropout,
            n_members=self.n_members,
            loss=data.decoding.loss,
            lr=self.lr,
            training=training,
            random_state=seed,
        )
        train(module, data, training, self.max_epochs)
        return finish(module.network, data)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        with quiet_torch(seed):
            if self.is_global:
                return self.trained_[0].forecast(panel, horizon, X, levels, seed)
            place = self.panel_.positions(panel.ids)
            parts = [
                self.trained_[k].forecast(panel.take([i]), horizon, None if X is None else X[i : i + 1], levels, seed)
                for i, k in enumerate(place)
            ]
        mean = np.concatenate([part.mean for part in parts])
        quantiles = np.concatenate([part.quantiles for part in parts])
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _check(self) -> None:
        for name in ("hidden_size", "num_layers", "n_members", "season_length", "bptt_length", "max_epochs"):
            value = getattr(self, name)
            optional = name in ("season_length", "bptt_length", "max_epochs")
            if not (value is None and optional) and (not isinstance(value, (int, np.integer)) or value < 1):
                raise ParameterError(f"{name}={value!r} is not a whole number, at least 1.")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout={self.dropout!r} is not a share, 0 <= dropout < 1.")
        if not self.lr > 0:
            raise ParameterError(f"lr={self.lr!r} is not a positive learning rate.")


class RNN(_Recurrent):
    """Elman's recurrent network."""

    _cell: CellName = "rnn"


class LSTM(_Recurrent):
    """Long short-term memory."""

    _cell: CellName = "lstm"


class GRU(_Recurrent):
    """Gated recurrent units."""

    _cell: CellName = "gru"
