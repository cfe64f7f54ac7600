"""Every metric against a hand-computed example and a slow definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsforecast.backtest.plan.settings import check_metrics
from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics import interval, point, quantile
from tsforecast.metrics.choose import METRIC_NAMES, choose_metrics, score_facts, usual_facts
from tsforecast.metrics.metric import Metric
from tsforecast.metrics.scale import seasonal_scale

NAN = float("nan")
Y = np.array([[2.0, 4.0, NAN], [0.0, 0.0, 5.0], [NAN, NAN, NAN]])
F = np.array([[1.0, 6.0, 9.0], [0.0, 1.0, 5.0], [1.0, 1.0, 1.0]])
SCALE = np.array([2.0, NAN, 1.0])
numbers = st.floats(-1e3, 1e3).map(lambda v: round(v, 3))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (point.bias, [0.5, 1 / 3, NAN]),
        (point.mae, [1.5, 1 / 3, NAN]),
        (point.mse, [2.5, 1 / 3, NAN]),
        (point.rmse, [2.5**0.5, (1 / 3) ** 0.5, NAN]),
        (point.mape, [50.0, NAN, NAN]),
        (point.smape, [(200 / 3 + 40) / 2, 200 / 3, NAN]),
        (point.wape, [0.5, 0.2, NAN]),
    ],
)
def test_point_metric_equals_the_hand_computed_example(function, expected):
    np.testing.assert_allclose(function(Y, F), expected, rtol=1e-14)


def test_scaled_metrics_divide_by_the_scale_and_are_nan_where_it_is():
    np.testing.assert_allclose(point.mase(Y, F, SCALE), [0.75, NAN, NAN])
    np.testing.assert_allclose(point.rmsse(Y, F, SCALE), [1.25**0.5, NAN, NAN])
    assert np.isnan(point.mase(Y, F, np.zeros(3))).all()


def test_quantile_metrics_equal_the_hand_computed_example():
    y, q, levels = np.array([[10.0, NAN]]), np.array([[[8.0, 11.0], [0.0, 0.0]]]), np.array([0.2, 0.5])
    np.testing.assert_allclose(quantile.pinball(y, q, levels), [(0.2 * 2 + 0.5 * 1) / 2])
    np.testing.assert_allclose(quantile.crps(y, q, levels), [0.9])
    np.testing.assert_allclose(quantile.wql(y, q, levels), [0.09])


def test_quantile_metrics_without_quantiles_or_of_zeros_are_nan():
    assert np.isnan(quantile.pinball(np.ones((2, 3)), np.empty((2, 3, 0)), np.empty(0))).all()
    assert np.isnan(quantile.wql(np.zeros((1, 2)), np.ones((1, 2, 1)), np.array([0.5]))).all()


def test_interval_metrics_equal_the_hand_computed_example():
    y = np.array([[1.0, 5.0, 3.0, NAN]])
    low, high = np.array([[1.0, 1.0, 4.0, 0.0]]), np.array([[2.0, 3.0, 6.0, 9.0]])
    np.testing.assert_allclose(interval.coverage(y, low, high), [100 / 3])
    np.testing.assert_allclose(interval.width(y, low, high), [5 / 3])
    by_hand = ((1) + (2 + 20 * 2) + (2 + 20 * 1)) / 3  # alpha = 0.1: 2 / alpha = 20
    np.testing.assert_allclose(interval.interval_score(y, low, high, 90), [by_hand])
    np.testing.assert_allclose(interval.msis(y, low, high, 90, np.array([5.0])), [by_hand / 5])


@settings(deadline=None)
@given(arrays(float, (2, 5), elements=numbers), arrays(float, (2, 5), elements=numbers))
def test_smape_equals_its_definition_and_stays_between_0_and_200(y, f):
    def term(a, b):
        return 0.0 if a == b == 0 else 200 * abs(a - b) / (abs(a) + abs(b))

    expected = [np.mean([term(a, b) for a, b in zip(*pair, strict=True)]) for pair in zip(y, f, strict=True)]
    np.testing.assert_allclose(point.smape(y, f), expected, rtol=1e-12, atol=1e-12)
    assert ((point.smape(y, f) >= 0) & (point.smape(y, f) <= 200 + 1e-9)).all()


@settings(deadline=None)
@given(arrays(float, (2, 3), elements=numbers), arrays(float, (2, 3, 4), elements=numbers))
def test_pinball_equals_its_definition(y, q):
    levels = np.array([0.1, 0.4, 0.5, 0.95])
    total = np.zeros(2)
    for i, h, j in np.ndindex(q.shape):
        error = y[i, h] - q[i, h, j]
        total[i] += levels[j] * error if error >= 0 else (1 - levels[j]) * -error
    np.testing.assert_allclose(quantile.pinball(y, q, levels), total / 12, rtol=1e-12, atol=1e-12)


@settings(deadline=None)
@given(arrays(float, (1, 6), elements=numbers), arrays(float, (1, 6), elements=numbers), st.floats(0.01, 100))
def test_mase_does_not_depend_on_the_unit(y, f, factor):
    scale = np.array([3.0])
    np.testing.assert_allclose(
        point.mase(y * factor, f * factor, scale * factor), point.mase(y, f, scale), rtol=1e-9, atol=1e-12
    )


def test_pinball_at_the_median_is_half_the_absolute_error():
    rng = np.random.default_rng(0)
    y, f = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    np.testing.assert_allclose(2 * quantile.pinball(y, f[:, :, None], np.array([0.5])), point.mae(y, f))


@settings(deadline=None)
@given(
    st.lists(st.lists(st.one_of(numbers, st.just(NAN)), min_size=1, max_size=9), min_size=1, max_size=4),
    st.integers(1, 4),
    st.booleans(),
)
def test_seasonal_scale_equals_its_definition(series, season, squared):
    values = np.concatenate([np.array(s) for s in series])
    indptr = np.cumsum([0, *map(len, series)])
    expected = []
    for s in series:
        changes = [abs(s[t] - s[t - season]) ** (2 if squared else 1) for t in range(season, len(s))]
        known = [c for c in changes if not np.isnan(c)]
        mean = sum(known) / len(known) if known else NAN
        expected.append(mean if mean > 0 else NAN)
    got = seasonal_scale(values, indptr, season, squared=squared)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    stop = np.array([len(s) // 2 + 1 for s in series])
    halves = [np.array(s)[:n] for s, n in zip(series, stop, strict=True)]
    apart = seasonal_scale(np.concatenate(halves), np.cumsum([0, *stop]), season, squared=squared)
    np.testing.assert_array_equal(seasonal_scale(values, indptr, season, squared=squared, stop=stop), apart)


def test_an_interval_that_is_not_there_is_no_miss():
    y, low, high = np.array([[1.0, 2.0], [1.0, NAN]]), np.array([[0.0, NAN], [0.0, NAN]]), np.array([[2.0, 9.0]] * 2)
    np.testing.assert_array_equal(interval.coverage(y, low, high), [NAN, 100.0])
    np.testing.assert_array_equal(interval.coverage(-y, -high, -low), [NAN, 100.0])
    np.testing.assert_array_equal(interval.coverage(y, low, np.full((2, 2), 9.0)), [NAN, 100.0])
    for function in (interval.width, lambda *a: interval.interval_score(*a, 80)):
        assert np.isnan(function(y, low, high)).tolist() == [True, False]


pooled_cases = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(deadline=None)
@given(pooled_cases)
def test_pooled_metrics_equal_their_definitions_over_all_series(rng):
    y, f = rng.normal(5, 3, (4, 6)).round(1), rng.normal(5, 3, (4, 6)).round(1)
    y[rng.random(y.shape) < 0.2] = NAN
    y[3] = rng.choice([0.0, NAN])
    scale, levels, q = rng.uniform(1, 9, 4), np.array([0.1, 0.5, 0.9]), np.sort(rng.normal(5, 3, (4, 6, 3)), axis=2)
    error, size, square, scaled, loss, n = 0.0, 0.0, 0.0, 0.0, 0.0, 0
    for i, h in np.argwhere(~np.isnan(y)):
        error, size, n = error + abs(y[i, h] - f[i, h]), size + abs(y[i, h]), n + 1
        square, scaled = square + (y[i, h] - f[i, h]) ** 2, scaled + (y[i, h] - f[i, h]) ** 2 / scale[i]
        for level, value in zip(levels, q[i, h], strict=True):  # mean_wQuantileLoss: 2 |(f - y) ((y <= f) - q)|
            loss += 2 * abs((value - y[i, h]) * (float(y[i, h] <= value) - level)) / levels.size
    near = {"rtol": 1e-9, "atol": 1e-12}  # sums in another order
    np.testing.assert_allclose(point.pooled(*point.pooled_wape(y, f)), error / size, **near)
    np.testing.assert_allclose(point.pooled(*point.pooled_rmse(y, f), root=True), np.sqrt(square / n), **near)
    np.testing.assert_allclose(point.pooled(*point.pooled_rmsse(y, f, scale), root=True), np.sqrt(scaled / n), **near)
    np.testing.assert_allclose(point.pooled(*quantile.pooled_wql(y, q, levels)), loss / size, **near)


def test_a_pooled_metric_of_one_series_is_that_of_the_series():
    rng = np.random.default_rng(3)
    y, f, q = rng.normal(5, 1, (1, 7)), rng.normal(5, 1, (1, 7)), np.sort(rng.normal(5, 1, (1, 7, 2)), axis=2)
    levels, scale = np.array([0.1, 0.9]), np.array([2.0])
    assert point.pooled(*point.pooled_wape(y, f)) == pytest.approx(point.wape(y, f)[0])
    assert point.pooled(*point.pooled_rmsse(y, f, scale), root=True) == pytest.approx(point.rmsse(y, f, scale)[0])
    assert point.pooled(*quantile.pooled_wql(y, q, levels)) == pytest.approx(quantile.wql(y, q, levels)[0])


def test_pooled_parts_without_quantiles_or_scale_are_nan_and_without_truth_nothing():
    assert np.isnan(quantile.pooled_wql(np.ones((2, 3)), np.empty((2, 3, 0)), np.empty(0))[0]).all()
    assert np.isnan(point.pooled_rmsse(Y, F, SCALE)).tolist() == [[False, True, False]] * 2
    assert point.pooled_wape(Y, F)[0][2] == point.pooled_wape(Y, F)[1][2] == 0
    assert np.isnan(point.pooled(np.zeros(2), np.zeros(2)))


def test_seasonal_naive_scores_a_mase_of_one_on_its_own_training_data():
    y = np.random.default_rng(1).normal(size=40)
    scale = seasonal_scale(y, np.array([0, 40]), 4)
    np.testing.assert_allclose(point.mase(y[None, 4:], y[None, :-4], scale), [1.0])


def test_metrics_are_chosen_by_name_whatever_the_case_and_taken_as_given():
    own = Metric("worst", lambda y_true, y_pred: np.abs(y_true - y_pred).max(axis=1))
    assert [m.name for m in choose_metrics(["MASE", own])] == ["mase", "worst"]
    assert [m.name for m in choose_metrics(METRIC_NAMES)] == list(METRIC_NAMES)
    assert [m.name for m in choose_metrics("mase")] == ["mase"]


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_every_metric_has_a_title_and_a_meaning_of_its_own_and_scores_a_try(name):
    (metric,) = choose_metrics([name])
    others = [m.title for m in choose_metrics(METRIC_NAMES) if m is not metric]
    assert metric.title is not None and metric.title not in others
    assert metric.meaning != Metric("own", abs).meaning
    check_metrics([metric], [80], np.array([0.1, 0.9]), 2, 3, usual=False)
    for column, about in metric.columns([80]).items():
        assert usual_facts(column) == about or column.endswith(":below")


@pytest.mark.parametrize(
    "facts",
    [
        {"name": ""},
        {"function": 3},
        {"kind": "points"},
        {"scale": "cubed"},
        {"best": "largest"},
        {"best": True},
        {"best": float("nan")},
        {"best": "level"},
        {"root": True},
    ],
)
def test_facts_of_a_metric_that_make_no_sense_are_refused(facts):
    with pytest.raises(ParameterError):
        Metric(**({"name": "own", "function": abs} | facts))


@pytest.mark.parametrize(
    "function",
    [
        lambda y, f: 1.0,
        lambda y, f: y - f,
        lambda y, f: ["a", "b"],
        lambda y, f: 1 / 0,
        lambda y: y[:, 0],
        lambda y, f: (y[:, 0], f[:, 0]),
    ],
)
def test_a_metric_that_gives_no_score_for_each_series_is_refused_by_name(function):
    with pytest.raises(ParameterError, match="'mine'"):
        check_metrics([Metric("mine", function)], [80], np.array([0.1, 0.9]), 2, 3, usual=False)


def test_columns_of_one_name_and_quantile_metrics_without_quantiles_are_refused():
    with pytest.raises(ParameterError, match="coverage-80"):
        score_facts([*choose_metrics(["coverage"]), Metric("coverage-80", abs)], [80])
    with pytest.raises(ParameterError, match="wql needs quantiles"):
        check_metrics(choose_metrics(["wql"]), [], np.empty(0), 2, 3, usual=False)


def test_a_name_with_a_dash_keeps_its_own_facts():
    own = Metric("coverage-like", abs, title="Mine", best="greatest")
    assert own.columns([80])["coverage-like"].title == "Mine"
    assert usual_facts("coverage-like").title == "coverage-like"


def test_unknown_metric_is_an_error_that_tells_a_near_name():
    with pytest.raises(UnknownNameError, match="'msae'; did you mean mse or"):
        choose_metrics(["msae"])


@pytest.mark.parametrize("metrics", [[], ["mase", "mase"], [3]])
def test_metrics_that_make_no_sense_are_refused(metrics):
    with pytest.raises(ParameterError):
        choose_metrics(metrics)
