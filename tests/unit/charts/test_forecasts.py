"""A forecast is drawn from any container that predict gives, after its history."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tsforecast import Forecast, Naive, Panel, SeasonalNaive, plot_forecast
from tsforecast.exceptions import ContainerTypeError, DataError, ParameterError, UnknownNameError

MONTHS = pd.date_range("2020-01", periods=30, freq="MS")
Y = pd.Series(np.arange(30.0) + np.tile([0.0, 5.0, 2.0], 10), index=MONTHS, name="sales")
WIDE = pd.DataFrame({"a": Y, "b": Y + 100, "c": Y * 3})
LONG = WIDE.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")


def line_of(ax, colour_of_history=False):
    """The line of the forecast, or of the history, which is drawn first."""
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 1]
    return drawn[0] if colour_of_history else drawn[-1]


@pytest.mark.parametrize("y", [Y, Y.to_frame(), LONG[LONG["unique_id"] == "a"], Panel.from_series(Y), Y.to_numpy()])
def test_a_forecast_in_any_container_is_a_line_after_the_history(y):
    model = SeasonalNaive(3).fit(y)
    ax = plot_forecast(model.predict(6), history=y)
    assert isinstance(ax, Axes)
    expected = SeasonalNaive(3).fit(Y.to_numpy()).predict(6)
    np.testing.assert_allclose(line_of(ax).get_ydata(), [Y.iloc[-1], *expected])  # from the last value, without a gap
    np.testing.assert_allclose(line_of(ax, True).get_ydata(), Y)
    assert line_of(ax).get_xdata()[0] == line_of(ax, True).get_xdata()[-1]


@pytest.mark.parametrize("y", [Y, Y.to_frame(), LONG[LONG["unique_id"] == "a"], Panel.from_series(Y)])
def test_each_level_is_a_band_with_the_ends_of_the_interval(y):
    found = SeasonalNaive(3).fit(y).predict(6, level=[80, 95])
    ax = plot_forecast(found, history=y)
    wide, narrow = ax.collections
    widths = [np.ptp(band.get_paths()[0].vertices[:, 1]) for band in (wide, narrow)]
    assert widths[0] > widths[1]
    expected = SeasonalNaive(3).fit(Y).predict(6, level=95)
    heights = wide.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([heights.min(), heights.max()], [expected["lo-95"].min(), expected["hi-95"].max()])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["history", "forecast", "80% interval", "95% interval"]


def test_pairs_of_quantiles_are_intervals_and_the_median_stands_in_for_a_mean():
    found = SeasonalNaive(3).fit(Y).predict(4, quantiles=[0.05, 0.5, 0.95]).drop(columns="mean")
    ax = plot_forecast(found)
    np.testing.assert_allclose(line_of(ax).get_ydata(), found["q0.5"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["forecast", "90% interval"]


@pytest.mark.parametrize("y", [WIDE, LONG, Panel.from_wide(WIDE), WIDE.to_numpy()])
def test_several_series_are_a_figure_with_a_panel_each(y):
    model = Naive().fit(y)
    figure = plot_forecast(model.predict(3), history=y)
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 3
    np.testing.assert_allclose([line_of(ax).get_ydata()[0] for ax in figure.axes], WIDE.iloc[-1])
    np.testing.assert_allclose(line_of(figure.axes[1], True).get_ydata(), WIDE["b"])


def test_one_of_several_series_is_drawn_on_the_axes_given():
    ax = Figure().subplots()
    forecast = Naive().fit(Panel.from_wide(WIDE)).predict(3, level=[80])
    assert forecast.plot(WIDE, series="b", ax=ax) is ax
    assert ax.get_title(loc="left") == "b"
    assert len(forecast.plot(series=["a", "c"]).axes) == 2


def test_a_forecast_plots_itself_as_the_function_does():
    forecast = Naive().fit(Panel.from_series(Y)).predict(3, level=[80, 95])
    assert isinstance(forecast, Forecast)
    one, two = forecast.plot(history=Y), plot_forecast(forecast, Y)
    np.testing.assert_array_equal(line_of(one).get_ydata(), line_of(two).get_ydata())
    assert len(one.collections) == len(two.collections) == 2


def test_of_many_series_the_first_twelve_are_shown_and_the_title_says_so():
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 15)), columns=[f"s{i}" for i in range(15)])
    figure = plot_forecast(Naive().fit(many).predict(2), history=many)
    assert len(figure.axes) == 12
    assert figure.get_suptitle() == "12 of 15 series"


def test_ticks_of_small_panels_do_not_touch():
    many = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 12)), index=pd.date_range("2011-01", periods=60, freq="QS")
    )
    figure = plot_forecast(Naive().fit(many.set_axis(list("abcdefghijkl"), axis=1)).predict(8), history=None)
    figure.draw_without_rendering()
    for ax in figure.axes:
        boxes = [text.get_window_extent() for text in ax.get_xticklabels() if text.get_text()]
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_of_a_long_history_the_last_part_is_shown():
    y = np.random.default_rng(0).normal(size=5000)
    ax = plot_forecast(Naive().fit(y).predict(10), history=y)
    assert len(line_of(ax, True).get_ydata()) < 100
    assert line_of(ax, True).get_xdata()[-1] == 4999


def test_truth_at_the_times_of_the_forecast_is_drawn_too():
    ax = plot_forecast(Naive().fit(Y[:24]).predict(6), history=Y)
    assert line_of(ax, True).get_xdata()[-1] == line_of(ax).get_xdata()[-1]


def test_a_history_with_gaps_breaks():
    gappy = Y.drop(Y.index[10:14])
    ax = plot_forecast(Naive().fit(Y).predict(3), history=gappy)
    assert np.isnan(line_of(ax, True).get_ydata()).sum() == 4


def test_a_history_of_periods_fits_a_forecast_of_dates():
    ax = plot_forecast(Naive().fit(Y).predict(3), history=Y.to_period("M"))
    assert line_of(ax, True).get_xdata()[-1] < line_of(ax).get_xdata()[0]


def test_one_step_is_a_point_with_its_interval():
    ax = plot_forecast(Naive().fit(Y).predict(1, level=80), history=Y)
    assert ax.lines[-1].get_marker() == "o"
    bar = ax.collections[-1]
    assert np.ptp(bar.get_segments()[0][:, 1]) > 0


def test_polars_frames_are_drawn():
    polars = pytest.importorskip("polars")
    found = Naive().fit(LONG).predict(3, level=80)
    figure = plot_forecast(polars.from_pandas(found))
    assert len(figure.axes) == 3


@pytest.mark.parametrize(
    ("forecast", "options", "error", "words"),
    [
        (Naive().fit(WIDE).predict(3), {"series": "x"}, UnknownNameError, "No series is called 'x'"),
        (Naive().fit(WIDE).predict(3), {"series": []}, ParameterError, "series is empty"),
        (Naive().fit(WIDE).predict(3), {"ax": Figure().subplots()}, ParameterError, "ax is one Axes"),
        (np.ones(3), {}, DataError, "give history="),
        (np.ones((3, 2)), {"history": WIDE}, DataError, r"\(3, 2\); \(horizon,\) or \(horizon, 3\)"),
        (np.ones(3), {"history": WIDE}, DataError, "history of 3 series"),
        (Y.iloc[:3], {"history": Y.to_numpy()}, DataError, "not of one series"),
        (pd.DataFrame(), {}, DataError, "no forecasts"),
        (pd.DataFrame({"unique_id": ["a"], "ds": [1], "p-0": [0.5]}), {}, DataError, "'mean' or 'q0.5'"),
        ("text", {}, ContainerTypeError, "holds no forecasts"),
    ],
)
def test_what_cannot_be_drawn_is_told(forecast, options, error, words):
    with pytest.raises(error, match=words):
        plot_forecast(forecast, **options)
