"""How models look on a page: the colour and dashes that they have in all pictures."""

import dataclasses
from collections.abc import Sequence

from tsforecast.plots.style import MODEL_COLOURS, model_styles


@dataclasses.dataclass(frozen=True)
class Look:
    """How a model is shown.

    Attributes
    ----------
    place : int
        Place of the model in the run, from 0.
    colour_place : int
        Number of its colour in the style sheet, ``--ts-model-0`` being the first.
    dashes : str
        Of its line, as SVG has them; empty for a whole line.
    """

    place: int
    colour_place: int
    dashes: str


def looks_of(models: Sequence[str]) -> dict[str, Look]:
    """The look of every model of a run, by its name.

    Examples
    --------
    >>> looks_of(["Naive", "LSTM"])["LSTM"]
    Look(place=1, colour_place=1, dashes='')
    """
    n_colours = len(MODEL_COLOURS)
    return {
        name: Look(style.place, style.place % n_colours, " ".join(f"{1.8 * k:g}" for k in style.dashes))
        for name, style in model_styles(models).items()
    }
