"""Old names of constructor parameters: still accepted for one version, with a warning."""

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tsforecast.exceptions import ParameterError

Constructor = TypeVar("Constructor", bound=Callable[..., None])


def renamed(old: str, new: str) -> Callable[[Constructor], Constructor]:
    """A decorator for a constructor whose parameter ``old`` is called ``new`` now: the old name is still understood.

    The signature is that of the constructor, so that ``get_params`` and `clone` know the new name alone.

    Examples
    --------
    >>> class Model:
    ...     @renamed("colour", "color")
    ...     def __init__(self, color="red"):
    ...         self.color = color
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     Model(colour="blue").color
    'blue'
    """

    def decorate(init: Constructor) -> Constructor:
        @functools.wraps(init)
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
            init(self, *args, **with_new_names(type(self), kwargs))

        wrapped.renamed = {old: new}  # type: ignore[attr-defined]  # a function may carry attributes
        return wrapped  # type: ignore[return-value]  # it takes what the constructor takes

    return decorate


def with_new_names(cls: type, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the constructor of ``cls`` under their new names, with a `FutureWarning` for each old one.

    Raises
    ------
    ParameterError
        A parameter is given under both names.
    """
    names: Mapping[str, str] = getattr(vars(cls).get("__init__"), "renamed", {})
    given = dict(arguments)
    for old, new in names.items():
        if old not in given:
            continue
        if new in given:
            raise ParameterError(f"{cls.__name__}: {old!r} is the old name of {new!r}; give one of them.")
        warnings.warn(
            f"The parameter {old!r} of {cls.__name__} is called {new!r} now; the old name goes with the next version.",
            FutureWarning,
            stacklevel=3,
        )
        given[new] = given.pop(old)
    return given
