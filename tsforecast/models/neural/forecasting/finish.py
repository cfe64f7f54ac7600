"""finish: from a network just trained to `Trained`, with the spread of its residuals and its states at series' ends."""

from torch import Tensor
from torch.utils._pytree import tree_leaves

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.holdout import NO_HOLDOUT, HoldoutResult
from tsforecast.models.neural.forecasting.intervals import learn_spread
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.networks.precise import precise
from tsforecast.models.neural.prepare.features import inputs_of
from tsforecast.series.differencing import accumulate

_MOST_KEPT = 4_000_000  # numbers of the state at the ends of the training series


def finish(network: LinearStart, data: StreamDataModule, holdout: HoldoutResult = NO_HOLDOUT) -> Trained:
    """A network just trained on these data as `Trained`, with the spread of its residuals (see `learn_spread`).

    The network's part of the output is multiplied by the share that the holdout fit found.
    """
    network.shrink(holdout.share)
    panel = data.panel
    window = None if network.context is not None else data.window  # a network of windows needs no window here
    assert panel is not None
    learnt_from = data.learnt_from
    assert learnt_from is not None
    lengths = panel.lengths
    head = head_of(data.decoding.loss)
    numbers = data.series_numbers
    history = decode.run_history(network, data.inputs.x, lengths, series=numbers)
    output = head.point(history.output.reshape(len(history.output), -1, head.n_params))  # (n_obs, horizon)
    residual = accumulate(data.inputs.target - output, data.prepared.lag)
    spread = learn_spread(residual, data.is_kept, lengths, data.prepared.reverting, holdout.optimism)
    ends = None
    if panel.covariates is None and _n_numbers(history.state) <= _MOST_KEPT:
        inputs, wide = data.inputs, precise(network)
        if data.n_kept.any() or window is not None:
            inputs = inputs_of(learnt_from, data.prepared, data.layout, targets=False)
        if inputs is not data.inputs or wide is not network:
            history = decode.run_history(wide, inputs.x, lengths, window, series=numbers, ends_only=True)
        ends = decode.ends_of(panel, inputs, history)
    share = holdout.share if network.has_weights else 0.0
    return Trained(network, data.prepared, data.layout, spread, data.preparation, data.decoding, window, ends, share)


def _n_numbers(state: State) -> int:
    """Number of elements of a state."""
    return sum(leaf.numel() for leaf in tree_leaves(state) if isinstance(leaf, Tensor))
