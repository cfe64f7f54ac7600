"""What two members that do not learn from the tails of the series find out for those that learn from all of them.

The tail of a series is its latest part, which a forecast needs most; but what is learnt from cannot tell how much was
learnt by heart. So two members are trained without the tails and forecast them; then all are trained anew, on all that
there is (Goodfellow, Bengio & Courville 2016, section 7.8, on what to do with data kept for validation). What remains
of the two is a `HoldoutResult`:

- how far to trust the network. The output is ``S x + c + network(x)``; where the linear start ``S x + c`` and a share w
  of what the network adds forecast the tails best, that is multiplied with w: a forecast is shrunk towards a simpler
  one;
- by how much the residuals of training are too small for intervals.
"""

from typing import NamedTuple

import numpy as np

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.intervals import optimism_of
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.linear_start import LinearStart

_SHARES = np.linspace(0, 1, 21)


class HoldoutResult(NamedTuple):
    """What the tails told.

    Attributes
    ----------
    share : float
        Of what the network adds to the linear start, the share that forecasts best.
    optimism : float, optional
        What residuals of training are to be multiplied with.
    """

    share: float = 1.0
    optimism: float | None = None


NOTHING = HoldoutResult()


def look_back(network: LinearStart, data: StreamDataModule) -> HoldoutResult:
    """What a network trained without the tails tells when it forecasts them."""
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

    share = float(min(_SHARES, key=distance)) if tail.any() else 1.0
    raw[:, :, 0] = linear + share * added
    return HoldoutResult(share, optimism_of(np.abs(target - head.point(raw)), seen & ~tail, tail))
