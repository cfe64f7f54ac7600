"""What `update` takes, what it refuses and with which words, and what is held of what it took."""

import copy
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tsforecast import ARIMA, Conformal, Drift, Ensemble, Naive, Panel, SeasonalNaive, load_forecaster
from tsforecast.exceptions import (
    ContainerTypeError,
    CovariateError,
    DataError,
    DisorderError,
    DuplicateTimeError,
    FrequencyError,
    GapError,
    MissingValuesError,
    ParameterError,
    UnknownNameError,
    UnusedRowWarning,
)

DAYS = pd.date_range("2024-01-01", periods=40, freq="D")
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(40, 2)).cumsum(axis=0) + 50, index=DAYS, columns=["a", "b"])
LONG = FRAME.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")
ONE = FRAME["a"]
CUT = 30


def long_rows(begin, end):
    return LONG[(LONG["ds"] >= DAYS[begin]) & (LONG["ds"] < DAYS[end - 1] + pd.Timedelta(days=1))]


def containers(begin, end):
    """Two series from one day to another, in every container."""
    wide, long = FRAME.iloc[begin:end], long_rows(begin, end)
    return {
        "wide": wide,
        "long": long,
        "panel": Panel.from_wide(wide, freq="D"),
        "matrix": wide.to_numpy(),
        "lists": wide.to_numpy().tolist(),
        "polars": pl.from_pandas(long),
        "lazy": pl.from_pandas(long).lazy(),
        "wide of polars": pl.from_pandas(wide.rename_axis("ds").reset_index()),
        "arrow": pa.Table.from_pandas(long, preserve_index=False),
        "text times": long.assign(ds=long["ds"].astype(str)),
    }


def single(begin, end):
    """One series in every container, as the only one of a forecaster."""
    y = ONE.iloc[begin:end]
    return {
        "series": y,
        "unnamed": y.rename(None),
        "array": y.to_numpy(),
        "list": y.tolist(),
        "column": y.to_numpy()[:, None],
        "wide": y.to_frame(),
        "nameless long": y.rename("y").rename_axis("ds").reset_index(),
        "polars series": pl.Series(y.tolist()),
    }


def points(forecast):
    return forecast.mean


@pytest.mark.parametrize("given", containers(0, 1))
@pytest.mark.parametrize("fitted", ["wide", "long", "panel"])
def test_news_come_in_any_container(fitted, given):
    model = Drift().fit(containers(0, CUT)[fitted])
    want = Drift().fit(FRAME).forecast(3)
    kind = type(model.predict(2))
    model.update(containers(CUT, 36)[given]).update(containers(36, 40)[given])
    got = model.forecast(3)
    np.testing.assert_allclose(got.mean, want.mean, rtol=1e-12)
    assert got.cutoff.equals(want.cutoff) and type(model.predict(2)) is kind


@pytest.mark.parametrize("given", single(0, 2))
def test_news_of_the_only_series_come_in_any_container(given):
    model = Drift().fit(ONE.iloc[:CUT]).update(single(CUT, 40)[given])
    np.testing.assert_allclose(model.predict(3), Drift().fit(ONE).predict(3), rtol=1e-12)


@pytest.mark.parametrize("kind", ["list", "array", "column"])
def test_an_array_goes_on_after_an_array(kind):
    model = Drift().fit(single(0, CUT)[kind]).update(single(CUT, 40)[kind])
    np.testing.assert_allclose(model.predict(2), Drift().fit(single(0, 40)[kind]).predict(2), rtol=1e-12)


def test_columns_of_an_array_are_those_of_fit_with_the_ones_skipped():
    table = np.column_stack([np.arange(40.0), np.full(40, np.nan), FRAME["a"]])
    table[29:, 1] = np.arange(11.0)
    model = Drift().fit(table[:CUT], too_short="skip").update(table[CUT:])
    np.testing.assert_allclose(model.predict(2)[:, [0, 2]], Drift().fit(table[:, [0, 2]]).predict(2), rtol=1e-12)
    with pytest.raises(DataError, match=r"shape \(1, 2\); the model holds 3 series"):
        model.update([[1.0, 2.0]])


@pytest.mark.parametrize("nothing", [[], np.empty((0, 2)), FRAME.iloc[:0], LONG.iloc[:0], ONE.iloc[:0], pl.DataFrame()])
def test_no_rows_change_nothing(nothing):
    model = Naive().fit(FRAME)
    held = dict(vars(model))
    assert model.update(nothing) is model and vars(model) == held


def test_rows_that_are_known_are_passed_over():
    model, want = Drift().fit(FRAME.iloc[:CUT]), Drift().fit(FRAME).predict(2)
    for end in range(31, 41):
        model.update(FRAME.iloc[max(0, end - 7) : end]).update(FRAME.iloc[:end].tail(3))
    pd.testing.assert_frame_equal(model.predict(2), want, rtol=1e-12)
    model.update(FRAME.iloc[:20])


@pytest.mark.parametrize("before", [CUT, 38])
def test_a_known_value_that_changed_is_told(before):
    model = Naive().fit(FRAME.iloc[:CUT])
    if before > CUT:
        model.update(FRAME.iloc[CUT:before])
    changed = FRAME.iloc[before - 4 : before + 1].copy()
    changed.iloc[1, 0], changed.iloc[2] = 7.25, 8.0
    was = FRAME.iloc[before - 3, 0]
    message = (
        f"3 known values differ in y_new, the first of series 'a' at {DAYS[before - 3]}, {was:.12g} before and 7.25"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        model.update(changed)
    assert model.forecast(1).cutoff[0] == DAYS[before - 1]
    assert model.update(changed, revised="ignore").forecast(1).cutoff[0] == DAYS[before]
    np.testing.assert_array_equal(model.predict(1).to_numpy()[0], FRAME.iloc[before])


def test_a_missing_value_that_was_filled_in_is_a_changed_one():
    y = ONE.copy()
    y.iloc[CUT - 2] = np.nan
    model = Naive().fit(y.iloc[:CUT])
    with pytest.raises(DataError, match=r"One known value differs.*nan before"):
        model.update(ONE.iloc[CUT - 3 : CUT + 1])
    assert model.update(y.iloc[CUT - 3 : CUT + 1]).predict(1).iloc[0] == ONE.iloc[CUT]


def test_rows_that_are_no_longer_held_are_passed_over_with_a_warning(tmp_path):
    Naive().fit(ONE.iloc[:CUT]).save(tmp_path / "model")
    model = load_forecaster(tmp_path / "model")
    with pytest.warns(
        UnusedRowWarning, match=r"rows of 1 series, the first of them 'a' from 2024-01-26.*no longer held"
    ):
        model.update(ONE.iloc[CUT - 5 : CUT + 1])
    model.update(ONE.iloc[CUT - 5 : CUT + 2], revised="ignore")
    model.update(ONE.iloc[CUT : CUT + 3])  # what update was given is held
    with pytest.raises(DataError, match="3 known values differ"):
        model.update(ONE.iloc[CUT : CUT + 3] + 1)


@pytest.mark.parametrize(
    ("news", "error", "message"),
    [
        (FRAME.iloc[33:], GapError, r"'a' ends at 2024-01-30 .* goes on at 2024-02-03 .*: 3 steps between are absent"),
        (FRAME.iloc[31:, 1:], GapError, r"'b' .*one step between is absent.*gaps='nan'"),
        (FRAME.iloc[[30, 32]], GapError, "nothing at 2024-02-01"),
        (FRAME.iloc[[31, 30]], DisorderError, "back in time"),
        (FRAME.iloc[[30, 30]], DuplicateTimeError, "two observations at 2024-01-31"),
        (FRAME.iloc[CUT:].rename(columns={"a": "c"}), UnknownNameError, r"'c' is not among the 2 series fitted"),
        (FRAME.iloc[CUT:].set_axis(range(10)), DataError, "whole numbers, those of the series dates"),
        (FRAME.iloc[[CUT]].shift(freq="6h"), FrequencyError, "not a whole number of steps"),
        (FRAME.iloc[CUT:].shift(freq="6h"), FrequencyError, "not a whole number of steps"),
        (FRAME.iloc[CUT:].asfreq("2D"), GapError, "nothing at 2024-02-01"),
        (FRAME.iloc[CUT:].resample("6h").ffill(), FrequencyError, "less than one step of the frequency 'D'"),
        (FRAME.iloc[[CUT]] * np.inf, DataError, "inf"),
        (FRAME.iloc[[CUT]] * np.nan, MissingValuesError, "no value"),
        (
            LONG.assign(y=np.nan)[LONG["ds"] == DAYS[CUT]],
            MissingValuesError,
            r"'a' has no value in y_new, from 2024-01-31",
        ),
        (ONE.iloc[CUT:].rename(None), UnknownNameError, "'y' is not among"),
        ([1.0, 2.0], DataError, r"shape \(2,\); the model holds 2 series, so that an array is \(n_obs, 2\)"),
        ("text", ContainerTypeError, "str cannot be read"),
        (None, ContainerTypeError, "NoneType"),
    ],
)
def test_news_that_do_not_go_on_are_refused(news, error, message):
    model = Naive().fit(FRAME.iloc[:CUT])
    held = dict(vars(model))
    with pytest.raises(error, match=message):
        model.update(news)
    assert vars(model) == held


@pytest.mark.parametrize("option", [{"gaps": "zero"}, {"revised": True}])
def test_options_are_checked(option):
    with pytest.raises(ParameterError, match="is none of"):
        Naive().fit(ONE).update(ONE, **option)


def test_values_must_lie_within_the_bounds():
    with pytest.raises(DataError, match=r"'a' has the value -1 at 2024-01-31.*bounds 0 to inf"):
        Naive(nonnegative=True).fit(FRAME.iloc[:CUT]).update(FRAME.iloc[[CUT]] * 0 - 1)


def test_steps_between_are_missing_values_on_demand():
    known = FRAME.copy()
    known.iloc[[30, 31, 35], 0] = np.nan
    known.iloc[33, 1] = np.nan
    model = SeasonalNaive().fit(FRAME.iloc[:CUT])
    late = copy.copy(model).update(known.iloc[32:].dropna(), gaps="nan").update(known.iloc[36:])
    del late
    model.update(known[["a"]].dropna().iloc[CUT:], gaps="nan").update(known[["b"]].iloc[CUT:])
    want = SeasonalNaive().fit(known).predict(9, level=80)
    pd.testing.assert_frame_equal(model.predict(9, level=80), want, rtol=1e-12)
    without = Conformal(Ensemble([Naive()]), calibration_size=5).fit(FRAME.iloc[:CUT])
    without.update(known.iloc[CUT:33], gaps="nan")


def test_a_model_that_takes_no_missing_values_says_so():
    class Whole(Naive):
        handles_missing = False

    model = Whole().fit(FRAME.iloc[:CUT])
    with pytest.raises(GapError, match="Whole cannot use missing values"):
        model.update(FRAME.iloc[33:])
    for news in (FRAME.iloc[33:], FRAME.iloc[[30, 32]]):
        with pytest.raises(MissingValuesError, match="Whole cannot use missing values"):
            model.update(news, gaps="nan")


def test_empty_cells_of_a_table_are_missing_values():
    known = FRAME.copy()
    known.iloc[30, 0] = np.nan
    model = Naive().fit(FRAME.iloc[:CUT]).update(known.iloc[CUT:33])
    pd.testing.assert_frame_equal(model.predict(2, level=80), Naive().fit(known.iloc[:33]).predict(2, level=80))
    last = FRAME.iloc[[33]].copy()
    last.iloc[0, 0] = np.nan
    model.update(last)
    assert [str(t.date()) for t in model.forecast(1).cutoff] == ["2024-02-02", "2024-02-03"]


def test_stand_ins_go_on_and_series_that_were_skipped_are_passed_over():
    table = FRAME.copy()
    table.iloc[: CUT - 5, 1] = np.nan
    model = SeasonalNaive(7).fit(table.iloc[:CUT], too_short="naive").update(table.iloc[CUT:])
    np.testing.assert_array_equal(model.stand_in_.predict(1)["b"], FRAME["b"].iloc[-1:])
    assert list(model.predict(1)) == ["a"] and model.predict(1).index[0] == model.stand_in_.predict(1).index[0]
    skipped = SeasonalNaive(7).fit(table.iloc[:CUT], too_short="skip").update(table.iloc[CUT:])
    pd.testing.assert_frame_equal(skipped.predict(2), model.predict(2))


def test_what_is_held_does_not_grow(tmp_path):
    y = pd.Series(RNG.normal(size=600).cumsum(), index=pd.date_range("2020-01-01", periods=600, freq="D"), name="a")
    y.iloc[RNG.choice(np.arange(151, 599), 90, replace=False)] = np.nan
    model, sizes = ARIMA(order=(1, 0, 1)).fit(y.iloc[:150]), []
    for begin in (150, 300, 450):
        model.save(tmp_path / "model")
        model = load_forecaster(tmp_path / "model").update(y.iloc[begin : begin + 150], gaps="nan")
        sizes.append((tmp_path / "model").stat().st_size)
    assert model.moved_.n_obs == 32 and model.panel_.n_obs == 1
    assert sizes[2] <= sizes[1] + 64 and sizes[2] < 10_000  # bytes; counts have more digits
    assert len(model.ends_["a"].state.levels) <= 1 + 2  # the series, and a row for each number of the state


X = pd.DataFrame(
    {"x": np.sin(np.arange(50.0)), "z": np.cos(np.arange(50.0) ** 2)}, pd.date_range("2024-01-01", periods=50)
)


def with_covariates():
    return ARIMA(order=(1, 0, 0)).fit(FRAME.iloc[:CUT], X[["x", "z"]].iloc[:CUT])


def test_covariates_come_in_any_order_with_rows_and_columns_to_spare():
    want = with_covariates().predict(3, X, history=FRAME)
    for given in (
        X,
        X[["z", "x"]],
        X.iloc[CUT:40],
        X.assign(more=1.0),
        pl.from_pandas(X.rename_axis("ds").reset_index()),
    ):
        got = with_covariates().update(FRAME.iloc[CUT:35], given).update(FRAME.iloc[33:], given).predict(3, X)
        pd.testing.assert_frame_equal(got, want, rtol=1e-10)


def test_covariates_as_arrays_are_rows_of_the_news():
    model = ARIMA(order=(1, 0, 0)).fit(ONE.iloc[:CUT].to_numpy(), X.iloc[:CUT].to_numpy())
    want = model.predict(3, X.iloc[:43].to_numpy(), history=ONE.to_numpy())
    got = model.update(ONE.iloc[CUT:].to_numpy(), X.iloc[CUT:40].to_numpy()).predict(3, X.iloc[40:43].to_numpy())
    np.testing.assert_allclose(got, want, rtol=1e-10)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"fitted with \['x', 'z'\]: update needs X_new"),
        (X[["x"]], r"have the covariates \['x'\]"),
        (X.iloc[:35], "no row for series 'a' at 2024-02-05"),
        (X.assign(z=np.nan), "z=nan"),
    ],
)
def test_covariates_that_are_missing_are_told(given, message):
    model = with_covariates()
    held = dict(vars(model))
    with pytest.raises(CovariateError, match=message):
        model.update(FRAME.iloc[CUT:], given)
    assert vars(model) == held


def test_covariates_without_need_are_an_error_of_a_model_that_could_use_them_alone():
    with pytest.raises(CovariateError, match=r"fitted with \[\]"):
        ARIMA(order=(1, 0, 0)).fit(ONE.iloc[:CUT]).update(ONE.iloc[CUT:], X)
    Naive().fit(ONE.iloc[:CUT]).update(ONE.iloc[CUT:], X)


def test_score_counts_from_the_new_end_with_the_scale_of_training():
    model = Naive().fit(ONE.iloc[:CUT]).update(ONE.iloc[CUT:35])
    scale = ONE.iloc[:CUT].diff(7).abs().mean()
    assert model.score(ONE.iloc[35:36]) == pytest.approx(-abs(ONE.iloc[35] - ONE.iloc[34]) / scale)


def test_the_series_of_fit_stay_what_residuals_are_of():
    model = ARIMA(order=(1, 1, 0)).fit(ONE.iloc[:CUT])
    before, table = model.residuals(), model.covariance("a")
    model.update(ONE.iloc[CUT:])
    pd.testing.assert_series_equal(model.residuals(), before)
    np.testing.assert_array_equal(model.covariance("a"), table)
    assert model.panel_.n_obs == CUT
    assert not hasattr(model.fit(ONE), "moved_")


def test_arima_of_short_series_goes_on_with_all_of_it_beside_long_ones(tmp_path):
    t = np.arange(160)
    values = np.column_stack([np.sin(t**2.0), np.cos(t**2.0)]).cumsum(axis=0)
    y = pd.DataFrame(values, index=pd.date_range("2020-01-01", periods=160, freq="D"), columns=["long", "short"])
    y.iloc[:100, 1] = np.nan
    fitted = ARIMA(order=(1, 0, 1)).fit(y.iloc[:140])
    model = copy.copy(fitted).update(y.iloc[140:150])
    model.save(tmp_path / "model")
    model = load_forecaster(tmp_path / "model").update(y.iloc[150:])
    want = fitted.predict(5, history=y, level=80)
    pd.testing.assert_frame_equal(model.predict(5, level=80), want, rtol=1e-10)
    assert model.moved_.lengths.tolist() == [32, 60] and model.moved_.left_out.tolist() == [128, 0]
    assert list(model.ends_) == ["long"]
