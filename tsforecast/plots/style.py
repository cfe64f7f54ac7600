"""One style for all pictures: colours, line styles and markers of models, fonts, spines and grid.

The colours are those of Okabe & Ito (2008), darkened until each stands out from white, and a lighter set for dark pages.
"""

import dataclasses
from collections.abc import Sequence

# By place of the model in the run: (on a light page, on a dark page).
MODEL_COLOURS = (
    ("#0072b2", "#4fa9e3"),  # blue
    ("#d55e00", "#ff8a3d"),  # vermilion
    ("#00805c", "#2fc796"),  # bluish green
    ("#b0508f", "#e79bc9"),  # reddish purple
    ("#a87400", "#f0bd3a"),  # orange
    ("#4a4a9c", "#a5a4f0"),  # indigo
)
INK = ("#24292f", "#e6e8eb")  # text, and the truth
FAINT = ("#6b7280", "#9aa3af")  # axes, notes, the baseline's line
GRID = ("#e3e6ea", "#363b42")
PAGE = ("#ffffff", "#14171a")

_DASHES: tuple[tuple[float, ...], ...] = ((), (5.0, 2.0), (1.4, 1.6), (6.0, 1.6, 1.4, 1.6))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")


@dataclasses.dataclass(frozen=True)
class ModelStyle:
    """How a model looks in every picture.

    Attributes
    ----------
    place : int
        Of the model in the run, from 0.
    colour : str
        On a light page.
    dashes : tuple of float
        Lengths of dashes and gaps of its line, in widths of the line; empty for a whole line.
    marker : str
        Of matplotlib.
    """

    place: int
    colour: str
    dashes: tuple[float, ...]
    marker: str

    @property
    def line(self) -> "str | tuple[float, tuple[float, ...]]":
        """The line style, as matplotlib takes it."""
        return (0.0, self.dashes) if self.dashes else "-"


def model_style(place: int) -> ModelStyle:
    """The look of the model at a place of the run: a colour, and from the seventh model on other dashes.

    Examples
    --------
    >>> model_style(0).colour == model_style(6).colour, model_style(0).dashes == model_style(6).dashes
    (True, False)
    """
    n = len(MODEL_COLOURS)
    return ModelStyle(
        place, MODEL_COLOURS[place % n][0], _DASHES[place // n % len(_DASHES)], _MARKERS[place % len(_MARKERS)]
    )


def model_styles(models: Sequence[str]) -> dict[str, ModelStyle]:
    """The look of every model of a run, by name; ``models`` are in the order of the run.

    Examples
    --------
    >>> model_styles(["Naive", "LSTM"])["LSTM"].place
    1
    """
    return {name: model_style(place) for place, name in enumerate(models)}


def css_variables(*, dark: bool) -> str:
    """Declarations of the colours, which pictures of `svg_of` use: ``--ts-ink``, ``--ts-model-0`` and so on.

    Examples
    --------
    >>> css_variables(dark=False).splitlines()[0]
    '--ts-ink: #24292f;'
    """
    return "\n".join(f"--ts-{name}: {pair[dark]};" for name, pair in named_colours().items())


def named_colours() -> dict[str, tuple[str, str]]:
    """Each colour on a light and on a dark page, by its name in a style sheet without ``--ts-``.

    Examples
    --------
    >>> named_colours()["page"]
    ('#ffffff', '#14171a')
    """
    models = {f"model-{place}": pair for place, pair in enumerate(MODEL_COLOURS)}
    return {"ink": INK, "faint": FAINT, "grid": GRID, "page": PAGE} | models


def settings() -> dict[str, object]:
    """The settings of matplotlib that pictures are drawn with."""
    ink, faint, grid = INK[0], FAINT[0], GRID[0]
    return {
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.0,
        "text.color": ink,
        "text.usetex": False,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlecolor": ink,
        "axes.labelsize": 9.0,
        "axes.labelcolor": ink,
        "axes.edgecolor": faint,
        "axes.linewidth": 0.8,
        "axes.facecolor": PAGE[0],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.unicode_minus": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-5, 7),
        "axes.xmargin": 0.02,
        "axes.ymargin": 0.06,
        "grid.color": grid,
        "grid.linewidth": 0.7,
        "grid.linestyle": "-",
        "xtick.color": faint,
        "ytick.color": faint,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "lines.linewidth": 1.5,
        "lines.markersize": 5.0,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.facecolor": PAGE[0],
        "figure.dpi": 110.0,
        "figure.titlesize": 11.0,
        "figure.titleweight": "bold",
    }


def saving() -> dict[str, object]:
    """The settings of matplotlib that pictures are saved with: text stays text, and fonts are embedded whole."""
    return {
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "tsforecast",
        "savefig.dpi": 200.0,
    }
