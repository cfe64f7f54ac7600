"""How far back a trained network looks: the gradient of its outputs with respect to its inputs k steps earlier."""

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats
from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.prepare.features import inputs_of
from tsforecast.panel import Panel

_MOST_SERIES, _MOST_LAGS = 32, 200
_MOST_DIRECTIONS = 64  # outputs that are looked at one by one; of more, as many random directions


def gradient_by_lag(trained: Trained, panel: Panel) -> Floats:
    """Norm of the gradient of the network's outputs at the end of a series by its inputs at each lag: ``(n_lags,)``.

    Lag 0 is the last step. The outputs are those of the recurrent layers (of another network its outputs), whatever
    share of them the forecast takes; the linear autoregression is left out. The norm is the Frobenius norm of the
    Jacobian (of over 64 outputs estimated by random projections: Hutchinson 1990), a mean over members and over at most
    32 series. Where gradients vanish it falls by a factor with each lag (Pascanu, Mikolov & Bengio 2013).

    Parameters
    ----------
    trained : Trained
    panel : Panel
        Series that the network was trained on. There are as many lags as the shortest has steps, at most 200, and at
        most those of a window where the network sees windows.

    Examples
    --------
    >>> from tsforecast import LSTM, load
    >>> model = LSTM(max_epochs=2).fit(load("airline").series)
    >>> norms = gradient_by_lag(model.trained_[0], model.panel_)
    >>> norms.shape, bool((norms > 0).all())
    ((144,), True)
    """
    some = panel.take(np.unique(np.linspace(0, panel.n_series - 1, _MOST_SERIES).astype(np.int64)))
    inputs = inputs_of(
        some, trained.prepared.take(trained.prepared.transform.ids.get_indexer(some.ids)), trained.layout
    )
    n_steps = min(int(some.lengths.min()), _MOST_LAGS, trained.window or _MOST_LAGS)
    n_steps = min(n_steps, trained.network.context or n_steps)
    rows = some.indptr[1:] - n_steps + np.arange(n_steps)[:, None]  # (n_steps, n_series)
    dtype, n_members = trained.network.slopes.dtype, trained.network.n_members
    x = torch.as_tensor(inputs.x[rows], dtype=dtype).expand(n_members, -1, -1, -1).clone().requires_grad_()
    reset = torch.zeros(1, *rows.shape, dtype=torch.bool)
    reset[:, 0] = True
    numbers = torch.as_tensor(np.broadcast_to(_numbers(trained, some), rows.shape).copy())[None]
    features, _ = trained.network.members.features(Chunk(x, reset, numbers))
    return _mean_norms(features[:, -1], x)


def _mean_norms(last: Tensor, x: Tensor) -> Floats:
    """Norms of the Jacobian of ``last``, (n_members, n_series, size), by x at each step, the last step first."""
    last = last.flatten(2)
    directions = torch.eye(last.shape[2])
    if last.shape[2] > _MOST_DIRECTIONS:
        signs = torch.randint(0, 2, (_MOST_DIRECTIONS, last.shape[2]), generator=torch.Generator().manual_seed(0))
        directions = (2.0 * signs - 1.0) / _MOST_DIRECTIONS**0.5
    squares = torch.zeros(x.shape[:3], dtype=torch.float64)
    for direction in directions.to(last):
        (found,) = torch.autograd.grad((last @ direction).sum(), x, retain_graph=True)
        squares += (found.double() ** 2).sum(dim=3)
    norms: Floats = torch.sqrt(squares).mean(dim=(0, 2)).flip(0).numpy()
    return norms


def _numbers(trained: Trained, panel: Panel) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    found = trained.prepared.transform.ids.get_indexer(panel.ids).astype(np.int64)
    return found if trained.layout.n_series else np.full_like(found, UNKNOWN)
