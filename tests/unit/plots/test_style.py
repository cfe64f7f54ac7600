"""Colours that are told apart, by the colour-blind too, and one look a model."""

import itertools

import numpy as np
import pytest

from tsforecast.plots.style import MODEL_COLOURS, PAGE, css_variables, model_style, model_styles, named_colours

# Linear RGB as those see it who lack red-sensitive or green-sensitive cones: Machado, Oliveira & Fernandes (2009).
SEEN = {
    "all": np.eye(3),
    "no red": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "no green": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
}


def linear(colour):
    value = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear sRGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    a, b = (float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (one, other))
    return max(a, b) / min(a, b)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("eyes", list(SEEN))
def test_the_colours_of_two_models_differ_for_all_eyes(eyes, dark):
    seen = [lab(SEEN[eyes] @ linear(pair[dark])) for pair in MODEL_COLOURS]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert nearest > 20  # a difference of 2.3 is just seen


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_stands_out_from_its_page(dark):
    for name, pair in named_colours().items():
        least = {"grid": 1.0, "page": 1.0, "ink": 7.0, "faint": 4.5}.get(name, 3.0)  # WCAG 1.4.3, 1.4.11
        assert contrast(pair[dark], PAGE[dark]) >= least, name


def test_twenty_four_models_look_different():
    looks = {(style.colour, style.dashes) for style in map(model_style, range(24))}
    assert len(looks) == 24
    assert len({model_style(place).marker for place in range(12)}) == 12


def test_a_model_has_its_look_by_its_place_in_the_run():
    assert model_styles(["a", "b", "c"])["c"] == model_style(2)


def test_a_style_sheet_has_each_colour_for_both_pages():
    light, dark = css_variables(dark=False), css_variables(dark=True)
    assert light.count("--ts-") == dark.count("--ts-") == len(named_colours())
    assert PAGE[0] in light and PAGE[1] in dark
