"""Rows that `BaseForecaster.update` is given again: compared with what is held of them."""

import warnings
from typing import Literal, Protocol, TypeAlias

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.exceptions import DataError, UnusedRowWarning
from tsforecast.panel import Panel
from tsforecast.panel.shortened import n_before

Revised: TypeAlias = Literal["error", "ignore"]

_SAME = 1e-9  # relative difference of values that count as equal: a sum in another order


class Holding(Protocol):
    """What is needed of a fitted forecaster here."""

    panel_: Panel

    @property
    def _origin(self) -> Panel:
        """What forecasts start from."""


def check_repeated(model: Holding, given: Panel, places: Ints, first: Ints) -> None:
    """Compare rows at or before the end of each series with what is known of them.

    Parameters
    ----------
    model : fitted forecaster
    given : Panel
    places : ndarray of int, shape (n_series,)
        Positions of the series of ``given`` in the forecaster.
    first : ndarray of int, shape (n_series,)
        Step of the first row of each from the end of the series known: 1 is the next one.

    Raises
    ------
    DataError
        A value is not what it was.

    Warns
    -----
    UnusedRowWarning
        There are rows that are held no more.
    """
    changed: list[str] = []
    unknown: list[int] = []
    n_changed = 0
    for i in np.flatnonzero(first <= 0).tolist():
        rows = given.series(i)[: 1 - int(first[i])]
        known, is_held = _known(model, int(places[i]), np.arange(rows.size) + int(first[i]))
        is_near = np.abs(rows - known) <= _SAME * np.abs(known)
        differs = is_held & ~(is_near | (np.isnan(rows) & np.isnan(known)))
        n_changed += int(differs.sum())
        if not is_held.all():
            unknown.append(i)
        if differs.any():
            at = int(np.argmax(differs))
            time = given.times_of(i)[at]
            changed.append(f"series {given.ids[i]!r} at {time}, {known[at]:.12g} before and {rows[at]:.12g} now")
    if changed:
        values = "One known value differs" if n_changed == 1 else f"{n_changed} known values differ"
        others = f" ({len(changed)} series in all)" if len(changed) > 1 else ""
        raise DataError(
            f"{values} in y_new, the first of {changed[0]}{others}. A forecaster cannot take back what it has seen: "
            "fit it anew, or forecast from the corrected series with predict(history=...). With revised='ignore' such "
            "rows are passed over, and forecasts go on from the old values."
        )
    if unknown:
        i = unknown[0]
        warnings.warn(
            f"y_new repeats rows of {len(unknown)} series, the first of them {given.ids[i]!r} from "
            f"{given.times_of(i)[0]}, that are no longer held; they are passed over without being compared. "
            "revised='ignore' does so without a warning.",
            UnusedRowWarning,
            stacklevel=6,
        )


def _known(model: Holding, place: int, steps: Ints) -> tuple[Floats, Bools]:
    """Values held of one series at steps from its end (0 is the last), and which are held: two ``(n,)``."""
    values = np.full(steps.size, np.nan)
    is_held = np.zeros(steps.size, dtype=np.bool_)
    total = _n_observed(model._origin, place)
    for panel in (model.panel_, model._origin):
        held = panel.series(place)
        at = steps + total - 1 - (_n_observed(panel, place) - held.size)
        inside = (at >= 0) & (at < held.size)
        values[inside], is_held[inside] = held[at[inside]], True
    return values, is_held


def _n_observed(panel: Panel, place: int) -> int:
    return int(n_before(panel)[place] + panel.lengths[place])
