"""Checks of options against the types of their fields, so that a misspelt name is an error."""

import dataclasses
import math
from collections.abc import Mapping
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from tsforecast.exceptions import ParameterError


def check_network(
    hidden_size: int | tuple[int, ...], num_layers: int, dropout: float, n_members: int, lr: float
) -> None:
    """Raise a `ParameterError` where a shape or the learning rate of a network is invalid.

    Examples
    --------
    >>> check_network(32, 1, 1.5, 8, 0.01)
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.ParameterError: dropout=1.5 is not a share, 0 <= dropout < 1.
    """
    sizes = hidden_size if isinstance(hidden_size, (tuple, list)) else [hidden_size]
    for size in sizes:
        check_value("hidden_size", size, int, 1)
    check_value("num_layers", num_layers, int, 1)
    if (isinstance(hidden_size, (tuple, list)) and num_layers not in (1, len(sizes))) or not sizes:
        raise ParameterError(f"hidden_size={hidden_size!r} has {len(sizes)} layers, num_layers={num_layers!r}.")
    check_value("n_members", n_members, int, 1)
    check_value("dropout", dropout, float, 0)
    check_value("lr", lr, float, 0)
    if not dropout < 1:
        raise ParameterError(f"dropout={dropout!r} is not a share, 0 <= dropout < 1.")
    if not lr > 0:
        raise ParameterError(f"lr={lr!r} is not a positive learning rate.")


def check_fields(group: Any, least: Mapping[str, float]) -> None:
    """Raise a `ParameterError` unless every field of a dataclass has a value of its type.

    One of the choices of a `Literal`, True or False, a whole number or a finite number, or None where that is allowed.
    A number is ``least[name]`` or more.

    Examples
    --------
    >>> from tsforecast.models.neural.options import Training
    >>> Training(optimizer="adamm")
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.ParameterError: optimizer='adamm' is none of 'adam', 'adamw', 'sgd'.
    """
    for field in dataclasses.fields(group):
        check_value(field.name, getattr(group, field.name), field.type, least.get(field.name, -math.inf))


def check_value(name: str, value: Any, hint: Any, least: float) -> None:
    """Raise a `ParameterError` unless ``value`` is of the type ``hint`` and, if a number, at least ``least``.

    Examples
    --------
    >>> check_value("batch_size", 0, int, 1)
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.ParameterError: batch_size=0 is not a whole number, at least 1.
    """
    hints = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in hints:
        return
    (hint,) = (one for one in hints if one is not NoneType)
    if get_origin(hint) is Literal:
        fits, wanted = isinstance(value, str) and value in get_args(hint), "none of " + _listed(get_args(hint))
    elif hint is bool:
        fits, wanted = isinstance(value, bool), "neither True nor False"
    else:
        kind, noun = (Integral, "whole number") if hint is int else (Real, "finite number")
        fits = isinstance(value, kind) and not isinstance(value, bool) and least <= float(value) < math.inf
        wanted = f"not a {noun}" + (f", at least {least}" if math.isfinite(least) else "")
    if not fits:
        raise ParameterError(f"{name}={value!r} is {wanted}{' (or None)' if NoneType in hints else ''}.")


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(map(repr, choices))
