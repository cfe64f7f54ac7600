"""What each block of a network's inputs does to its forecasts, and how far back it looks."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from tsforecast._types import Bools, Floats, Ints
from tsforecast._value_groups import OLDER, value_groups
from tsforecast.explanation import LookBack, covariate_label
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.prepare.features import FeatureLayout, inputs_of
from tsforecast.models.neural.prepare.fitted import N_PLAIN
from tsforecast.panel import Panel
from tsforecast.panel.categories import category_of
from tsforecast.series.box_cox import box_cox, inverse_box_cox, slope_at
from tsforecast.series.differencing import accumulate

CALENDAR, STATIC = "place in the season", "static features"
_MOST_STEPS = 200  # at the end of a series that are looked at one by one; those before are a block
_N_POINTS = 16  # of the quadrature
_EACH = 24  # numbers of last values that are all tried, where a season is shorter; then every third, and so on
_SMALL = 1e-6  # of the scale of the series: a change so small moves the forecast by the slope of the transform


class _Ending(NamedTuple):
    """The last steps of one series as a network sees them.

    ``x`` is ``(n_steps, input_size)``, ``usual`` the same with every input at its usual value, ``back`` how many steps
    back the value lies that an input is made of, 0 where it is of none: ``(n_steps, input_size)``. ``before`` is the
    state before these steps, ``plain`` that with past values at the level; ``lmbda`` is that of the transform.
    """

    x: Floats
    usual: Floats
    back: Ints
    before: State
    plain: State
    number: int
    scale: float
    lmbda: np.float64


def effects(trained: Trained, panel: Panel, X: Floats | None, mean: Floats) -> tuple[dict[str, Floats], LookBack]:
    """What each block of inputs moves forecasts by, and how far these are from their own with the last values only.

    Blocks share out the difference between the network's output and that at usual inputs by integrated gradients
    (Sundararajan, Taly & Yan 2017, equation 1), of the linear autoregression and the network together; the integral is
    one of Gauss and Legendre. Usual are past values at the level, covariates at their mean in training, and no place in
    the season. A difference on the scale of a transform is shared out in proportion in the unit of the series.

    Parameters
    ----------
    trained : Trained
    panel : Panel
        One series.
    X : ndarray, shape (1, horizon, n_features), or None
    mean : ndarray, shape (horizon,)
        Forecasts of it.

    Returns
    -------
    dict of str to ndarray, each (n_steps,)
        Of the steps that one output covers, at most those of ``mean``.
    LookBack
        Of the same steps.
    """
    end = _ending(trained, panel, X)
    n_out = min(mean.size, trained.layout.horizon)
    shares, older = _integrated(trained, end, n_out)  # (n_out, n_steps, input_size), (n_out,)
    moved = {name: np.zeros(n_out) for name in _block_names(trained.layout, panel)}
    moved[OLDER] += older
    for h in range(n_out):
        for name, cells in _blocks(trained.layout, panel, end.back, h + 1).items():
            moved[name][h] += shares[h][cells].sum()
    lag, unit = trained.prepared.lag, _Unit(end.lmbda, mean[:n_out], end.scale)
    moved = {name: accumulate(values[None] * end.scale, lag)[0] for name, values in moved.items()}
    factor = unit.factor(np.sum(list(moved.values()), axis=0))
    kept, outputs = _outputs_by_kept(trained, end, n_out)
    differences = accumulate((outputs - outputs[-1]) * end.scale, lag)
    changes = np.abs(unit.moved(-differences)).mean(axis=1)
    return {name: values * factor for name, values in moved.items()}, LookBack(kept, changes[None])


def joined_look_backs(of_series: list[LookBack]) -> LookBack:
    """Those of several series as one, at all numbers of values that were tried; each holds up to the next.

    Examples
    --------
    >>> one, two = np.array([[4.0, 2.0, 0.0]]), np.array([[6.0, 0.0]])
    >>> joined_look_backs([LookBack(np.array([0, 1, 3]), one), LookBack(np.array([0, 2]), two)]).change
    array([[4., 2., 2., 0.],
           [6., 6., 0., 0.]])
    """
    kept = np.unique(np.concatenate([one.kept for one in of_series]))
    rows = [one.change[0, np.searchsorted(one.kept, kept, side="right") - 1] for one in of_series]
    return LookBack(kept, np.stack(rows))


class _Unit(NamedTuple):
    """Turns differences on the scale of a transform into differences of forecasts in the unit of the series."""

    lmbda: np.float64
    mean: Floats
    scale: float

    def moved(self, difference: Floats) -> Floats:
        """Forecasts less what they are without the difference: ``(..., n_out)``, same shape."""
        if np.isnan(self.lmbda):
            return difference
        with np.errstate(all="ignore"):
            moved = self.mean - inverse_box_cox(box_cox(self.mean, self.lmbda) - difference, self.lmbda)
            slope = 1 / slope_at(self.mean, self.lmbda)
        small = np.abs(difference) < _SMALL * self.scale
        return np.where(small | ~np.isfinite(moved), difference * np.nan_to_num(slope, posinf=0.0), moved)

    def factor(self, total: Floats) -> Floats:
        """What one unit of a difference is worth: ``(n_out,)``."""
        least = _SMALL * self.scale
        total = np.where(np.abs(total) < least, least, total)
        return self.moved(total) / total


def _ending(trained: Trained, panel: Panel, X: Floats | None) -> _Ending:
    prepared, number, history = trained.seen(panel)
    layout, network = trained.layout, trained.network
    inputs = inputs_of(history, prepared, layout, X, targets=False)
    whole = inputs.x
    usual = _usual(layout, whole)
    n_steps = min(len(whole), trained.window or len(whole), network.context or len(whole))
    n_seen = n_steps if trained.window or network.context else len(whole)
    n_steps = n_steps if network.context else min(n_steps, _MOST_STEPS)
    cut = len(whole) - n_steps
    earlier = whole[len(whole) - n_seen : cut]
    plain = earlier.copy()
    plain[:, layout.past] = usual[len(whole) - n_seen : cut, layout.past]
    before, flat = (_state_after(trained, part, number) for part in (earlier, plain))
    return _Ending(
        whole[cut:], usual[cut:], _steps_back(layout, n_steps), before, flat, number, float(inputs.scale[-1]),
        prepared.transform.lambdas[0],
    )  # fmt: skip


def _usual(layout: FeatureLayout, x: Floats) -> Floats:
    """Inputs of the same steps with values at the level, covariates and static values at their mean, no calendar."""
    usual = np.zeros_like(x)
    plain = np.arange(layout.n_past) % (N_PLAIN + layout.n_lags)
    usual[:, : layout.n_past][:, plain == N_PLAIN - 1] = x[:, : layout.n_past][:, plain == N_PLAIN - 1]  # observed
    usual[:, layout.age] = x[:, layout.age]
    return usual


def _steps_back(layout: FeatureLayout, n_steps: int) -> Ints:
    """How many steps back the value of each input lies: ``(n_steps, input_size)``; 0 where it is of no value."""
    column = np.arange(layout.n_past) % (N_PLAIN + layout.n_lags)
    older = np.maximum(column - N_PLAIN + 1, 0)  # the first lag is the value before
    back = np.zeros((n_steps, layout.input_size), dtype=np.int64)
    back[:, : layout.n_past] = np.arange(n_steps, 0, -1)[:, None] + older
    return back


def _block_names(layout: FeatureLayout, panel: Panel) -> list[str]:
    return list(_blocks(layout, panel, np.zeros((1, layout.input_size), dtype=np.int64), 1))


def _blocks(layout: FeatureLayout, panel: Panel, back: Ints, step: int) -> dict[str, Bools]:
    """The inputs of each block: ``(n_steps, input_size)`` each."""
    values = back > 0
    found = {name: rows & values for name, rows in value_groups(back, step, layout.season_length).items()}

    def columns(which: slice) -> Bools:
        chosen = np.zeros_like(values)
        chosen[:, which] = True
        return chosen

    if layout.periods:
        found[CALENDAR] = columns(layout.calendar)
    if layout.static_code.size:
        found[STATIC] = columns(layout.static)
    taken = set(found)
    ahead, past = layout.known_ahead, layout.past_only.start
    places = [slice(ahead.start + k, ahead.stop, layout.centre.size) for k in range(len(panel.covariate_names))]
    places += [slice(past + k, past + k + 1) for k in range(len(panel.past_names))]
    for name, place in zip((*panel.covariate_names, *panel.past_names), places, strict=True):
        label = covariate_label(category_of(name, panel.levels), taken)
        found[label] = found.get(label, False) | columns(place)
    return found


@torch.no_grad()
def _state_after(trained: Trained, x: Floats, number: int) -> State:
    """The state after these steps, of one stream; None where a network sees a window only."""
    network = trained.network
    if network.context is not None:
        return None
    state = network.initial_state(1)
    if len(x) == 0:
        return state
    reset = torch.zeros(1, len(x), 1, dtype=torch.bool)
    reset[:, 0] = True
    given = torch.as_tensor(x, dtype=network.slopes.dtype)[None, :, None]
    return network.members.features(Chunk(given, reset, torch.full((1, len(x), 1), number)), state)[1]


def _located(trained: Trained, x: Tensor, state: State, number: int, n_out: int) -> Tensor:
    """Locations of the forecasts after the last step: ``(n_members, n_steps, n, input_size)`` -> ``(n, n_out)``."""
    network, n_streams = trained.network, x.shape[2]
    reset = torch.zeros(1, x.shape[1], n_streams, dtype=torch.bool)
    reset[:, 0] = network.context is not None
    wide = tree_map(
        lambda leaf: leaf.repeat_interleave(n_streams, dim=-2) if isinstance(leaf, torch.Tensor) else leaf, state
    )
    chunk = Chunk(x, reset, torch.full((1, x.shape[1], n_streams), number))
    short = network.context is not None and x.shape[1] < network.context
    features, _ = network.members.features(chunk, network.initial_state(n_streams) if short else wide)
    output = network.output(features[:, -1:], x[:, -1:])  # (n_members, 1, n, horizon, n_params)
    return output[:, 0, :, :n_out, 0].mean(dim=0)


def _integrated(trained: Trained, end: _Ending, n_out: int) -> tuple[Floats, Floats]:
    """Integrated gradients, ``(n_out, n_steps, input_size)``, and what still earlier values add, ``(n_out,)``."""
    points, weights = np.polynomial.legendre.leggauss(_N_POINTS)
    share = torch.as_tensor((points + 1) / 2)
    x, usual = (torch.as_tensor(part)[None, :, None] for part in (end.x, end.usual))
    path = (usual + share[None, None, :, None] * (x - usual)).to(trained.network.slopes.dtype)
    path = path.expand(trained.network.n_members, -1, -1, -1).clone().requires_grad_()
    outputs = _located(trained, path, end.before, end.number, n_out)
    found = []
    for h in range(n_out):
        (slope,) = torch.autograd.grad(outputs[:, h].sum(), path, retain_graph=True)
        mean_slope = (slope.double().sum(dim=0) * torch.as_tensor(weights / 2)[:, None]).sum(dim=1)
        found.append(((x - usual)[0, :, 0] * mean_slope).numpy())
    with torch.no_grad():
        plain = usual.to(path.dtype).expand(trained.network.n_members, -1, -1, -1)
        older = _located(trained, plain, end.before, end.number, n_out) - _located(
            trained, plain, end.plain, end.number, n_out
        )
    return np.stack(found), older[0].double().numpy()


@torch.no_grad()
def _outputs_by_kept(trained: Trained, end: _Ending, n_out: int) -> tuple[Ints, Floats]:
    """Numbers of last values kept, and the outputs then, ``(n_kept, n_out)``; the last are those with all."""
    longest = int(end.back.max(initial=1))
    each = np.arange(min(max(2 * trained.layout.season_length, _EACH), longest) + 1)
    kept = np.unique(np.concatenate([each, np.geomspace(1, longest, 12).round().astype(np.int64)]))
    left_out = (end.back[:, None, :] > kept[:, None]) & (end.back[:, None, :] > 0)  # (n_steps, n_kept, input_size)
    x = np.where(left_out, end.usual[:, None, :], end.x[:, None, :])
    tables = [
        _located(trained, _tensor(trained, part), state, end.number, n_out).double().numpy()
        for part, state in ((x, end.plain), (end.x[:, None], end.before))
    ]
    return kept, np.concatenate([tables[0][:-1], tables[1]])


def _tensor(trained: Trained, x: Floats) -> Tensor:
    return torch.as_tensor(x, dtype=trained.network.slopes.dtype)[None]
