"""Fits a forecaster where some series are too short for it, and a `Naive` to those that are."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import pandas as pd

from tsforecast._bounds import Range
from tsforecast.exceptions import SeriesTooShortError
from tsforecast.panel import Panel
from tsforecast.panel.too_short import TooShort, check_lengths


class Fittable(Protocol):
    """What is needed of a forecaster here."""

    def min_observations(self, panel: Panel) -> int:
        """Observations that each series needs."""

    def _why_so_many(self, panel: Panel) -> str:
        """Why, in brackets."""

    def _fit(self, panel: Panel) -> None:
        """Fit to all series of the panel."""


def check_long_enough(model: Fittable, panel: Panel) -> None:
    """Raise a `SeriesTooShortError` that names the series with fewer observations than a forecaster needs."""
    needed = model.min_observations(panel)
    if (panel.n_present >= needed).all():
        return  # finding the reason is slow
    way_on = "too_short='skip' goes on without them." if panel.n_series > 1 else ""
    why = f"{type(model).__name__} needs at least {needed}{model._why_so_many(panel)}"
    check_lengths(panel.ids, panel.n_present, needed, why, way_on)


def fit_long_enough(model: Fittable, panel: Panel, too_short: TooShort) -> Panel:
    """Fit a forecaster to the series that are long enough and return their panel; short ones are an error or left out.

    Raises
    ------
    SeriesTooShortError
        Some series are too short, or, with ``"skip"`` and ``"naive"``, all of them.
    """
    kept = panel
    while True:
        try:
            check_long_enough(model, kept)
            model._fit(kept)
        except SeriesTooShortError as error:
            left = np.flatnonzero(~kept.ids.isin(list(error.series)))
            if too_short == "error" or left.size in (0, kept.n_series):
                raise
            kept = kept.take(left)
        else:
            return kept


def naive_for(panel: Panel, skipped: Mapping[Any, int], within: Range) -> Any:
    """A `Naive` fitted to the skipped series of a panel that are long enough for it; None where none is.

    Its forecasts are as restricted as those of the forecaster that it stands in for.
    """
    bounds = None if within.is_open else (within.low, within.high)
    naive = import_module("tsforecast").Naive(bounds=bounds)  # by name: this module must not import models
    try:
        return naive.fit(panel.take(panel.positions(pd.Index(list(skipped)))), too_short="skip")
    except SeriesTooShortError:
        return None
