"""Series over time, their seasons, and the windows of a backtest."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.model_selection import TimeSeriesSplit

from tsforecast import Panel, RollingOrigin, load, plot_cutoffs, plot_seasons, plot_series
from tsforecast.exceptions import DataError, ParameterError, SeriesTooShortError, UnknownNameError

MONTHS = pd.date_range("2020-01", periods=30, freq="MS")
Y = pd.Series(np.arange(30.0), index=MONTHS, name="sales")
WIDE = pd.DataFrame({"a": Y, "b": Y + 1, "c": 2 * Y})


@pytest.mark.parametrize("y", [Y, Y.to_numpy(), Panel.from_series(Y), Y.to_frame()])
def test_one_series_is_one_line_of_its_values(y):
    ax = plot_series(y)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_ydata(), Y)
    assert ax.get_legend() is None


def test_a_gap_is_no_line_whether_rows_or_values_are_missing():
    absent, empty = Y.drop(Y.index[5:8]), Y.where(~Y.isin([5, 6, 7]))
    for y in (absent, empty, absent.rename_axis("ds").rename("y").reset_index()):
        line = plot_series(y).lines[0]
        assert len(line.get_ydata()) == 30
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(line.get_ydata())), [5, 6, 7])


def test_a_few_series_have_a_name_each_and_many_a_number():
    few = plot_series(WIDE)
    assert [text.get_text() for text in few.get_legend().get_texts()] == ["a", "b", "c"]
    assert len({line.get_color() for line in few.lines}) == 3
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 401)), columns=[f"s{i}" for i in range(401)])
    ax = plot_series(many)
    assert ax.get_legend() is None and ax.get_title(loc="left") == "401 series"
    assert len(ax.lines) == 134  # every third


def test_series_of_very_different_sizes_have_a_logarithmic_axis():
    assert plot_series(pd.DataFrame({"a": Y + 1, "b": 1000 * (Y + 1)})).get_yscale() == "log"
    assert plot_series(pd.DataFrame({"a": Y - 1, "b": 1000 * (Y + 1)})).get_yscale() == "linear"


def test_some_series_are_drawn_on_the_axes_given():
    ax = Figure().subplots()
    assert plot_series(WIDE, series=["c", "a"], ax=ax) is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), WIDE["c"])
    with pytest.raises(UnknownNameError, match="'x'"):
        plot_series(WIDE, series="x")


def test_seasons_begin_with_the_calendar_and_hold_every_value():
    y = pd.Series(np.arange(30.0), index=pd.date_range("2020-03", periods=30, freq="MS"))
    upper, lower = plot_seasons(y).axes
    rows = [line.get_ydata() for line in upper.lines if len(line.get_ydata()) == 12]
    assert [int(np.isfinite(row).sum()) for row in rows] == [10, 12, 8]
    assert np.isnan(rows[0][:2]).all() and rows[0][2] == 0.0
    assert [text.get_text() for text in upper.get_xticklabels()][:3] == ["Jan", "Feb", "Mar"]
    below = lower.lines[0].get_ydata()
    np.testing.assert_array_equal(np.sort(below[np.isfinite(below)]), y)


def test_means_of_periods_are_drawn_and_periods_are_not_joined():
    _, lower = plot_seasons(load("airline").series).axes
    means = load("airline").series.groupby(load("airline").series.index.month).mean()
    np.testing.assert_allclose([segment[0, 1] for segment in lower.collections[0].get_segments()], means)
    x, y = lower.lines[0].get_data()
    joined = np.isfinite(y[1:]) & np.isfinite(y[:-1])
    assert (np.round(x[1:][joined]) == np.round(x[:-1][joined])).all()


def test_a_long_season_is_a_band():
    y = np.random.default_rng(0).normal(size=200)
    upper, lower = plot_seasons(y, season_length=48).axes
    assert len(lower.collections) == 1 and len(lower.lines) == 1
    assert len(upper.get_xticks()) <= 12


@pytest.mark.parametrize(
    ("y", "options", "words"),
    [
        (np.arange(30.0), {}, "no usual season; give season_length="),
        (Y[:12], {}, "12 observations"),
        (Y, {"season_length": 1}, "season_length"),
        (WIDE, {"series": ["a", "b"]}, "2 series"),
    ],
)
def test_a_series_without_season_is_refused(y, options, words):
    with pytest.raises(ParameterError, match=words):
        plot_seasons(y, **options)


def spans(ax, name):
    """Left and right end of each bar of a kind, by row."""
    bars = next(group for group in ax.containers if group.get_label() == name)
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]


OURS = RollingOrigin(3, n_windows=4, gap=2, max_train_size=8)
THEIRS = TimeSeriesSplit(4, gap=2, test_size=3, max_train_size=8)


@pytest.mark.parametrize("cv", [OURS, THEIRS])
def test_windows_are_bars_over_their_rows_with_the_gap_between(cv):
    y = np.arange(30.0)
    ax = plot_cutoffs(cv, y)
    rows = list(cv.split(y))
    np.testing.assert_allclose(spans(ax, "train"), [(train[0] - 0.5, train[-1] + 0.5) for train, _ in rows])
    np.testing.assert_allclose(spans(ax, "test"), [(test[0] - 0.5, test[-1] + 0.5) for _, test in rows])
    np.testing.assert_allclose(spans(ax, "gap"), [(train[-1] + 0.5, test[0] - 0.5) for train, test in rows])
    assert [text.get_text() for text in ax.get_yticklabels()] == [str(train[-1]) for train, _ in rows]


def test_without_a_gap_none_is_drawn_and_limits_hold_all_bars():
    ax = plot_cutoffs(RollingOrigin(3, n_windows=40, step_size=1), np.arange(60.0))
    assert {group.get_label() for group in ax.containers} == {"train", "test"}
    assert len(ax.get_yticks()) <= 16
    ends = np.array(spans(ax, "train") + spans(ax, "test"))
    assert ax.get_xlim()[0] <= ends.min() and ends.max() <= ax.get_xlim()[1]


def test_cutoffs_of_dates_are_written_as_dates():
    ax = plot_cutoffs(RollingOrigin(3, n_windows=2), WIDE, series="b")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["2021-12", "2022-03"]
    assert ax.get_title(loc="left") == "2 cutoffs of b"


def test_a_short_series_or_a_splitter_without_rows_is_refused():
    with pytest.raises(SeriesTooShortError):
        plot_cutoffs(RollingOrigin(30), np.arange(9.0))

    class Nothing:
        def split(self, X):
            return iter(())

    with pytest.raises(DataError, match="no cutoff"):
        plot_cutoffs(Nothing(), np.arange(9.0))
    with pytest.raises(ParameterError, match="cv=None is no splitter"):
        plot_cutoffs(None, np.arange(9.0))


@pytest.mark.parametrize(
    ("start", "freq", "length", "first"),
    [("2024-01-03", "D", 7, "Mon"), ("2024-01-03 05:00", "h", 24, "0h"), ("2024-04-01", "QS", 4, "Q1")],
)
def test_periods_have_the_names_of_the_calendar(start, freq, length, first):
    y = pd.Series(np.arange(60.0), index=pd.date_range(start, periods=60, freq=freq))
    upper, _ = plot_seasons(y).axes
    assert upper.get_xticklabels()[0].get_text() == first
    assert len(next(line for line in upper.lines if len(line.get_ydata()) > 1).get_ydata()) == length
