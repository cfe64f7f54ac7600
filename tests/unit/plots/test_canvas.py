"""Figures without pyplot that save as PDF for a paper, in the caller's Axes or their own."""

import io
import subprocess
import sys
import types

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from tsforecast.exceptions import ContainerTypeError
from tsforecast.plots.canvas import axes_for, drawing, label, legend_outside, new_figure, plain, shown_name
from tsforecast.plots.paper_figure import PaperFigure


def saved(figure, form):
    file = io.BytesIO()
    figure.savefig(file, format=form)
    return file.getvalue()


def example():
    ax = axes_for(None)
    with drawing():
        line = ax.plot([1, 2], [3, 4])[0]
        label(ax, "Title US$ and A$", "x", "y", "a note")
        legend_outside(ax, [line], ["_a name"])
    return ax


def test_drawing_leaves_the_callers_settings_and_no_figure_of_pyplot():
    code = (
        "import sys, matplotlib; keys = [k for k in matplotlib.rcParams if k != 'backend']; "
        "before = [matplotlib.rcParams[k] for k in keys]; import numpy as np; "
        "from tsforecast import plot_series; plot_series(np.arange(9.0)); "
        "assert [matplotlib.rcParams[k] for k in keys] == before; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_importing_the_package_and_its_results_imports_no_matplotlib():
    code = (
        "import sys, tsforecast as t; t.BacktestResult, t.plot_series, t.Forecast, t.ARIMA;"
        " assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_pdf_embeds_its_fonts_as_type_42():
    found = saved(example().figure, "pdf")
    assert b"/Type42" in found or b"/CIDFontType2" in found
    assert b"/Type3" not in found
    assert matplotlib.rcParams["pdf.fonttype"] == matplotlib.rcParamsDefault["pdf.fonttype"]


def test_an_svg_holds_text_as_text():
    assert b"a note" in saved(example().figure, "svg")


def test_axes_of_the_caller_are_drawn_on_and_their_figure_gets_room_for_a_legend():
    figure = Figure()
    ax = figure.subplots()
    assert axes_for(ax) is ax
    legend_outside(ax, ax.plot([1, 2], [3, 4]), ["name"])
    figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x1 <= figure.bbox.x1
    assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1


def test_a_layout_of_the_caller_is_kept():
    figure = Figure(layout="tight")
    ax = figure.subplots()
    engine = figure.get_layout_engine()
    legend_outside(ax, ax.plot([1, 2], [3, 4]), ["name"])
    assert figure.get_layout_engine() is engine


@pytest.mark.parametrize("wrong", [Figure(), np.zeros(3), "ax"])
def test_what_is_no_axes_is_refused(wrong):
    with pytest.raises(ContainerTypeError, match="ax is a"):
        axes_for(wrong)


def test_names_are_shown_as_they_are():
    ax = example()
    assert ax.get_title(loc="left") == plain("Title US$ and A$")
    assert ax.get_legend().get_texts()[0].get_text().endswith("_a name")
    assert shown_name("a\nb") == "a b"
    assert len(shown_name("x" * 99)) == 30


def test_in_a_notebook_axes_are_of_pyplot_and_a_figure_shows_itself(monkeypatch):
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "figure", lambda **options: options.pop("FigureClass")(**options))
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert isinstance(axes_for(None).figure, PaperFigure)
    assert new_figure(2, 1)._repr_png_().startswith(b"\x89PNG")
