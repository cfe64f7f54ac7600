"""Indexes, times and panels as plain values and arrays, and back."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Index
from tsforecast.exceptions import ModelFileError, ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import freq_name, parse_freq

_UNITS = ("s", "ms", "us", "ns")
_COLUMNS = (
    "String", "Categorical", "Date", "Datetime", "Boolean", "Float32", "Float64",
    "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64",
)  # fmt: skip
_DTYPES = ("object", "str", "string", "bool", "boolean")
_ZONE = re.compile(r"(?!dateutil)[A-Za-z][A-Za-z0-9_+:-]*(/[A-Za-z0-9_+-]+){0,3}")

Code: TypeAlias = Callable[[Any], Any]  # of the parts: `encode` or `decode`


def pack_index(index: Index, encode: Code) -> dict[str, Any]:
    """An index as plain values and arrays, its type and name included."""
    name = encode(index.name)
    if isinstance(index, pd.RangeIndex):
        return {"kind": "range", "range": [index.start, index.stop, index.step], "name": name}
    if isinstance(index, pd.DatetimeIndex):
        zone = None if index.tz is None else str(index.tz)
        return {"kind": "dates", "at": encode(index.asi8), "unit": index.unit, "zone": zone, "name": name}
    if isinstance(index, pd.PeriodIndex):
        return {"kind": "periods", "at": encode(index.asi8), "freq": index.freqstr, "name": name}
    if isinstance(index, pd.CategoricalIndex):
        categories = pack_index(pd.Index(index.categories), encode)
        codes = encode(np.asarray(index.codes, dtype=np.int64))
        return {"kind": "categories", "of": categories, "at": codes, "ordered": bool(index.ordered), "name": name}
    if isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufb":
        return {"kind": "numbers", "at": encode(index.to_numpy()), "name": name}
    if type(index) is not pd.Index or str(index.dtype) not in _DTYPES:
        raise ParameterError(f"names or times of the type {index.dtype} cannot be saved; numbers, texts and dates can.")
    return {"kind": "values", "at": encode(index.tolist()), "dtype": str(index.dtype), "name": name}


def unpack_index(packed: Mapping[str, Any], decode: Code) -> Index:
    """The index that `pack_index` wrote."""
    kind, name = packed["kind"], decode(packed["name"])
    if kind == "range":
        return pd.RangeIndex(*packed["range"], name=name)
    at = decode(packed["at"])
    if kind == "numbers":
        return pd.Index(at, name=name)
    if kind == "values":
        return pd.Index(at, dtype=_known(packed["dtype"], _DTYPES), name=name, tupleize_cols=False)
    if kind == "dates":
        moments = pd.DatetimeIndex(at.view(f"M8[{_known(packed['unit'], _UNITS)}]"), name=name)
        zone = packed["zone"]
        if zone is None:
            return moments
        if _ZONE.fullmatch(zone) is None:  # not of a file
            raise ModelFileError(f"holds the time zone {zone[:40]!r}, which this version does not know.")
        return moments.tz_localize("UTC").tz_convert(zone)
    if kind == "periods":
        return pd.PeriodIndex.from_ordinals(at, freq=packed["freq"], name=name)
    if kind == "categories":
        categories = unpack_index(packed["of"], decode)
        return pd.CategoricalIndex(
            pd.Categorical.from_codes(at, categories=categories, ordered=packed["ordered"]), name=name
        )
    raise ModelFileError(f"holds an index of the kind {str(kind)[:40]!r}, which this version does not know.")


def pack_panel(panel: Panel, encode: Code) -> dict[str, Any]:
    """A panel as plain values and arrays."""
    static = None
    if panel.static is not None:
        static = {str(name): encode(column.to_numpy()) for name, column in panel.static.items()}
    return {
        "values": encode(panel.values),
        "times": pack_index(panel.times, encode),
        "indptr": encode(panel.indptr),
        "ids": pack_index(panel.ids, encode),
        "freq": freq_name(panel.freq),
        "covariates": encode(panel.covariates),
        "covariate_names": list(panel.covariate_names),
        "static": static,
        "left_out": encode(panel.left_out),
        **_packed_roles(panel, encode),
    }


def _packed_roles(panel: Panel, encode: Code) -> dict[str, Any]:
    """What a panel holds besides covariates of numbers known ahead; nothing where it holds none, as in old files."""
    roles: dict[str, Any] = {}
    if panel.past_covariates is not None:
        roles |= {"past_covariates": encode(panel.past_covariates), "past_names": list(panel.past_names)}
    if panel.levels:
        roles["levels"] = [[name, list(kinds)] for name, kinds in panel.levels.items()]
    if panel.calendar is not None:
        roles["calendar"] = panel.calendar
    return roles


def _unpacked_roles(packed: Mapping[str, Any], n_obs: int, decode: Code) -> dict[str, Any]:
    """The fields of a panel that `_packed_roles` wrote."""
    past = decode(packed["past_covariates"]) if "past_covariates" in packed else None
    names, levels = packed.get("past_names", []), packed.get("levels", [])
    calendar = packed.get("calendar")
    texts = [*names, *(text for name, kinds in levels for text in (name, *kinds))]
    right = (
        (past is None or (_is_table(past, np.float64, 2) and past.shape == (n_obs, len(names))))
        and all(isinstance(text, str) for text in texts)
        and (calendar is None or isinstance(calendar, str))
    )
    if not right:
        raise ModelFileError("holds a panel whose covariates do not belong together.")
    kinds = {name: tuple(texts) for name, texts in levels}
    return {"past_covariates": past, "past_names": tuple(names), "levels": kinds, "calendar": calendar}


def unpack_panel(packed: Mapping[str, Any], decode: Code) -> Panel:
    """The panel that `pack_panel` wrote, once its arrays are seen to belong together."""
    ids, indptr, left_out = unpack_index(packed["ids"], decode), decode(packed["indptr"]), decode(packed["left_out"])
    values, covariates, names = decode(packed["values"]), decode(packed["covariates"]), packed["covariate_names"]
    static = packed["static"]
    if static is not None:
        static = pd.DataFrame({name: decode(column) for name, column in static.items()}, index=ids)
    right = (
        _is_table(values, np.float64, 1)
        and _is_table(indptr, np.int64, 1)
        and indptr.size >= 2
        and bool((np.diff(indptr) > 0).all())
        and (
            covariates is None
            or (_is_table(covariates, np.float64, 2) and covariates.shape == (values.size, len(names)))
        )
        and (left_out is None or (_is_table(left_out, np.int64, 1) and left_out.size == indptr.size - 1))
        and (left_out is None or bool((left_out >= 0).all()))
    )
    if not right:
        raise ModelFileError("holds a panel whose arrays do not belong together.")
    freq = packed["freq"]
    step = int(freq) if freq.isdigit() else parse_freq(freq)
    times = unpack_index(packed["times"], decode)
    roles = _unpacked_roles(packed, values.size, decode)
    return Panel(values, times, indptr, ids, step, covariates, tuple(names), static, left_out, **roles)


def pack_dtype(dtype: Any) -> dict[str, Any]:
    """The type of a column of another library's frame, as narwhals has it."""
    name = dtype.__name__ if isinstance(dtype, type) else type(dtype).__name__
    if name not in _COLUMNS:
        raise ParameterError(f"a frame with a column of the type {dtype} cannot be told in a file; {_COLUMNS} can.")
    if name == "Datetime" and not isinstance(dtype, type):
        return {"name": name, "unit": dtype.time_unit, "zone": dtype.time_zone}
    return {"name": name}


def unpack_dtype(packed: Mapping[str, Any]) -> Any:
    """The type that `pack_dtype` wrote."""
    import narwhals.stable.v2 as nw  # on use: only for series of other libraries than pandas

    kind = getattr(nw, _known(packed["name"], _COLUMNS))
    return kind(_known(packed["unit"], _UNITS), packed["zone"]) if "unit" in packed else kind()


def _is_table(array: Any, dtype: type, n_axes: int) -> bool:
    return isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == n_axes


def _known(name: object, names: Collection[str]) -> str:
    if not isinstance(name, str) or name not in names:
        raise ModelFileError(f"holds times or names of the type {str(name)[:40]!r}, which this version does not know.")
    return name
