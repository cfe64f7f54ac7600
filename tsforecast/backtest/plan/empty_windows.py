"""A warning of test windows without observed values, where nothing can be scored."""

import warnings

import numpy as np

from tsforecast.backtest.origins import RollingOrigin
from tsforecast.exceptions import MissingTruthWarning
from tsforecast.panel import Panel


def warn_of_empty_windows(panel: Panel, cv: RollingOrigin) -> None:
    """Warn of series and cutoffs whose test window holds no value, naming the first; no mean of scores counts them.

    Examples
    --------
    >>> panel = Panel.from_array(np.array([1.0, 2.0, np.nan, np.nan, 5.0, 6.0]))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_empty_windows(panel, RollingOrigin(2, n_windows=2))
    >>> str(caught[0].message)[:86]
    "Series 'y' has no value in the 2 steps after the cutoff 1: nothing can be scored there"
    """
    _, stop = cv.bounds(panel.lengths)  # (n_windows, n_series)
    known = np.concatenate([[0], np.cumsum(~np.isnan(panel.values))])
    begin = panel.indptr[:-1] + np.maximum(stop, 0) + cv.gap
    ends = np.minimum(begin + cv.horizon, panel.indptr[1:])
    empty = (stop >= 1) & (known[ends] == known[np.minimum(begin, ends)])
    if not empty.any():
        return
    w, i = np.argwhere(empty)[0].tolist()
    cutoff = panel.times[int(panel.indptr[i] + stop[w, i]) - 1]
    warnings.warn(
        f"Series {panel.ids[i]!r} has no value in the {cv.horizon} steps after the cutoff {cutoff}"
        f"{f' and a gap of {cv.gap}' if cv.gap else ''}: nothing can be scored there. So it is with {int(empty.sum())} "
        f"of {empty.size} pairs of series and cutoff; no mean of scores counts them.",
        MissingTruthWarning,
        stacklevel=3,
    )
