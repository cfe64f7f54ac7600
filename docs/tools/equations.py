"""Equations of the pages as pictures in the page: no font, script or network is needed to show them."""

from html import escape
from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

_SIZE = 20.0  # points; the page sets 1 em = 16 of them
_LETTERS = {  # of SVG, with the points that each takes
    Path.MOVETO: ("M", 1),
    Path.LINETO: ("L", 1),
    Path.CURVE3: ("Q", 2),
    Path.CURVE4: ("C", 3),
    Path.CLOSEPOLY: ("Z", 1),
}


def block(source: str, language: str, css_class: str, options: Any, md: Any, **others: Any) -> str:
    """Return the lines of a ``math`` block, in the TeX that matplotlib reads, as one SVG a line."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return f'<div class="{css_class}">' + "".join(f"<p>{picture(line)}</p>" for line in lines) + "</div>"


def picture(tex: str) -> str:
    """Return one equation as an SVG in the colour of the text, with its TeX as the text for those who cannot see it."""
    outline = TextPath((0, 0), f"${tex}$", prop=FontProperties(family="serif", math_fontfamily="cm"), size=_SIZE)
    box = outline.get_extents()
    x, y, width, height = box.x0 - 1, -box.y1 - 1, box.width + 2, box.height + 2
    return (
        f'<svg role="img" aria-label="{escape(tex, quote=True)}" viewBox="{x:.1f} {y:.1f} {width:.1f} {height:.1f}" '
        f'style="width:{width / 16:.2f}em;height:{height / 16:.2f}em">'
        f'<path fill="currentColor" d="{_outline(outline)}"/></svg>'
    )


def _outline(path: TextPath) -> str:
    steps, points = [], list(zip(path.vertices, path.codes, strict=True))
    while points:
        letter, n_points = _LETTERS[points[0][1]]
        taken, points = points[:n_points], points[n_points:]
        steps.append(letter + ("" if letter == "Z" else " ".join(f"{x:.2f} {-y:.2f}" for (x, y), _ in taken)))
    return "".join(steps)
