"""The templates of the page, with filters for names, code and pictures."""

import base64
import hashlib
import itertools
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from tsforecast.backtest.report.page.pictures import Picture, quietly
from tsforecast.plots.canvas import short_name

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]*)`")
_LONGEST_LABEL = 200  # letters of what a picture is called for those who do not see it


def environment() -> "Environment":
    """An environment of jinja2 that escapes everything it is given, names and messages above all."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("tsforecast.backtest.report.page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    number = itertools.count(1)
    made.filters["short"] = short_name
    made.filters["with_code"] = _with_code
    made.filters["svg"] = lambda picture: _svg(picture, f"p{next(number)}-")
    return made


def asset(name: str) -> "Markup":
    """The style sheet or the script, to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(files(__package__).joinpath("templates", name).read_text("utf-8").strip())


def hash_of(script: str) -> str:
    """The hash by which a content security policy knows a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _with_code(text: str) -> "Markup":
    """Plain text in which what stands between backticks is code."""
    from markupsafe import Markup, escape

    parts = _CODE.split(text)
    marked = [Markup("<code>{}</code>").format(part) if k % 2 else escape(part) for k, part in enumerate(parts)]
    return Markup("").join(marked)


def _svg(picture: Picture, prefix: str) -> "Markup":
    from markupsafe import Markup

    from tsforecast.plots.svg import svg_of

    with quietly():
        return Markup(svg_of(picture.figure, prefix, short_name(f"{picture.title}. {picture.about}", _LONGEST_LABEL)))
