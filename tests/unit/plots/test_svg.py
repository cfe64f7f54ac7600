"""SVG for a page: the same each time, few bytes, colours of the style sheet, ids that do not meet."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np

from tsforecast.plots.canvas import axes_for, drawing
from tsforecast.plots.curves import draw_series_errors
from tsforecast.plots.style import INK, model_style
from tsforecast.plots.svg import svg_of


def figure(n_series=20, n_models=3):
    ratios = np.random.default_rng(0).lognormal(size=(n_models, n_series))
    with drawing():
        ax = axes_for(None)
        draw_series_errors(
            ax, [f"model {k}" for k in range(n_models)], list(ratios), list(map(model_style, range(n_models)))
        )
        ax.lines[-1].set_gid("model-2-mean")
    return ax.figure


def test_equal_figures_give_equal_text():
    assert svg_of(figure()) == svg_of(figure())


def test_the_text_is_an_element_that_parses_without_a_date():
    text = svg_of(figure(), title='A & "b" <c>')
    element = ElementTree.fromstring(text)
    assert element.tag.endswith("svg") and element.get("aria-label") == 'A & "b" <c>'
    assert "metadata" not in text and "<?xml" not in text


def test_ids_are_those_that_are_used_and_begin_with_the_prefix():
    text = svg_of(figure(), prefix="errors-")
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids)) > 0
    assert all(name.startswith("errors-") for name in ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) == set(ids)


def test_colours_are_variables_and_models_have_a_class():
    text = svg_of(figure())
    assert f"var(--ts-ink, {INK[0]})" in text and "var(--ts-model-1, " in text
    assert not re.search(r"(?<!, )#[0-9a-f]{6}", text.replace("#000000", ""))
    assert 'class="model-2"' in text


def test_letters_that_the_font_lacks_are_left_to_the_browser():
    ax = axes_for(None)
    ax.set_title("\u8ca9\u58f2")
    assert "\u8ca9\u58f2" in svg_of(ax.figure)  # and without a warning, which would be an error here


def test_errors_of_a_thousand_series_by_twelve_models_are_small():
    assert len(svg_of(figure(1428, 12))) < 350_000
    assert len(svg_of(figure(100, 12))) < 150_000
