"""Finds covariates from which values of the target after a cutoff can be read."""

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.panel import Panel

_EXACT = 1e-8  # share of a covariate's spread that may be left unexplained
_FURTHEST = 12  # steps before and after that a covariate may be computed from
_ROWS_PER_COEFFICIENT = 3
_FEWEST = 20  # rows, to compare orders


def telling_covariates(panel: Panel, n_ahead: int) -> dict[str, str]:
    """Covariates that hold values of the target after the cutoff, by name, with how they hold them.

    Found are exact linear functions of the target near the same time (the target itself, a multiple, a lag, a lead, a
    centred mean), and any function of one value that keeps or reverses the order, such as its logarithm. A lag of
    ``n_ahead`` steps or more tells nothing after a cutoff. Series that are exactly linear in their own past, or
    monotone, are not judged.

    Parameters
    ----------
    panel : Panel
    n_ahead : int
        Steps after the cutoff whose covariates a model is given.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=100)
    >>> panel = Panel.from_array(y).with_covariates(np.column_stack([np.roll(y, 1), np.roll(y, 5)]), ["lag1", "lag5"])
    >>> telling_covariates(panel, n_ahead=3)
    {'lag1': 'it is the target 1 step before'}
    """
    found = {}
    for j, name in enumerate(panel.covariate_names):
        for i in range(panel.n_series):
            x = np.asarray(panel.covariates)[panel.indptr[i] : panel.indptr[i + 1], j]
            offsets = _linear_offsets(x, panel.series(i)) or _order_offsets(x, panel.series(i), n_ahead)
            if offsets and max(offsets) > -n_ahead:
                found[name] = _told(offsets)
                break
    return found


def _linear_offsets(x: Floats, y: Floats) -> list[int]:
    """Steps, later ones positive, of the values of y that x is an exact linear function of; empty where it is none."""
    reach = min(_FURTHEST, (len(y) // (_ROWS_PER_COEFFICIENT + 1) - 2) // 2)
    if reach < 1:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(y, 2 * reach + 1)  # row t: y[t - reach] to y[t + reach]
    inner = x[reach : len(x) - reach]
    known = np.isfinite(windows).all(axis=1)
    windows, inner = windows[known], inner[known]
    if len(windows) < _ROWS_PER_COEFFICIENT * (2 * reach + 2) or np.ptp(inner) == 0:
        return []
    centre, spread = windows.mean(), windows.std() or 1.0
    design = np.column_stack([(windows - centre) / spread, np.ones(len(windows))])
    target = (inner - inner.mean()) / inner.std()
    coefficients, _, rank, _ = np.linalg.lstsq(design, target, rcond=1e-10)
    if rank < design.shape[1] or np.abs(design @ coefficients - target).max() > _EXACT:
        return []
    return [int(k) - reach for k in np.flatnonzero(np.abs(coefficients[:-1]) > 1e3 * _EXACT)]


def _order_offsets(x: Floats, y: Floats, n_ahead: int) -> list[int]:
    """The step of the value of y whose order x keeps or reverses, in a list; empty where there is none."""
    for offset in range(1 - n_ahead, n_ahead + 1):
        a, b = (x[-offset:], y[:offset]) if offset < 0 else (x[: len(x) - offset], y[offset:])
        known = np.isfinite(b)
        a, b = a[known], b[known]
        if len(b) < _FEWEST or len(np.unique(b)) < _FEWEST or len(np.unique(a)) < _FEWEST:
            continue
        ranks, order = stats.rankdata(a), stats.rankdata(b)
        if _is_one_way(order):
            continue
        if np.array_equal(ranks, order) or np.array_equal(ranks, len(order) + 1 - order):
            return [offset]
    return []


def _is_one_way(order: Floats) -> bool:
    steps = np.diff(order)
    return bool((steps >= 0).all() or (steps <= 0).all())


def _told(offsets: list[int]) -> str:
    where = [f"{abs(k)} step{'s' * (abs(k) > 1)} {'later' if k > 0 else 'before'}" if k else "now" for k in offsets]
    if offsets == [0]:
        return "it is the target of the same time, on some scale"
    if len(offsets) == 1:
        return f"it is the target {where[0]}"
    return f"it is computed from the target, {where[0]} to {where[-1]}"
