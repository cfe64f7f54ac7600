"""Axes to draw on, and what every picture ends with: title, labels, legend outside the data."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tsforecast.exceptions import ContainerTypeError
from tsforecast.plots.style import FAINT, settings

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_NAME = 30  # letters of a name on an axis or in a legend
_CJK = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC", "SimHei")


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Within it, artists get the style of the pictures; the caller's settings are as before afterwards."""
    import matplotlib
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = ["DejaVu Sans", *(name for name in _CJK if name in known)]
    with matplotlib.rc_context({**settings(), "font.sans-serif": fonts}):
        yield


def axes_for(ax: "Axes | None", width: float = 7.0, height: float = 3.4) -> "Axes":
    """The axes given, or those of a new figure of so many inches.

    The new figure is not one of pyplot's, so that nothing has to be closed; in a notebook it is, which shows it below
    the cell.
    """
    if ax is None:
        return new_figure(width, height, in_cell=True).add_subplot()
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise ContainerTypeError(f"ax is a {type(ax).__name__}; Axes of matplotlib are needed, or None for new ones.")
    return ax


def new_figure(width: float, height: float, *, in_cell: bool = False) -> "Figure":
    """A new figure; with ``in_cell`` one that a notebook shows below the cell, whatever the cell returns."""
    from tsforecast.plots.paper_figure import PaperFigure

    if in_cell and _is_notebook():
        from matplotlib import pyplot

        return pyplot.figure(figsize=(width, height), layout="constrained", FigureClass=PaperFigure)
    return PaperFigure(figsize=(width, height), layout="constrained")


def label(ax: "Axes", title: str, x: str = "", y: str = "", note: str = "") -> None:
    """Title, labels of the axes, and a smaller line under the title."""
    ax.set_title(plain(title), loc="left", pad=17.0 if note else 7.0)
    ax.set_xlabel(plain(x))
    ax.set_ylabel(plain(y))
    if note:
        ax.annotate(
            plain(note), (0.0, 1.0), (0.0, 5.0), xycoords="axes fraction", textcoords="offset points",
            fontsize=8.0, color=FAINT[0], va="bottom",
        )  # fmt: skip


def legend_outside(ax: "Axes", handles: "Sequence[Artist]", names: Sequence[str], title: str = "") -> None:
    """A legend to the right of the axes; their figure is laid out to hold it, unless it has a layout of its own."""
    figure = ax.get_figure(root=True)
    if figure is not None and figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")
    ax.legend(
        handles, [shown_name(name) for name in names], loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0,
        title=plain(title) or None, alignment="left", handlelength=2.6,
    )  # fmt: skip


def plain(text: object) -> str:
    r"""Text that matplotlib does not read as mathematics.

    Examples
    --------
    >>> print(plain("US$ and A$"))
    US\$ and A\$
    """
    return str(text).replace("$", r"\$")


def shown_name(name: object, longest: int = _LONGEST_NAME) -> str:
    """A name as it stands in a picture: shortened, without mathematics.

    Examples
    --------
    >>> shown_name("LSTM")
    'LSTM'
    """
    text = short_name(name, longest)
    return plain(f"\u200b{text}" if text.startswith("_") else text)  # a leading _ would hide it in a legend


def short_name(name: object, longest: int = _LONGEST_NAME) -> str:
    """A name in one line, the middle of a long one left out.

    Examples
    --------
    >>> short_name("SeasonalNaive(season_length=12, and much more)")
    'SeasonalNaive(s…and much more)'
    """
    text = " ".join(str(name).split()) or " "
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}…{text[-(longest - half - 1) :]}"


def _is_notebook() -> bool:
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
