"""A figure as SVG text for a page: small, the same at each run, in the colours of the page's style sheet."""

import io
import re
import warnings
from typing import TYPE_CHECKING

from tsforecast.plots.style import named_colours, saving

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBER = re.compile(r"(?<=[\s\"(,MLQCHVzZ-])(\d*\.\d{3,})")
_GEOMETRY = re.compile(r"\b(d|x|y|width|height|transform|points)=\"[^\"]*\"")


def svg_of(figure: "Figure", prefix: str = "i", title: str = "") -> str:
    """An ``<svg>`` element to stand within HTML; equal figures give equal text.

    Text stays text. Colours of the style become variables with the colour on a light page as default:
    ``var(--ts-ink, #24292f)``, see `tsforecast.plots.style.css_variables`. The background is transparent. Artists whose
    ``gid`` is ``"model-2"`` stand in a group of the class ``model-2``.

    Parameters
    ----------
    figure : Figure
    prefix : str
        Begins every ``id``: another for each picture on a page, so that they do not share any.
    title : str
        What the picture shows, for those who do not see it.

    Examples
    --------
    >>> from tsforecast.plots.canvas import new_figure
    >>> svg_of(new_figure(2, 1), title="Nothing")[:30]
    '<svg role="img" aria-label="No'
    """
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context(saving()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)  # a browser has it
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="(model-\d+)[^"]*">', r'<g class="\1">', text)
    text = re.sub(r' xmlns:xlink="[^"]*"', "", text).replace("xlink:href", "href")
    text = _with_few_ids(text, prefix)
    text = re.sub(r"font-family: [^;\"]*; ?", "", text)
    text = re.sub(
        r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \1var(--ts-font, sans-serif)", text
    )  # of earlier versions of matplotlib
    for name, (light, _) in named_colours().items():
        text = text.replace(light, f"var(--ts-{name}, {light})")
    text = _GEOMETRY.sub(lambda found: _NUMBER.sub(_short, found.group(0)), text)
    text = re.sub(r"\n\s*", "\n", text)
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ' if title else '<svg aria-hidden="true" ', 1)


def _with_few_ids(text: str, prefix: str) -> str:
    """Only ids that something refers to, as the prefix and a number; the others would be the same in every picture."""
    used = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    short = {name: f"{prefix}{k}" for k, name in enumerate(used)}
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="{short[found[1]]}"' if found[1] in short else "", text)
    return re.sub(r'(href="#|url\(#)([^")]+)', lambda found: found[1] + short[found[2]], text)


def _short(number: "re.Match[str]") -> str:
    return f"{float(number.group(1)):.2f}".rstrip("0").rstrip(".")
