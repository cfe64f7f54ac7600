"""The holdout fit: members trained without the tails of the series show how accurate a network is on new values.

The tail of a series is its latest part. A forecast should be learnt from it, too, but values that were trained on do
not show how much a network overfits. So two members are trained without the tails and forecast them; then all members
are trained on the whole series (Goodfellow, Bengio & Courville 2016, section 7.8). The result of the holdout fit is:

- ``share``, how far to trust the network. Of the forecasts ``S x + c + w * network(x)`` of the tails, the w with the
  smallest error; the network's part is multiplied by it, which shrinks forecasts towards the linear start;
- ``optimism``, the factor by which residuals of training are too small for intervals.
"""

from typing import NamedTuple

import numpy as np

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.intervals import optimism_of
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.options import Start

_SHARES = np.linspace(0, 1, 21)


class HoldoutResult(NamedTuple):
    """Result of a holdout fit.

    Attributes
    ----------
    share : float
        Factor of the network's part of the output with the smallest error.
    optimism : float, optional
        Factor of the residuals of training.
    """

    share: float = 1.0
    optimism: float | None = None


NO_HOLDOUT = HoldoutResult()


def holdout_result(network: LinearStart, data: StreamDataModule, start: Start = "linear") -> HoldoutResult:
    """The result of a holdout fit: a network trained without the tails forecasts them.

    A network without a linear start is all there is, so that nothing is known to shrink it towards: its share is 1.
    """
    assert data.panel is not None
    head, target = head_of(data.decoding.loss), data.inputs.target
    raw = decode.run_history(network, data.inputs.x, data.panel.lengths, series=data.series_numbers).output
    raw = raw.reshape(len(raw), -1, head.n_params)  # (n_obs, horizon, n_params)
    linear = network.linear_of(data.inputs.x)[:, :: head.n_params]
    added = raw[:, :, 0] - linear
    seen = ~np.isnan(target)
    tail = seen & data.is_kept
    ends = raw[tail]  # (n_tail, n_params)

    def distance(share: float) -> float:
        ends[:, 0] = linear[tail] + share * added[tail]
        return float(np.abs(target[tail] - head.point(ends)).mean())

    share = float(min(_SHARES, key=distance)) if tail.any() and start == "linear" else 1.0
    raw[:, :, 0] = linear + share * added
    return HoldoutResult(share, optimism_of(np.abs(target - head.point(raw)), seen & ~tail, tail))
