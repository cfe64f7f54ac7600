"""Panels of the ends of series only, as a saved forecaster keeps them."""

import dataclasses

import numpy as np

from tsforecast._types import Ints
from tsforecast.exceptions import DataError
from tsforecast.panel.panel import Panel


def shortened(panel: Panel, counts: Ints) -> Panel:
    """The panel of the last ``counts[i]`` observations of each series i, which knows how many it leaves out.

    Only a forecaster that keeps what it needs of the rest can forecast from it: see `BaseForecaster.save`.

    Examples
    --------
    >>> short = shortened(Panel.from_array(np.array([3.0, 1.0, 2.0])), np.array([1]))
    >>> short.values, short.left_out
    (array([2.]), array([2]))
    """
    left_out = n_before(panel) + panel.lengths - counts
    whole = dataclasses.replace(panel, left_out=None)
    short = whole.slice(panel.lengths - counts, panel.lengths)
    return dataclasses.replace(short, left_out=left_out) if left_out.any() else short


def n_before(panel: Panel) -> Ints:
    """Observations of each series that are left out before those held: ``(n_series,)``; 0 for a whole series.

    Examples
    --------
    >>> n_before(Panel.from_array(np.arange(3.0)))
    array([0])
    """
    return np.zeros(panel.n_series, dtype=np.int64) if panel.left_out is None else panel.left_out


def check_has_history(panel: Panel, what: str) -> None:
    """Raise a `DataError` where the beginnings of the series were left out, so that something cannot be computed.

    Examples
    --------
    >>> check_has_history(Panel.from_array(np.arange(3.0)), "residuals")
    """
    if panel.left_out is not None and panel.left_out.any():
        raise DataError(
            f"This forecaster was saved without its series, and cannot give {what}, for which it needs all of them: "
            "save the fitted one with keep_history=True."
        )
