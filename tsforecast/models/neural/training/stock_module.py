"""The module of a stock recurrent stack, as a configuration of ``tsforecast train`` describes it."""

from tsforecast.models.neural.checks import check_network
from tsforecast.models.neural.heads import LossName
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.options import Start, Training
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.seeds import seed_of
from tsforecast.models.neural.training.module import NeuralModule


def recurrent_module(
    cell: CellName,
    input_size: int,
    horizon: int,
    *,
    hidden_size: int | tuple[int, ...] = 32,
    num_layers: int = 1,
    dropout: float = 0.0,
    n_members: int = 8,
    loss: LossName = "balanced",
    lr: float = 0.01,
    training: Training | None = None,
    start: Start = "linear",
    random_state: int = 0,
) -> NeuralModule:
    """The module of a stock recurrent stack, as a configuration of ``tsforecast train`` describes it.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    input_size, horizon : int
        Of the data: ``data.input_size`` and ``data.horizon``.
    hidden_size, num_layers, dropout
        See `RecurrentNetwork`.
    n_members, loss, lr, training, start
        See `NeuralModule`.
    random_state : int
        With that of the data, it gives the weights that an estimator with this ``random_state`` gets.

    Raises
    ------
    ParameterError
        A network cannot be of this shape, or learn at this rate.
    """
    check_network(hidden_size, num_layers, dropout, n_members, lr)
    settings = {"cell": cell, "hidden_size": hidden_size, "num_layers": num_layers, "dropout": dropout}
    return NeuralModule(
        NetworkSpec.of(RecurrentNetwork, settings),
        FeatureLayout.plain(input_size, horizon),
        n_members=n_members,
        loss=loss,
        lr=lr,
        training=training,
        start=start,
        seed=seed_of(random_state),
    )
