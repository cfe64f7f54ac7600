"""Pictures of a run show its numbers, hold with any number of models, series and failures, and are not cut off."""

import dataclasses
import functools
import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tsforecast import ARIMA, Drift, HistoricAverage, Naive, RollingOrigin, SeasonalNaive
from tsforecast.backtest import backtest
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.plots.style import model_style

PICTURES = ("ranking", "ranks", "steps", "calibration", "cost", "seeds", "series_errors")


class Noisy(Naive):
    """Naive forecasts with a random shift, the same for all series."""

    def __init__(self, size=0.1, random_state=0):
        self.size, self.random_state = size, random_state

    def _predict(self, panel, horizon, X, levels):
        plain = super()._predict(panel, horizon, X, levels)
        shift = self.size * np.random.default_rng(self.random_state).normal()
        return dataclasses.replace(plain, mean=plain.mean + shift, quantiles=plain.quantiles + shift)


class Fails(Naive):
    """Fails on every series."""

    def _predict(self, panel, horizon, X, levels):
        raise ValueError("no forecast")


def frame(n_series, n=44, seed=0):
    values = np.random.default_rng(seed).normal(size=(n, n_series)).cumsum(axis=0) + 20
    values += 5 * np.tile(np.arange(4.0), n // 4)[:, None]
    return pd.DataFrame(
        values, index=pd.date_range("2015-01", periods=n, freq="QS"), columns=[f"s{i}" for i in range(n_series)]
    )


MANY = {
    "SeasonalNaive": SeasonalNaive(4),
    "Naive": Naive(),
    "a model with a very long name(season_length=12, order=(1, 1, 1))": Drift(),
    "_hidden in US$ and A$": Noisy(0.1),
    "HistoricAverage": HistoricAverage(),
    "exploding": Noisy(1e4),
    "fails": Fails(),
    **{f"Noisy({k})": Noisy(k) for k in range(1, 6)},
}


@functools.cache
def run(n_models, n_series):
    models = dict(list(MANY.items())[:n_models])
    cv = RollingOrigin(4, n_windows=3)
    return backtest(models, frame(n_series), cv=cv, season_length=4, seeds=2 if n_models > 3 else 1)


@functools.cache
def alone():
    return backtest(Drift(), np.arange(12.0) ** 1.1, cv=RollingOrigin(1, n_windows=3, step_size=3))


def axes_of(result, name):
    return getattr(result, f"plot_{name}")()


def tick_labels(ax, axis):
    """The labels that are seen: of ticks within the limits."""
    least, most = sorted(getattr(ax, f"get_{axis}lim")())
    labels = getattr(ax, f"get_{axis}ticklabels")()
    places = getattr(ax, f"get_{axis}ticks")()
    return [text for text, at in zip(labels, places, strict=True) if text.get_text() and least <= at <= most]


def overlaps(texts):
    boxes = [text.get_window_extent().shrunk(0.97, 0.9) for text in texts]
    return [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :] if a.overlaps(b)]


def holds(box, other):
    return box.x0 <= other.x0 and other.x1 <= box.x1 and box.y0 <= other.y0 and other.y1 <= box.y1


def is_within(values, limits):
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return ((known >= min(limits)) & (known <= max(limits))).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 30), (12, 1), (12, 30)])
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_cut_off_and_no_labels_overlap(name, shape):
    if name in ("ranks", "series_errors") and shape[0] == 1:
        pytest.skip("one model is compared with none")
    ax = axes_of(run(*shape), name)
    ax.figure.draw_without_rendering()
    whole = ax.figure.bbox.padded(1.0)
    ticks = {axis: tick_labels(ax, axis) for axis in "xy"}
    title = next(text for text in ax.get_children() if getattr(text, "get_text", str)() == ax.get_title(loc="left"))
    seen = [*ticks["x"], *ticks["y"], title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
    assert [text for text in seen if text.get_text() and not holds(whole, text.get_window_extent())] == []
    assert overlaps(ticks["x"]) == overlaps(ticks["y"]) == []
    if ax.get_legend() is not None:
        box = ax.get_legend().get_window_extent()
        assert box.x0 >= ax.bbox.x1 and holds(whole, box)
    drawn = [line for line in ax.lines if line.get_transform() == ax.transData]
    assert all(is_within(line.get_xdata(), ax.get_xlim()) for line in drawn)
    assert all(is_within(line.get_ydata(), ax.get_ylim()) for line in drawn)


@pytest.mark.parametrize("name", [*PICTURES, "forecasts"])
def test_a_picture_is_finished_without_arguments_and_saves_as_pdf(name):
    drawn = axes_of(run(3, 30), name)
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    for ax in figure.axes:
        assert ax.get_title(loc="left")
    if name != "forecasts":
        assert drawn.get_xlabel()
    file = io.BytesIO()
    figure.savefig(file, format="pdf")
    assert b"/Type3" not in file.getvalue()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_on_the_axes_of_the_caller(name):
    ax = Figure(figsize=(7, 5)).subplots()
    assert getattr(run(3, 30), f"plot_{name}")(ax) is ax
    assert ax.has_data()


@pytest.mark.parametrize("name", [name for name in PICTURES if name not in ("ranks", "series_errors")])
def test_one_model_one_series_and_one_step_are_drawn(name):
    assert axes_of(alone(), name).has_data()


def test_a_comparison_of_one_model_is_refused():
    with pytest.raises(DataError, match="two models"):
        alone().plot_ranks()
    with pytest.raises(DataError, match="no model but"):
        alone().plot_series_errors()


def test_a_model_has_one_colour_everywhere():
    result = run(12, 30)
    place = {name: k for k, name in enumerate(result.models)}
    colours = {name: model_style(k).colour for name, k in place.items()}
    for ax, names in (
        (result.plot_ranking(), result.leaderboard()["model"]),
        (result.plot_seeds(), result.leaderboard()["model"]),
    ):
        for row, name in enumerate(names):
            own = {
                to_hex(line.get_color())
                for line in ax.lines
                if line.get_transform() == ax.transData
                and len(line.get_ydata())
                and np.round(line.get_ydata()[0]) == row
            }
            assert own <= {colours[name]}
    legend = result.plot_cost().get_legend()
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if text.get_text() in colours:
            assert to_hex(handle.get_color()) == colours[text.get_text()]
    lines = {line.get_label(): to_hex(line.get_color()) for line in result.plot_steps().lines}
    assert all(colours[name] == colour for name, colour in lines.items() if name in colours)


def test_the_ranking_shows_skill_and_intervals_of_the_leaderboard():
    result = run(12, 30)
    board, ax = result.leaderboard(), result.plot_ranking()
    bars, points = ax.lines[1::2], ax.lines[2::2]
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], board["skill"])
    np.testing.assert_allclose([line.get_xdata() for line in bars], board[["skill_low", "skill_high"]])
    assert ax.lines[0].get_xdata()[0] == 0.0
    assert [text.get_text() for text in ax.texts].count("no score") == 1


def test_the_baseline_can_be_named_and_without_a_usual_one_is_the_best():
    ax = run(12, 30).plot_ranking(baseline="Noisy(1)")
    assert ax.get_title(loc="left") == "Skill against Noisy(1)"
    result = backtest(
        {"a": Drift(), "b": HistoricAverage()}, frame(3), cv=RollingOrigin(2, n_windows=2), season_length=4
    )
    best = result.leaderboard()["model"].iloc[0]
    assert result.plot_ranking().get_title(loc="left") == f"Skill against {best}"


@pytest.mark.parametrize("shape", [(3, 30), (12, 30), (12, 1)])
def test_bars_of_ranks_are_the_groups_of_the_decision(shape):
    result = run(*shape)
    ax, decision = result.plot_ranks(), result.decision()
    rows = [decision.models[i] for i in np.argsort(decision.means, kind="stable")]
    bars = [line for line in ax.lines if str(line.get_label()).startswith("_group")]
    found = [rows[round(line.get_ydata()[0] + 0.22) : round(line.get_ydata()[1] - 0.22) + 1] for line in bars]
    assert found == [group for group in decision.groups() if len(group) > 1]
    for group in found:
        assert all(decision.conclusion(a, b) == "undecided" for a in group for b in group if a != b)


def test_steps_are_those_of_the_table_and_bands_are_around_them():
    result = run(3, 30)
    ax, table = result.plot_steps(), result.steps()
    for line in ax.lines:
        np.testing.assert_allclose(line.get_ydata(), table.loc[line.get_label()])
    assert len(ax.collections) == 3
    assert ax.get_ylim()[0] == 0.0


def test_the_band_of_steps_is_students_interval_over_series():
    from scipy import stats

    result = run(2, 30)
    rows = result.forecasts_of("Naive")
    error = ((rows["y"] - rows["mean"]).abs() / rows["scale"]).groupby([rows["unique_id"], rows["h"]]).mean().unstack()
    low, high = stats.t.interval(0.95, 29, error.mean(), stats.sem(error))
    band = result.plot_steps().collections[1].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([band.min(), band.max()], [low.min(), high.max()])


def test_calibration_shows_coverage_with_its_interval_and_the_levels():
    result = run(3, 30)
    ax, table = result.plot_calibration(), result.calibration()
    table = table[table["h"] == 0].set_index(["model", "level"])
    points = [line.get_xdata()[0] for line in ax.lines if line.get_marker() not in ("None", None, "")]
    np.testing.assert_allclose(points, [table.loc[(m, p), "coverage"] for m in result.models for p in (80.0, 95.0)])
    assert {80.0, 95.0} <= {line.get_xdata()[0] for line in ax.lines}


def test_many_levels_are_a_line_against_the_diagonal():
    levels = [10, 50, 80, 90, 95]
    result = backtest([Naive(), Drift()], frame(5), cv=RollingOrigin(2, n_windows=3), level=levels)
    ax = result.plot_calibration()
    table = result.calibration()
    own = table[(table["h"] == 0) & (table["model"] == "Drift")]
    line = next(line for line in ax.lines if line.get_label() == "Drift")
    np.testing.assert_allclose(line.get_ydata(), own.sort_values("level")["coverage"])
    assert len(result.plot_calibration(models=["Naive"]).lines) == 2


def test_dots_of_series_are_their_ratios_and_strata_divide_them():
    result = run(3, 30)
    ax = result.plot_series_errors()
    scores = result.cells.groupby(["model", "unique_id"])["mase"].mean().unstack("model")
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0].get_xdata(), np.sort(scores["Naive"] / scores["SeasonalNaive"]))
    assert ax.get_xscale() == "log"
    by = {f"s{i}": "even" if i % 2 == 0 else "odd" for i in range(30)}
    divided = [line for line in result.plot_series_errors(by=by).lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in divided] == [15, 15, 15, 15]


def test_a_series_without_error_is_a_triangle_at_the_edge():
    y = pd.DataFrame({"flat": np.ones(20), "steps": np.arange(20.0) ** 2})
    result = backtest([Naive(), Drift()], y, cv=RollingOrigin(2, n_windows=2), metrics=["mae"], level=())
    assert result.plot_series_errors(baseline="Drift").has_data()  # 0 / 0 is no ratio
    exact = backtest([Naive(), Drift()], pd.DataFrame({"line": np.arange(20.0), "steps": np.arange(20.0) ** 2}),
                     cv=RollingOrigin(2, n_windows=2), metrics=["mae"], level=())  # fmt: skip
    assert "<" in {line.get_marker() for line in exact.plot_series_errors().lines}


def test_cost_joins_the_models_that_no_other_beats():
    result = run(3, 30)
    ax, table = result.plot_cost(), result.cost()
    front = next(line for line in ax.lines if line.get_label() == "_front")
    assert sorted(front.get_ydata()) == sorted(table.loc[table["on_front"], "score"])
    assert ax.get_xscale() == "log"


def test_every_seed_is_a_dot():
    ax = run(12, 30).plot_seeds()
    dots = {line.get_label(): len(line.get_xdata()) for line in ax.lines if not str(line.get_label()).startswith("_m")}
    assert dots["Noisy(1)"] == 2 and dots["Naive"] == 1 and dots["fails"] == 0


def test_a_metric_or_model_that_is_not_there_is_refused():
    result = run(3, 30)
    for name in ("ranking", "ranks", "cost", "seeds", "series_errors"):
        with pytest.raises(UnknownNameError, match="nothing"):
            getattr(result, f"plot_{name}")(metric="nothing")
    for name in ("ranking", "series_errors"):
        with pytest.raises(UnknownNameError, match="nobody"):
            getattr(result, f"plot_{name}")(baseline="nobody")
    with pytest.raises(UnknownNameError, match="nobody"):
        result.plot_calibration(models=["nobody"])
    with pytest.raises(ParameterError):
        result.plot_ranking(metric="coverage-80")


@pytest.mark.parametrize("name", [*PICTURES, "forecasts"])
def test_a_run_in_which_all_failed_is_refused_in_words(name):
    result = backtest({"fails": Fails(), "too": Fails()}, frame(2), cv=RollingOrigin(2), season_length=4)
    with pytest.raises(DataError):
        axes_of(result, name)


def test_residuals_and_training_are_refused_where_no_model_tells_of_them():
    for plot in (run(3, 30).plot_residuals, run(3, 30).plot_training):
        with pytest.raises(DataError, match="No model of this run tells"):
            plot()


def test_residuals_are_the_pvalues_of_the_fits():
    result = backtest([Naive(), ARIMA((1, 0, 0))], frame(4), cv=RollingOrigin(2), season_length=4, level=())
    ax = result.plot_residuals()
    (dots,) = (line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(dots.get_xdata(), result.fits(["ljung_box_pvalue"])["value"])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["ARIMA"]
