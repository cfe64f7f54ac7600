"""PaperFigure: a figure of matplotlib that needs no display, and saves text as text."""

import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from tsforecast.plots.style import saving


class PaperFigure(Figure):
    """A figure that is saved with the fonts embedded (type 42 in PDF), and that shows itself in a notebook.

    Examples
    --------
    >>> PaperFigure(figsize=(3, 2)).get_figwidth()
    3.0
    """

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """Save the figure; see `matplotlib.figure.Figure.savefig`."""
        with matplotlib.rc_context(saving()):
            super().savefig(fname, **kwargs)

    def _repr_png_(self) -> bytes:
        """The picture in a notebook."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=self.get_dpi())
        return file.getvalue()
