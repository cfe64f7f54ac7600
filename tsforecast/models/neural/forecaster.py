"""RNN, LSTM, GRU and NeuralForecaster: the estimators."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from tsforecast._bounds import Bounds
from tsforecast._classes import find_class
from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.base import NeuralBase
from tsforecast.models.neural.checks import check_network
from tsforecast.models.neural.forecasting.checkpoint import load_checkpoint
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.options import Decoding, Start, Training
from tsforecast.models.neural.prepare.preparation import Preparation


class LSTM(NeuralBase):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), stacked, trained by truncated BPTT.

    Series lie in parallel streams; a batch is chunk k of every stream; the state is carried, detached, from chunk to
    chunk and reset where a stream begins a new series (see docs/bptt.md). The network sees each value relative to the
    level and scale at its step, the values before it, its place in the season and its age, and the covariates of the
    steps ahead. Training starts from a linear autoregression; the recurrent part learns what that leaves.

    Parameters
    ----------
    hidden_size : int or tuple of int
        Units of every layer, or of each: ``(64, 32)``.
    num_layers : int
        Layers stacked, where ``hidden_size`` is one number.
    dropout : float
        Share of outputs dropped after each layer, in training.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    bptt_length : int, optional
        Steps between two cuts of the gradient. Where it is None one season and at least 24, so that the gradient
        reaches the same place of the season before; two seasons where a season is a day.
    lr : float
        Largest learning rate of the one-cycle schedule.
    max_epochs : int, optional
        Passes over the panel; where it is None, as many as `Training.max_steps` needs.
    n_members : int
        Networks from different seeds, trained side by side; their forecasts are averaged.
    start : {"linear", "zero"}
        ``"linear"``: a linear autoregression (that of `LinearAR`) is fitted first and kept, and the network learns what
        it leaves; a share of the network's output is added to it (see ``share_``). ``"zero"``: there is no linear path,
        only the network, whose output is zero at first (the level at the end and the season) and is used whole.
    decoding : Decoding, or mapping of its fields, optional
        One output for many steps (default), or steps fed back one by one.
    preparation : Preparation, or mapping of its fields, optional
        Transform, season and level of the series.
    training : Training, or mapping of its fields, optional
        Optimiser, clipping, validation tail, early stopping; one network for all series or one for each.
    random_state : int or None
        Seed of everything random: weights, order of series, sampled paths. The same gives identical forecasts.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    trained_ : list of Trained
        One trained network for all series, or one for each.
    share_ : float, or Series by name with ``scope="per_series"``
        How much of the recurrent output is used; `decompose` shows what that makes of a forecast.

    Examples
    --------
    >>> from tsforecast import Training, load
    >>> airline = load("airline").series
    >>> forecast = LSTM(max_epochs=2).fit(airline.iloc[:-12]).predict(12, level=80)
    >>> list(forecast.columns), len(forecast)
    (['mean', 'lo-80', 'hi-80'], 12)

    Options that are seldom changed are in three groups, `Decoding`, `Preparation` and `Training`; each is given as
    such, or as a mapping of the fields that differ from the defaults:

    >>> model = LSTM(decoding={"loss": "quantile"}, training=Training(max_steps=20, validation_size=0.2))
    >>> len(model.fit(airline).predict(24))
    24
    """

    _cell: CellName = "lstm"


class GRU(NeuralBase):
    """Gated recurrent units (Cho et al. 2014); parameters and attributes are those of `LSTM`.

    Examples
    --------
    >>> from tsforecast.data.catalog import load
    >>> len(GRU(max_epochs=2).fit(load("airline").series).predict(12))
    12
    """

    _cell: CellName = "gru"


class RNN(NeuralBase):
    """The simple recurrent network of Elman (1990); parameters and attributes are those of `LSTM`.

    Examples
    --------
    >>> from tsforecast.data.catalog import load
    >>> len(RNN(max_epochs=2, num_layers=2).fit(load("airline").series).predict(12))
    12
    """

    _cell: CellName = "rnn"


class NeuralForecaster(NeuralBase):
    """A forecaster with any `Network`, prepared, trained and decoded as `LSTM` is.

    A network with a carried state is trained by truncated backpropagation through time; a network that sees windows is
    trained on windows of its own length. See ``docs/add_a_network.md``.

    Parameters
    ----------
    network : type of Network, type of Cell or str
        A cell is put into a `CellStack`, a stack of layers of it. A configuration names a class by its import path,
        ``tsforecast.models.neural.networks.minimal_gated.MinimalGated``, or ``my_module:MyNetwork``.
    settings : mapping, optional
        Keyword arguments of the network: ``hidden_size``, ``dropout`` and so on.
    season_length, bptt_length, lr, max_epochs, n_members, start, decoding, preparation, training, random_state, \
nonnegative, bounds
        See `LSTM`.

    Attributes
    ----------
    trained_ : list of Trained
        One trained network for all series, or one for each.
    share_ : float, or Series by name with ``scope="per_series"``
        How much of the network's output is used.

    Examples
    --------
    >>> from tsforecast import load
    >>> from tsforecast.models.neural.networks.minimal_gated import MinimalGated
    >>> model = NeuralForecaster(MinimalGated, {"hidden_size": (8, 4)}, n_members=2, max_epochs=1)
    >>> len(model.fit(load("airline").series).predict(12))
    12
    """

    search_space: ClassVar = {"lr": (0.003, 0.01, 0.03)}

    def __init__(
        self,
        network: type[Network] | type[Cell] | str = CellStack,
        settings: Mapping[str, Any] | None = None,
        *,
        season_length: int | None = None,
        bptt_length: int | None = None,
        lr: float = 0.01,
        max_epochs: int | None = None,
        n_members: int = 8,
        start: Start = "linear",
        decoding: Decoding | dict[str, Any] | None = None,
        preparation: Preparation | dict[str, Any] | None = None,
        training: Training | dict[str, Any] | None = None,
        random_state: int | None = 0,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.network = network
        self.settings = settings
        self.season_length = season_length
        self.bptt_length = bptt_length
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_members = n_members
        self.start = start
        self.decoding = decoding
        self.preparation = preparation
        self.training = training
        self.random_state = random_state
        self.nonnegative = nonnegative
        self.bounds = bounds

    @classmethod
    def from_checkpoint(cls, path: str | Path, own: Sequence[type] = ()) -> Self:
        """The forecaster that a checkpoint of a `NeuralModule` holds, ready to predict.

        Parameters
        ----------
        path : str or Path
        own : sequence of type
            Networks and cells of your own that the file may name; it can name those of this package.

        Raises
        ------
        MissingFileError
            There is no such file.
        DataError
            It holds no network, or one that it may not name.
        """
        loaded = load_checkpoint(path, own)
        return cls._of_checkpoint(loaded, {"network": loaded.spec.network, "settings": dict(loaded.spec.settings)})

    @property
    def _spec(self) -> NetworkSpec:
        settings = {name: _named_class(value) for name, value in (self.settings or {}).items()}
        network = _named_class(self.network)
        if issubclass(network, Network):
            return NetworkSpec.of(network, settings)
        return NetworkSpec.of(CellStack, {"cell": network} | settings)

    def _check_network(self) -> None:
        network = _named_class(self.network)
        if not isinstance(network, type) or not issubclass(network, (Network, Cell)):
            raise ParameterError(f"network={self.network!r} is neither a class of Network nor one of Cell.")
        if self.settings is not None and not isinstance(self.settings, Mapping):
            raise ParameterError(f"settings={self.settings!r} is no mapping of the network's arguments.")
        known = list(inspect.signature(self._spec.network).parameters)[2:]  # after layout and n_params
        unknown = [name for name, _ in self._spec.settings if name not in known]
        if unknown:
            raise ParameterError(f"{self._spec.network.__name__} has no argument {unknown[0]!r}; it has {known}.")
        usual = {"hidden_size": 32, "num_layers": 1, "dropout": 0.0}
        shape = {name: dict(self._spec.settings).get(name, default) for name, default in usual.items()}
        check_network(**shape, n_members=self.n_members, lr=self.lr)


def _named_class(value: Any) -> Any:
    """The class that an import path names, any other value as it is."""
    return find_class(value) if isinstance(value, str) and ("." in value or ":" in value) else value
