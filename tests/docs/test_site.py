"""The documentation is whole: every public name stands in the reference, every page in the navigation."""

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import tsforecast

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "tools"))
from check_site import faults
from equations import block

sys.path.pop(0)

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LISTED = re.findall(r"^::: (\S+)$", "\n".join(p.read_text() for p in (DOCS / "reference").glob("*.md")), flags=re.M)


def test_every_public_name_stands_in_the_reference_once():
    public = sorted(f"tsforecast.{name}" for name in tsforecast.__all__)
    assert sorted(name for name in LISTED if name.count(".") == 1 and name[11:] in tsforecast.__all__) == public
    assert len(set(LISTED)) == len(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_a_name_in_the_reference_is_there_and_documented(name):
    room, _, last = name.rpartition(".")
    found = getattr(import_module(room), last, None) or import_module(name)
    assert found.__doc__


def test_every_page_stands_in_the_navigation_once():
    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    pages = [page for section in nav for entries in section.values() for entry in entries for page in entry.values()]
    assert sorted(pages) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_an_equation_is_a_picture_in_the_page_with_its_text():
    drawn = block("a < b\n\\sum_{t} x_t", "math", "math", {}, None)
    assert drawn.count("<svg") == 2 and 'aria-label="a &lt; b"' in drawn and "http" not in drawn


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<a href="other.html#gone">x</a>', "other.html#gone leads nowhere"),
        ('<img src="other.html">', "has no text"),
        ('<script src="https://cdn.example/x.js"></script>', "another host"),
        ('<a href="other.html#here">x</a><a href="https://example.org">y</a>', None),
    ],
)
def test_the_check_of_the_built_site_finds_what_is_wrong(tmp_path, body, told):
    (tmp_path / "page.html").write_text(body)
    (tmp_path / "other.html").write_text('<p id="here">x</p>')
    found = faults(tmp_path)
    assert found == [] if told is None else len(found) == 1 and told in found[0]
