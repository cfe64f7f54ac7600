"""Frames and series of polars and Arrow: the forecasts of pandas, in the kind that came."""

import datetime as dt
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tsforecast import ARIMA, Drift, Naive, Panel, RollingOrigin, SeasonalNaive, audit
from tsforecast.backtest import backtest
from tsforecast.exceptions import ContainerTypeError, CovariateError, DataError, GapError, UnusedColumnWarning

pl = pytest.importorskip("polars")

N_OBS, HORIZON = 30, 3
DAYS = [dt.date(2020 + m // 12, m % 12 + 1, 1) for m in range(N_OBS + HORIZON)]
RNG = np.random.default_rng(0)
VALUES = {name: 50 + RNG.normal(size=N_OBS).cumsum() for name in ("b", "a")}
LIBRARIES = {
    "polars": (lambda frame: frame, pl.DataFrame),
    "lazy polars": (lambda frame: frame.lazy(), pl.DataFrame),
    "pyarrow": (lambda frame: frame.to_arrow(), pa.Table),
}


def long():
    return pl.DataFrame(
        {"unique_id": np.repeat(list(VALUES), N_OBS), "ds": DAYS[:N_OBS] * 2, "y": np.concatenate([*VALUES.values()])}
    )


def wide():
    return pl.DataFrame({"ds": DAYS[:N_OBS], **VALUES})


def pandas_long(frame=None):
    frame = (long() if frame is None else frame).to_pandas()
    return frame.assign(unique_id=frame["unique_id"].astype(str))


def as_polars(frame):
    return pl.from_arrow(frame) if isinstance(frame, pa.Table) else frame


@pytest.fixture(params=LIBRARIES)
def library(request):
    return LIBRARIES[request.param]


@pytest.mark.parametrize("given", [{}, {"level": [80, 95]}, {"quantiles": 0.5}])
def test_a_long_frame_gives_the_forecasts_of_pandas_in_its_own_kind(library, given):
    convert, kind = library
    found = Drift().fit(convert(long())).predict(HORIZON, **given)
    wanted = Drift().fit(pandas_long()).predict(HORIZON, **given)
    assert isinstance(found, kind)
    found = as_polars(found)
    assert found.columns == list(wanted.columns) and found["ds"].to_list() == DAYS[N_OBS:] * 2
    assert found["unique_id"].to_list() == wanted["unique_id"].tolist()
    for column in wanted.columns[2:]:
        np.testing.assert_array_equal(found[column].to_numpy(), wanted[column])


@pytest.mark.parametrize("given", [{}, {"level": 80}])
def test_a_wide_frame_has_its_times_in_a_column(library, given):
    convert, kind = library
    found = Drift().fit(convert(wide())).predict(HORIZON, **given)
    wanted = Drift().fit(wide().to_pandas().set_index("ds")).predict(HORIZON, **given)
    assert isinstance(found, kind)
    found = as_polars(found)
    names = list(VALUES) if not given else [f"{name}/{part}" for name in VALUES for part in ("mean", "lo-80", "hi-80")]
    assert found.columns == ["ds", *names] and found["ds"].to_list() == DAYS[N_OBS:]
    np.testing.assert_array_equal(found.drop("ds").to_numpy(), wanted.to_numpy())


def test_a_wide_frame_without_times_counts_from_zero(library):
    convert, kind = library
    found = Drift().fit(convert(wide().drop("ds"))).predict(HORIZON)
    assert isinstance(found, kind) and as_polars(found).columns == list(VALUES)
    wanted = Drift().fit(np.column_stack([*VALUES.values()])).predict(HORIZON)
    np.testing.assert_array_equal(as_polars(found).to_numpy(), wanted)


@pytest.mark.parametrize("make", [lambda y: pl.Series("sales", y), lambda y: pa.chunked_array([y])])
def test_a_series_counts_as_an_array_and_comes_back_as_a_series(make):
    y = make(VALUES["a"])
    model = Drift().fit(y)
    found, wanted = model.predict(HORIZON), Drift().fit(VALUES["a"]).predict(HORIZON)
    assert type(found) is type(y) and getattr(found, "name", "sales") == "sales"
    np.testing.assert_array_equal(found.to_numpy(), wanted)
    assert as_polars(pa.table(model.predict(HORIZON, level=80))).columns == ["mean", "lo-80", "hi-80"]
    assert model.score(make(VALUES["b"][:HORIZON])) == Drift().fit(VALUES["a"]).score(VALUES["b"][:HORIZON])


@pytest.mark.parametrize(
    "dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns"), pl.Datetime("us", "Europe/Berlin")]
)
def test_times_of_any_type_come_back_in_it(dtype):
    days = pl.Series(DAYS).cast(pl.Datetime("us"))
    zone = getattr(dtype, "time_zone", None)
    days = days.dt.replace_time_zone(zone).cast(dtype) if zone else days.cast(dtype)
    frame = long().with_columns(ds=pl.concat([days[:N_OBS], days[:N_OBS]]))
    found = Naive().fit(frame).predict(HORIZON)
    assert found["ds"].dtype == dtype
    assert found["ds"].to_list() == days[N_OBS:].to_list() * 2


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32, pl.UInt16])
def test_whole_numbers_are_times(dtype):
    frame = wide().with_columns(ds=pl.Series(range(1, N_OBS + 1), dtype=dtype))
    found = Naive().fit(frame).predict(HORIZON)
    assert found["ds"].dtype == dtype and found["ds"].to_list() == [31, 32, 33]


def test_numbers_and_texts_that_are_dates_come_back_as_dates():
    for days in ([int(f"{day:%Y%m%d}") for day in DAYS], [f"{day:%Y-%m-%d}" for day in DAYS]):
        found = Naive().fit(wide().with_columns(ds=pl.Series(days[:N_OBS]))).predict(HORIZON)
        assert found["ds"].cast(pl.Date).to_list() == DAYS[N_OBS:]


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series(["b"] * N_OBS + ["a"] * N_OBS, dtype=pl.Categorical),
        pl.Series(["b"] * N_OBS + ["a"] * N_OBS, dtype=pl.Enum(["a", "b", "c"])),
        pl.Series([7] * N_OBS + [3] * N_OBS, dtype=pl.Int16),
    ],
    ids=["categorical", "enum", "number"],
)
def test_names_of_any_type_come_back_in_it(ids):
    found = Naive().fit(long().with_columns(unique_id=ids)).predict(1, level=80)
    assert found["unique_id"].to_list() == [ids[0], ids[-1]]
    assert found["unique_id"].dtype == ids.dtype


def test_a_dictionary_of_arrow_is_a_name():
    table = long().to_arrow()
    table = table.set_column(0, "unique_id", table["unique_id"].cast(pa.string()).dictionary_encode())
    assert Naive().fit(table).predict(1)["unique_id"].to_pylist() == ["b", "a"]


def test_nulls_are_missing_values(library):
    convert, _ = library
    holes = wide().with_columns(a=pl.when(pl.int_range(pl.len()) == 7).then(None).otherwise(pl.col("a")))
    found = as_polars(Naive().fit(convert(holes)).predict(1, level=80))
    wanted = Naive().fit(holes.to_pandas().set_index("ds")).predict(1, level=80)
    np.testing.assert_array_equal(found.drop("ds").to_numpy(), wanted.to_numpy())
    whole = wide().with_columns(a=pl.Series([None if i == 7 else i for i in range(N_OBS)], dtype=pl.Int64))
    assert Naive().fit(convert(whole)).panel_.n_present.tolist() == [N_OBS, N_OBS - 1]


def test_a_history_decides_the_kind_that_comes_back(library):
    convert, kind = library
    model = Drift().fit(pandas_long())
    found = model.predict(2, history=convert(long().filter(pl.col("ds") < DAYS[20])))
    assert isinstance(found, kind) and as_polars(found)["ds"].to_list() == DAYS[20:22] * 2
    back = Drift().fit(convert(long())).predict(2, history=pandas_long())
    assert isinstance(back, pd.DataFrame)


def test_covariates_may_come_in_any_kind(library):
    convert, _ = library
    x = pl.DataFrame({"ds": DAYS, "x": np.sin(np.arange(len(DAYS)))})
    wanted = ARIMA((1, 0, 0)).fit(wide().to_pandas().set_index("ds"), x[:N_OBS].to_pandas()).predict(3, x.to_pandas())
    model = ARIMA((1, 0, 0)).fit(convert(wide()), convert(x[:N_OBS]))
    np.testing.assert_allclose(as_polars(model.predict(3, convert(x))).drop("ds").to_numpy(), wanted, rtol=1e-12)
    later = as_polars(model.predict(3, convert(x), history=convert(wide()))).drop("ds").to_numpy()
    np.testing.assert_allclose(later, wanted, rtol=1e-6)
    with pytest.raises(CovariateError):
        model.predict(3)


def test_panels_and_what_they_hold_are_those_of_pandas(library):
    convert, _ = library
    more = long().with_columns(price=pl.Series(np.arange(2.0 * N_OBS)), area=pl.Series(["n"] * N_OBS + ["s"] * N_OBS))
    given = {"covariates": ["price"], "static": ["area"]}
    found = Panel.from_frame(convert(more), **given)
    wanted = Panel.from_frame(pandas_long(more), **given)
    pd.testing.assert_frame_equal(found.to_frame(), wanted.to_frame(), check_dtype=False)  # the unit of times
    found_wide, wanted_wide = Panel.from_wide(convert(wide())), Panel.from_wide(wide().to_pandas().set_index("ds"))
    pd.testing.assert_frame_equal(found_wide.to_frame(), wanted_wide.to_frame(), check_dtype=False)
    static = pl.DataFrame({"unique_id": ["a", "b"], "size": [1.0, 2.0]})
    assert found.with_static(convert(static)).static["size"].tolist() == [2.0, 1.0]


def test_a_backtest_and_an_audit_take_them(library):
    convert, _ = library
    cv = RollingOrigin(horizon=2, n_windows=2)
    one, other = (backtest([Naive(), Drift()], y, cv=cv) for y in (convert(long()), pandas_long()))
    pd.testing.assert_frame_equal(one.forecasts, other.forecasts, check_dtype=False)
    assert audit(Naive(), convert(long())) is not None


def test_totals_come_back_in_the_kind_too(library):
    convert, kind = library
    found = SeasonalNaive(12).fit(convert(long())).predict_total(12, level=80, by=6)
    assert isinstance(found, kind)
    assert as_polars(found)["start"].to_list() == [DAYS[30], dt.date(2023, 1, 1)] * 2


def test_errors_name_series_and_time_as_for_pandas(library):
    convert, _ = library
    with pytest.raises(GapError, match="2020-06-01"):
        Naive().fit(convert(wide().filter(pl.col("ds") != DAYS[5])))
    with pytest.raises(DataError, match="'a'"):
        Naive().fit(convert(wide().with_columns(a=pl.lit("many"))))
    with pytest.warns(UnusedColumnWarning, match="colour"):
        Naive().fit(convert(long().with_columns(colour=pl.lit("red"))))


def test_what_is_no_frame_is_refused():
    for wrong in (pl.col("y"), pa.array([1.0, 2.0])):
        with pytest.raises(ContainerTypeError, match="cannot be read as time series"):
            Naive().fit(wrong)


def test_a_pickled_model_still_answers_in_the_kind_of_its_series(library):
    convert, kind = library
    again = pickle.loads(pickle.dumps(Naive().fit(convert(long()))))
    assert isinstance(again.predict(1), kind)


def test_who_uses_pandas_alone_does_not_wait_for_other_libraries():
    """Forecasters need scikit-learn, which imports narwhals itself."""
    code = (
        "import sys, tsforecast\nfirst = 'narwhals' in sys.modules\nimport pandas as pd\n"
        "y = pd.DataFrame({'ds': pd.date_range('2020', periods=9), 'y': range(9)})\n"
        "tsforecast.Naive().fit(y).predict(2, history=y)\nprint(first, 'polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
