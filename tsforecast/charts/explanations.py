"""plot_explanation: what the forecasts of one series are made of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tsforecast._types import Floats, Index, Ints
from tsforecast.plots.canvas import axes_for, drawing, label, legend_outside, short_name
from tsforecast.plots.parts import draw_look_back, draw_parts, draw_sizes
from tsforecast.plots.rows import rows_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class HasParts(Protocol):
    """An explanation of forecasts: `tsforecast.explanation.Explanation`."""

    @property
    def model(self) -> str:
        """Name of the forecaster's class."""

    @property
    def mean(self) -> Floats:
        """Forecasts, ``(n_series, horizon)``."""

    @property
    def parts(self) -> Mapping[str, Floats]:
        """Parts that add up to them."""

    @property
    def base(self) -> str | None:
        """The part that the others are drawn from."""

    @property
    def inputs(self) -> Mapping[str, Floats]:
        """What inputs do."""

    @property
    def look_back(self) -> tuple[Ints, Floats] | None:
        """Numbers of last values kept, and changes."""

    @property
    def ids(self) -> Index:
        """Names of the series."""

    @property
    def times(self) -> Index:
        """Times of the forecasts, series by series."""


def plot_explanation(told: HasParts, what: str, place: int, ax: "Axes | None", title: str | None) -> "Axes":
    """The Axes of one picture of an explanation: see `tsforecast.explanation.Explanation.plot`."""
    name, model = short_name(told.ids[place]), told.model
    with drawing():
        if what == "parts":
            axes, horizon = axes_for(ax), told.mean.shape[1]
            times = told.times[place * horizon : (place + 1) * horizon]
            parts = {key: table[place] for key, table in told.parts.items()}
            found = draw_parts(axes, times, told.mean[place], parts, told.base)
            note = "" if told.base is None else f"bars up and down from the part '{told.base}' to the forecast"
            label(axes, title or f"{name}: what the forecasts of {model} are made of", note=note)
            legend_outside(axes, list(found.values()), list(found))
        elif what == "inputs":
            axes = axes_for(ax, height=rows_height(len(told.inputs)))
            draw_sizes(axes, {key: float(np.abs(table[place]).mean()) for key, table in told.inputs.items()})
            label(axes, title or f"{name}: what moves the forecasts of {model}", "mean absolute effect on a forecast")
        else:
            axes = axes_for(ax)
            kept, change = told.look_back or (np.zeros(1, np.int64), np.zeros((place + 1, 1)))
            draw_look_back(axes, kept, change[place])
            label(
                axes, title or f"{name}: how far back {model} looks", "last values kept, the others at the level",
                "mean change of the forecasts",
            )  # fmt: skip
    return axes
