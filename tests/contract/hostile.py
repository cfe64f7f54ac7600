"""Inputs that people have and no model likes: one list, each with the only outcomes that are acceptable.

A case is a name, what is done with an unfitted forecaster, and what may come of it: a sound forecast, or errors of this
package whose message holds some words. Every forecaster is tried on every case; a new case is one entry.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tsforecast import Panel
from tsforecast.exceptions import (
    ContainerTypeError,
    CovariateError,
    DataError,
    FitError,
    NotFittedError,
    ParameterError,
    SeriesTooShortError,
    TSForecastError,
)

HORIZON = 5
SHORT = (SeriesTooShortError, FitError)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is done with a forecaster, and what may come of it.

    Attributes
    ----------
    name : str
    run : callable
        From an unfitted forecaster to the values whose range forecasts are judged by and the forecasts, a frame with
        the columns ``mean``, ``lo-80`` and ``hi-80`` or anything that is an array of numbers.
    errors : tuple of exception classes
        Errors that are acceptable.
    words : str
        What the message of such an error holds.
    is_sound : bool
        Whether a sound forecast is acceptable.
    reach : float
        How many ranges of the data a forecast may lie outside them.
    """

    name: str
    run: Callable[[Any], tuple[Any, Any]]
    errors: tuple[type[TSForecastError], ...] = ()
    words: str = ""
    is_sound: bool = False
    reach: float = 3.0


def months(values, start="2015-01-01", name="a"):
    """A Series of months."""
    values = np.asarray(values)
    return pd.Series(values, index=pd.date_range(start, periods=len(values), freq="MS"), name=name)


def usual(n_obs=60, seed=0):
    """A healthy series with a season and a trend: ``(n_obs,)``."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_obs)
    return 100 + 10 * np.sin(t * np.pi / 6) + t / 3 + rng.normal(size=n_obs)


def replaced(places, values, n_obs=60):
    """The healthy series with other values at some places."""
    y = usual(n_obs)
    y[places] = values
    return y


def forecast_of(y, X=None, ahead=None):
    """`Case.run` that fits to ``y`` and forecasts with an interval."""

    def run(model):
        fitted = model.fit(y, X)
        return y, fitted.predict(HORIZON, ahead, level=80)

    return run


def of_values(name, values, *, errors=(), words="", is_sound=True, reach=3.0):
    """A case of a monthly series with these values."""
    return Case(f"values: {name}", forecast_of(months(values)), errors, words, is_sound, reach)


def refused(name, run, errors, words=""):
    """A case in which every forecaster ends in one of the errors."""
    errors = errors if isinstance(errors, tuple) else (errors,)
    return Case(name, run, errors, words)


def accepted(name, run, errors=(), reach=3.0):
    """A case in which every forecaster gives a sound forecast, or one of the errors where some are named."""
    return Case(name, run, errors, is_sound=True, reach=reach)


_RNG = np.random.default_rng(7)
_T = np.arange(60)

SHORT_SERIES = [
    of_values(f"{n} observations of {kind}", values[:n], errors=SHORT, words="'a'", reach=10)
    for n in (1, 2, 3, 4, 5, 6, 8, 10, 13)
    for kind, values in {
        "noise": 50 + _RNG.normal(size=60),
        "a constant": np.full(60, 3.0),
        "a line": 10.0 + 2 * _T,
    }.items()
]

STRANGE_SERIES = [
    of_values("all zero", np.zeros(60)),
    of_values("all equal", np.full(60, 12345.678)),
    of_values("all equal and huge", np.full(60, 1e12)),
    of_values("all equal but the first", np.r_[5.0, np.full(59, 7.0)], reach=3),
    of_values("all equal but the last", np.r_[np.full(59, 7.0), 8.0], reach=3),
    of_values("a line without noise", 3.0 + 2 * _T, reach=3),
    of_values("a falling line", 500.0 - 3 * _T, reach=3),
    of_values("a square", (_T**2).astype(float), reach=3),
    of_values("growth without noise", 10 * 1.05**_T, reach=3),
    of_values("growth that explodes", 1.5**_T, reach=30),
    of_values("two values in turn", np.tile([0.0, 1.0], 30)),
    of_values("a season without noise", np.tile(np.arange(12.0), 5)),
    of_values("near a constant", 1e6 + 1e-4 * _RNG.normal(size=60), reach=10),
    of_values("the rounding of a constant", 1e6 + 1e-10 * _RNG.normal(size=60), errors=(FitError,), reach=1e6),
    of_values("tiny numbers", 1e-12 * usual()),
    of_values("the smallest numbers", 1e-300 * usual(), errors=(FitError, DataError)),
    of_values("huge numbers", 1e12 * usual()),
    of_values("the largest numbers", 1e300 * usual(), errors=(FitError, DataError)),
    of_values("negative numbers", -usual()),
    of_values("numbers about zero", usual() - usual().mean()),
    of_values("counts", _RNG.poisson(1.0, 60).astype(float)),
    of_values("rare counts", (_RNG.random(60) < 0.1) * _RNG.poisson(5.0, 60).astype(float), reach=5),
    of_values("zeros, then two numbers", np.r_[np.zeros(30), 1.0, 158.0], reach=3),
    of_values("zeros, then a level", np.r_[np.zeros(40), 50 + _RNG.normal(size=20)], reach=3),
    of_values("a level, then zeros", np.r_[50 + _RNG.normal(size=30), np.zeros(30)], reach=3),
    of_values("a step up", usual() + 500 * (_T >= 50), reach=3),
    of_values("a step at the end", usual() + 500 * (_T >= 59), reach=3),
    of_values("a step down", usual() - 90 * (_T >= 50), reach=3),
    of_values("the last value times thirty", replaced([59], 30 * 110.0), reach=3),
    of_values("the last value times a million", replaced([59], 1e8), reach=3),
    of_values("one value times a thousand", replaced([30], 1e5), reach=3),
    of_values("a wrong sign", replaced([40], -110.0), reach=3),
    of_values("a stretch of zeros", replaced(slice(30, 36), 0.0), reach=3),
    of_values("noise that grows", 50 + _RNG.normal(size=60) * np.exp(_T / 15), reach=5),
    of_values("growth, then a break", np.r_[10 * 1.2 ** np.arange(20), np.full(5, 100.0)], errors=SHORT, reach=3),
    of_values("a cumulative curve that is flat at last", np.r_[np.linspace(0, 1e6, 40), np.full(20, 1e6)], reach=3),
    of_values("heavy tails", _RNG.standard_cauchy(60), reach=5),
    of_values("whole numbers", np.round(usual()).astype(np.int64)),
    of_values("small floats", usual().astype(np.float32)),
    of_values("half floats", usual().astype(np.float16)),
    of_values("unsigned bytes", (usual() - 80).astype(np.uint8)),
    of_values("integers past 2**53", (2**60 + 1000 * _T).astype(np.int64), errors=(DataError, FitError), reach=5),
    of_values("one value missing", replaced([20], np.nan)),
    of_values("every second value missing", replaced(slice(1, 59, 2), np.nan), errors=SHORT),
    of_values("a stretch missing", replaced(slice(20, 40), np.nan)),
    of_values(
        "the last values missing", replaced(slice(55, 60), np.nan), errors=(DataError,), words="'a'", is_sound=False
    ),
    of_values("the first values missing", replaced(slice(0, 20), np.nan)),
    of_values("all but three missing", replaced(slice(1, 58), np.nan), errors=(*SHORT, DataError), reach=10),
    of_values("all missing", np.full(60, np.nan), errors=(DataError,), is_sound=False),
    of_values("infinite", replaced([5], np.inf), errors=(DataError,), words="inf", is_sound=False),
    of_values("minus infinite", replaced([5], -np.inf), errors=(DataError,), words="inf", is_sound=False),
    of_values("empty", np.empty(0), errors=(DataError,), is_sound=False),
    of_values("complex", usual() + 1j, errors=(DataError,), words="complex", is_sound=False),
    of_values("dates", pd.date_range("2020", periods=60).to_numpy(), errors=(DataError,), is_sound=False),
    of_values("words", np.array(["x"] * 60, dtype=object), errors=(DataError,), words="x", is_sound=False),
    of_values("a word among numbers", [*usual()[:59], "n/a?"], errors=(DataError,), words="n/a?", is_sound=False),
    of_values("nothing but None", [None] * 60, errors=(DataError,), is_sound=False),
    of_values("objects that are numbers", np.array(list(usual()), dtype=object)),
]

STRANGE_SERIES += [
    of_values("a ramp at the end", np.r_[usual(54), 200.0 * 2.0 ** np.arange(6)], reach=30),
    of_values("halvings at the end", np.r_[usual(54), 50.0 / 2.0 ** np.arange(6)], reach=3),
    of_values("a spike two steps before the end", replaced([57], 1e6), reach=3),
    of_values("a spike at the start", replaced([0], 1e7), reach=3),
    of_values("three spikes", replaced([10, 30, 50], 1e5), reach=3),
    of_values("a last value of zero", replaced([59], 0.0), reach=3),
    of_values("a last value of the wrong sign", replaced([59], -110.0), reach=3),
    of_values("two levels in turn", np.repeat([10.0, 500.0, 10.0, 500.0], 15), reach=3),
    of_values("a level that is up for a while", usual() + 400 * ((_T > 20) & (_T < 40)), reach=3),
    of_values("zeros but for the first", np.r_[9.0, np.zeros(59)], reach=3),
    of_values("zeros but for the last", np.r_[np.zeros(59), 9.0], reach=3),
    of_values("zeros but for one in the middle", np.where(_T == 30, 1e-9, 0.0), reach=3),
    of_values("zeros of both signs", np.where(_T % 2, 0.0, -0.0)),
    of_values("zeros and ones", (_RNG.random(60) < 0.3).astype(float)),
    of_values("booleans", _RNG.random(60) < 0.3, errors=(DataError,)),
    of_values("sparse and large", np.where(_RNG.random(60) < 0.08, 1e6, 0.0), reach=5),
    of_values("percentages near their bound", np.minimum(100.0, 99.5 + _RNG.normal(size=60)), reach=5),
    of_values("few distinct values", np.round(usual() / 20)),
    of_values("a staircase", np.repeat(np.arange(6.0), 10), reach=3),
    of_values("a triangle", np.r_[np.arange(30.0), np.arange(30.0)[::-1]], reach=3),
    of_values("a cube", (_T**3).astype(float), reach=3),
    of_values("a logistic curve", 1e6 / (1 + np.exp(-(_T - 25) / 4)), reach=3),
    of_values("decay to nothing", 1e6 * 0.7**_T, reach=3),
    of_values("an oscillation that grows", (-1.1) ** _T, reach=30),
    of_values("a level far above its noise", 1e12 + _RNG.normal(size=60), reach=10),
    of_values("a cycle of seven in months", np.tile(np.arange(7.0), 9)[:60] + _RNG.normal(size=60), reach=3),
    of_values("Arrow decimals", pd.array(np.round(usual(), 2), dtype="float64").astype(object), reach=3),
    of_values("pandas' missing value among objects", [pd.NA, *usual()[1:]]),
    of_values("None among objects", [*usual()[:30], None, *usual()[31:]]),
    of_values("texts that are numbers", usual().astype(str), errors=(DataError,)),
    of_values("durations", pd.to_timedelta(usual(), unit="s"), errors=(DataError,), is_sound=False),
    of_values("lists in cells", pd.Series([[1.0]] * 60).to_numpy(), errors=(DataError,), is_sound=False),
    of_values("whole numbers past 64 bits", [10**25] * 60, errors=(DataError,)),
    of_values("all missing but one", replaced(slice(1, 60), np.nan), errors=(*SHORT, DataError), reach=10),
    of_values(
        "the last known value long ago",
        replaced(slice(15, 60), np.nan),
        errors=(DataError,),
        words="'a'",
        is_sound=False,
    ),
]


def _typed(dtype):
    return months(np.round(usual())).astype(dtype)


def _frame(**columns):
    return pd.DataFrame(columns, index=pd.date_range("2015-01-01", periods=60, freq="MS"))


def _long(ids=("a", "b"), n_obs=60, **columns):
    ds = pd.date_range("2015-01-01", periods=n_obs, freq="MS")
    frames = [pd.DataFrame({"unique_id": name, "ds": ds, "y": usual(n_obs, seed=k)}) for k, name in enumerate(ids)]
    return pd.concat(frames, ignore_index=True).assign(**columns)


_READ_ONLY = usual()
_READ_ONLY.flags.writeable = False


def _panel_forecast(y):
    """`Case.run` for a panel: the whole of it is what forecasts are judged by."""

    def run(model):
        out = model.fit(y).predict(HORIZON, level=80)
        return usual(), out

    return run


def _two_zones():
    y = _long()
    times = [time.tz_localize("UTC" if i % 2 else "Asia/Tokyo") for i, time in enumerate(y["ds"])]
    return y.assign(ds=pd.Series(times, dtype=object))


CONTAINERS = [
    accepted("container: a list", forecast_of(list(usual()))),
    accepted("container: a tuple", forecast_of(tuple(usual()))),
    accepted("container: a matrix", _panel_forecast(np.column_stack([usual(), usual(seed=1)]))),
    accepted(
        "container: an array in Fortran's order",
        _panel_forecast(np.asfortranarray(np.ones((60, 2)) * usual()[:, None])),
    ),
    accepted("container: every second row of an array", forecast_of(np.repeat(usual(), 2)[::2])),
    accepted("container: an array that cannot be written", forecast_of(_READ_ONLY)),
    accepted("container: nullable integers", forecast_of(_typed("Int64"))),
    accepted("container: nullable floats", forecast_of(_typed("Float64"))),
    accepted("container: Arrow floats", forecast_of(_typed("double[pyarrow]"))),
    accepted("container: Arrow integers", forecast_of(_typed("int64[pyarrow]"))),
    accepted("container: a Series without a name", forecast_of(months(usual(), name=None))),
    accepted("container: a Series with a name that is a number", forecast_of(months(usual(), name=7))),
    accepted("container: a wide frame of one column", _panel_forecast(_frame(a=usual()))),
    accepted("container: a long frame", _panel_forecast(_long())),
    accepted("container: a long frame out of the order of its series", _panel_forecast(_long().sort_values("ds"))),
    accepted(
        "container: a long frame with ids of text that look like numbers", _panel_forecast(_long(ids=("007", "7")))
    ),
    accepted(
        "container: a long frame with categorical ids", _panel_forecast(_long().astype({"unique_id": "category"}))
    ),
    accepted(
        "container: a long frame with Arrow ids", _panel_forecast(_long().astype({"unique_id": "string[pyarrow]"}))
    ),
    accepted(
        "container: a frame of floats of 32 bits", _panel_forecast(_frame(a=usual(), b=usual()).astype("float32"))
    ),
    accepted("container: ids of two kinds of text", _panel_forecast(_long(ids=("ä", "a b/c")))),
    accepted("container: dates as ids", _panel_forecast(_long(ids=pd.to_datetime(["2020-01-01", "2021-01-01"])))),
    accepted(
        "container: a view of a larger frame", _panel_forecast(_frame(a=usual(), b=usual(), c=usual())[["a", "c"]])
    ),
    refused("container: a class", forecast_of(pd.Series), (ContainerTypeError, DataError)),
    refused("container: bytes", forecast_of(b"123"), (ContainerTypeError, DataError)),
    refused("container: an index", forecast_of(pd.Index(usual())), (ContainerTypeError, DataError)),
    refused("container: a matrix without columns", forecast_of(np.empty((60, 0))), DataError),
    refused("container: a matrix without rows", forecast_of(np.empty((0, 3))), DataError),
    refused("container: a long frame with a time that is missing", forecast_of(_long().assign(ds=pd.NaT)), DataError),
    refused("container: a long frame of two zones", forecast_of(_two_zones()), DataError),
    refused("container: a scalar", forecast_of(3.0), (ContainerTypeError, DataError)),
    refused("container: a text", forecast_of("my.csv"), (ContainerTypeError, DataError)),
    refused("container: None", forecast_of(None), ContainerTypeError),
    refused("container: a dict", forecast_of({"a": [1.0, 2.0]}), ContainerTypeError),
    refused("container: a set", forecast_of({1.0, 2.0}), ContainerTypeError),
    refused("container: a generator", forecast_of(v for v in (1.0, 2.0)), ContainerTypeError),
    refused("container: an array of three axes", forecast_of(np.ones((5, 5, 5))), DataError),
    refused("container: a scalar array", forecast_of(np.array(3.0)), DataError),
    refused("container: lists of different lengths", forecast_of([[1.0, 2.0], [3.0]]), DataError),
    refused("container: an empty list", forecast_of([]), DataError),
    refused("container: an empty frame", forecast_of(pd.DataFrame()), DataError),
    refused("container: a frame without rows", forecast_of(_frame(a=usual()).iloc[:0]), DataError),
    refused(
        "container: two columns of one name",
        forecast_of(_frame(a=usual(), b=usual()).set_axis(["a", "a"], axis=1)),
        DataError,
        "'a'",
    ),
    refused("container: two ids of one text", forecast_of(_long(ids=(1, "1"))), DataError, "1"),
    refused("container: an id that is missing", forecast_of(_long(ids=("a", None))), DataError),
    refused("container: a long frame without times", forecast_of(_long().drop(columns="ds")), DataError),
    refused(
        "container: levels of columns", forecast_of(pd.concat({"x": _frame(a=usual(), b=usual())}, axis=1)), DataError
    ),
    refused(
        "container: levels of the index", forecast_of(_long().set_index(["unique_id", "ds"])), DataError, "reset_index"
    ),
]


def _at(index):
    values = usual(len(index))
    return forecast_of(pd.Series(values, index=index, name="a"))


def _dates(freq, n_obs=60, start="2015-01-01", **options):
    return pd.date_range(start, periods=n_obs, freq=freq, **options)


_TYPED_DATES = _dates("D").to_series(index=range(60))

TIMES = [
    *(
        accepted(f"times: {freq}", _at(_dates(freq)), SHORT)  # a day of quarters of an hour is 96 steps
        for freq in (
            *("D", "24h", "h", "15min", "s", "W-SUN", "MS", "ME", "QS", "YS", "B", "7D", "2MS"),
            *("BME", "QE-NOV", "YE-MAR", "2W", "10min", "ms", "us", "3D", "2YS", "6h"),
        )
    ),
    accepted("times: periods", _at(pd.period_range("2015-01", periods=60, freq="M"))),
    accepted("times: a zone", _at(_dates("D", tz="Europe/Berlin"))),
    accepted("times: hours through a change of clocks", _at(_dates("h", start="2021-03-27", tz="Europe/Berlin"))),
    accepted("times: microseconds", _at(_dates("D").as_unit("us"))),
    accepted("times: seconds", _at(_dates("D").as_unit("s"))),
    accepted("times: Arrow timestamps", _at(pd.Index(_TYPED_DATES.astype("timestamp[ns][pyarrow]")))),
    accepted("times: Arrow dates", _at(pd.Index(_TYPED_DATES.astype("date32[pyarrow]")))),
    accepted(
        "times: Arrow timestamps with a zone", _at(pd.Index(_TYPED_DATES.astype("timestamp[us, tz=UTC][pyarrow]")))
    ),
    accepted("times: date objects", _at(pd.Index(_TYPED_DATES.dt.date))),
    accepted("times: texts", _at(pd.Index(_TYPED_DATES.dt.strftime("%Y-%m-%d")))),
    accepted("times: before the epoch", _at(_dates("D", start="1950-01-01"))),
    accepted("times: before nanoseconds", _at(pd.date_range("1600-01-01", periods=60, freq="YS", unit="s"))),
    accepted("times: integers", _at(pd.Index(range(60)))),
    accepted("times: negative integers", _at(pd.Index(range(-80, -20)))),
    accepted("times: integers in steps of ten", _at(pd.Index(range(0, 600, 10)))),
    accepted("times: small integers", _at(pd.Index(np.arange(60, dtype=np.int8)))),
    accepted("times: floats that are whole", _at(pd.Index(np.arange(60.0)))),
    accepted(
        "times: a Monday-to-Saturday shop",
        _at(
            pd.date_range(
                "2015-01-01", periods=60, freq=pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat")
            )
        ),
    ),
    accepted("times: the 25th of each month", _at(_dates("MS") + pd.Timedelta(days=24))),
    accepted(
        "times: nanoseconds that end near 2262", _at(pd.date_range("2262-02-01", periods=60, freq="D", unit="ns"))
    ),
    refused(
        "times: unequal steps",
        _at(pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-09", "2020-01-11", "2020-02-01"])),
        DataError,
    ),
    refused("times: a gap", _at(_dates("D", 61).delete(30)), DataError, "2015-01-31"),
    refused(
        "times: one twice", _at(_dates("D", 59).insert(30, pd.Timestamp("2015-01-31"))), DataError, "two observations"
    ),
    refused("times: backwards", _at(_dates("D")[::-1]), DataError, "sort"),
    refused("times: one missing", _at(_dates("D", 59).insert(30, pd.NaT)), DataError),
    refused("times: fractions", _at(pd.Index(np.arange(60) / 4)), DataError),
    refused("times: booleans", _at(pd.Index([True, False])), DataError),
    refused("times: words", _at(pd.Index([f"row {i}" for i in range(60)])), DataError, "row 0"),
    refused(
        "times: integers that wrap", _at(pd.Index(np.arange(60, dtype=np.uint64) + np.uint64(2**64 - 61))), DataError
    ),
    refused("times: the end of integers", _at(pd.Index(np.arange(60) + (2**63 - 61))), DataError),
    refused(
        "times: a year mistyped among minutes",
        lambda model: model.fit(
            Panel.from_frame(
                pd.DataFrame({"unique_id": "a", "ds": [*_dates("min", 59), pd.Timestamp("2204-01-01")], "y": usual()}),
                gaps="nan",
            )
        ),
        DataError,
        "2204",
    ),
]


def _x(n_obs=60 + HORIZON, **columns):
    index = pd.date_range("2015-01-01", periods=n_obs, freq="MS")
    given = columns or {"x": np.cos(np.arange(n_obs) ** 2.0)}
    return pd.DataFrame({name: np.resize(values, n_obs) for name, values in given.items()}, index=index)


def _holed(value, row=20):
    X = _x()
    X.iloc[row, 0] = value
    return X


def _with_x(X):
    return forecast_of(months(usual()), X, X)


_Y = months(usual())
_WHOLLY = (FitError, CovariateError)  # nothing is left to be explained
_COLLINEAR = (FitError, CovariateError)  # once differenced it is constant, or a combination of the others

COVARIATES = [
    accepted("covariates: one", _with_x(_x())),
    accepted("covariates: booleans", _with_x(_x(open=[True, False])), _COLLINEAR),
    accepted("covariates: integers", _with_x(_x(n=np.arange(65))), _COLLINEAR),
    accepted("covariates: a Series", forecast_of(_Y, _x()["x"], _x()["x"])),
    accepted("covariates: constant", _with_x(_x(one=np.ones(65))), _COLLINEAR, reach=5),
    accepted(
        "covariates: two of the same values",
        _with_x(_x(x=np.cos(np.arange(65.0)), twin=np.cos(np.arange(65.0)))),
        _COLLINEAR,
        reach=5,
    ),
    accepted("covariates: words", _with_x(_x(x=["a", "b", "b"])), reach=5),
    accepted("covariates: huge", _with_x(_x(x=1e12 * np.cos(np.arange(65.0)))), reach=5),
    accepted("covariates: more rows than times", forecast_of(_Y, _x(90), _x(90))),
    accepted("covariates: rows out of order", forecast_of(_Y, _x().iloc[::-1], _x().iloc[::-1])),
    accepted("covariates: a jump ahead", forecast_of(_Y, _x(), _x() + 1000), reach=1e4),
    accepted("covariates: tiny", _with_x(_x(x=1e-12 * np.cos(np.arange(65.0) ** 2))), reach=5),
    accepted("covariates: one that is zero but once", _with_x(_x(x=(np.arange(65) == 20).astype(float))), _COLLINEAR),
    accepted("covariates: the series itself", forecast_of(_Y, _Y.to_frame("twin"), _x(twin=usual(65))), _WHOLLY),
    refused("covariates: dates", forecast_of(_Y, _x(x=pd.date_range("2020", periods=65)), _x()), CovariateError, "x"),
    refused("covariates: a text", forecast_of(_Y, "holiday", _x()), (CovariateError, ContainerTypeError, DataError)),
    refused("covariates: a number", forecast_of(_Y, 3.0, _x()), (CovariateError, ContainerTypeError, DataError)),
    refused("covariates: nan", forecast_of(_Y, _holed(np.nan).iloc[:60], _x()), CovariateError, "2016-09"),
    refused("covariates: infinite", forecast_of(_Y, _holed(np.inf).iloc[:60], _x()), CovariateError, "2016-09"),
    refused(
        "covariates: words and numbers", forecast_of(_Y, _x(x=np.array(["a", 3.0], object)), _x()), CovariateError, "x"
    ),
    refused("covariates: another length", forecast_of(_Y, np.ones((59, 1)), np.ones((5, 1))), CovariateError, "59"),
    refused("covariates: other times", forecast_of(_Y, _x().iloc[1:], _x()), CovariateError, "2015-01"),
    refused(
        "covariates: times twice", forecast_of(_Y, pd.concat([_x(), _x().iloc[:1]]), _x()), CovariateError, "2015-01"
    ),
    refused("covariates: called y", forecast_of(_Y, _x(y=np.arange(65.0)), _x()), (CovariateError, DataError), "y"),
    refused(
        "covariates: two of one name",
        forecast_of(_Y, _x(a=[1.0, 2.0], b=[2.0, 1.0, 3.0]).set_axis(["a", "a"], axis=1), _x()),
        (CovariateError, DataError),
        "a",
    ),
    refused(
        "covariates: nan by the panel's door",
        lambda model: model.fit(
            Panel.from_frame(_long(ids=("a",), price=np.where(np.arange(60) == 20, np.nan, 1.0)), covariates=["price"])
        ),
        CovariateError,
        "price",
    ),
    refused(
        "covariates: nan where times are skipped",
        lambda model: model.fit(
            Panel.from_frame(_long(ids=("a",), price=1.0).drop(index=20), covariates=["price"], gaps="nan")
        ),
        CovariateError,
        "price",
    ),
]


AHEAD = [  # for a model that uses covariates; others pass them over
    refused("covariates: missing ahead", forecast_of(_Y, _x(), _holed(np.nan, 62)), CovariateError, "2020-03"),
    refused("covariates: infinite ahead", forecast_of(_Y, _x(), _holed(np.inf, 62)), CovariateError, "2020-03"),
    refused("covariates: words ahead", forecast_of(_Y, _x(), _x(x=["a", "b"])), CovariateError, "x"),
    refused("covariates: too few steps ahead", forecast_of(_Y, _x(), _x().iloc[:62]), CovariateError, "2020"),
    refused("covariates: too many rows of an array", forecast_of(_Y, _x(), np.ones((6, 1))), CovariateError, "6"),
    refused("covariates: too many columns of an array", forecast_of(_Y, _x(), np.ones((5, 2))), CovariateError, "x1"),
    refused("covariates: none ahead", forecast_of(_Y, _x()), CovariateError, "x"),
    refused("covariates: another name ahead", forecast_of(_Y, _x(), _x(z=np.ones(65))), CovariateError, "x"),
    refused("covariates: a number ahead", forecast_of(_Y, _x(), 3.0), (CovariateError, ContainerTypeError, DataError)),
    refused("covariates: a text ahead", forecast_of(_Y, _x(), "x"), (CovariateError, ContainerTypeError, DataError)),
]


def _asked(**arguments):
    def run(model):
        fitted = model.fit(_Y)
        return _Y, fitted.predict(**{"horizon": HORIZON, **arguments})

    return run


def _given_history(history):
    def run(model):
        return history, model.fit(_Y).predict(HORIZON, history=history, level=80)

    return run


CALLS = [
    *(
        refused(f"call: horizon={value!r}", _asked(horizon=value), ParameterError, "horizon")
        for value in (0, -1, 2.5, True, "5", None, float("nan"), [3], 10**9, 2**63)
    ),
    *(
        refused(f"call: level={value!r}", _asked(level=value), ParameterError, "level")
        for value in (0, 100, -80, 180, "high", float("nan"), [80, None], [80, 80], float("inf"))
    ),
    *(
        refused(f"call: quantiles={value!r}", _asked(quantiles=value), ParameterError, "quantile")
        for value in (0, 1, 1.5, -0.1, "median", float("nan"), [0.1, 0.1])
    ),
    *(
        refused(f"call: horizon={value!r}", _asked(horizon=value), ParameterError, "horizon")
        for value in ("", {}, 5.0, np.timedelta64(5, "D"), pd.Timestamp("2020"), -(10**30), 1j, b"5", np.array(5.5))
    ),
    *(
        refused(f"call: level={value!r}", _asked(level=value), ParameterError, "level")
        for value in (
            None.__class__,
            [[80]],
            {"a": 80},
            [80, 80.0000001],
            1e-300,
            10**400,
            [100.0],
            b"80",
            "80",
            ["80"],
            True,
        )
    ),
    refused("call: a history that is empty", _given_history(months(np.empty(0))), DataError),
    refused("call: a history of one missing value", _given_history(months([np.nan])), DataError),
    refused("call: a history that is a number", _given_history(3.0), (ContainerTypeError, DataError)),
    refused("call: a history of words", _given_history(months(np.array(["x"] * 60, dtype=object))), DataError, "x"),
    accepted("call: a history of zeros", lambda model: (_Y, _given_history(months(np.zeros(60)))(model)[1])),
    accepted("call: a history of a thousand times the size", _given_history(months(1000 * usual()))),
    accepted("call: a history before that of training", _given_history(months(usual(), start="1990-01-01"))),
    accepted("call: level as an array", _asked(level=np.array([80.0]))),
    accepted("call: level as a whole number of numpy", _asked(level=np.int64(80))),
    accepted("call: horizon as a whole number of numpy", _asked(horizon=np.int32(5), level=80)),
    accepted("call: a long horizon", _asked(horizon=300, level=80), reach=30),
    refused("call: predict before fit", lambda model: model.predict(HORIZON), NotFittedError, "fit"),
    refused(
        "call: fit in scikit-learn's order",
        lambda model: model.fit(np.column_stack([usual(), usual(seed=1)]), usual()),
        DataError,
    ),
    refused(
        "call: a history of another frequency",
        _given_history(pd.Series(usual(), index=_dates("D"), name="a")),
        DataError,
        "frequency",
    ),
    refused("call: a history without a known value", _given_history(months(np.full(30, np.nan))), DataError),
    refused("call: a history that is infinite", _given_history(months(replaced([59], np.inf))), DataError, "inf"),
    accepted("call: a history with other values", _given_history(months(usual(seed=3)))),
    accepted("call: a history with a jump at its end", _given_history(months(replaced([59], 3000.0)))),
    accepted("call: a history with missing values", _given_history(months(replaced(slice(50, 57), np.nan)))),
    refused(
        "call: a history that ends in missing values",
        _given_history(months(replaced(slice(57, 60), np.nan))),
        DataError,
        "its last 3 rows",
    ),
]

CASES = [*SHORT_SERIES, *STRANGE_SERIES, *CONTAINERS, *TIMES, *COVARIATES, *CALLS]
