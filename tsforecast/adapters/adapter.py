"""Adapter: what forecasters around a model of another library share."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from tsforecast._types import Bools
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, ParameterError, TSForecastError
from tsforecast.foreign.library import Library
from tsforecast.panel import Panel
from tsforecast.panel.appended import appended

Result = TypeVar("Result")
_SEEDS = ("random_state", "random_seed", "seed")


class Adapter(BaseForecaster):
    """A forecaster around a model of another library, which is never changed: a copy of it is fitted.

    Class attributes that an adapter sets
    -------------------------------------
    foreign : mapping of str to Library
        The library, by the name of the argument that holds the model.

    Where the model takes a seed, whatever it is called there, the seed is the nested parameter
    ``<argument>__random_state``: `get_params` lists it, `set_params` sets it, and a backtest runs the model once for
    each of its seeds.
    """

    foreign: ClassVar[Mapping[str, Library]]

    @property
    def library(self) -> Library:
        """The library that the model comes from."""
        return next(iter(self.foreign.values()))

    @property
    def held(self) -> Any:
        """The model as it was given.

        Raises
        ------
        ParameterError
            It is no model of the library.
        MissingDependencyError
            The library is not installed.
        """
        argument = next(iter(self.foreign))
        value = getattr(self, argument)
        self.library.check(value, type(self).__name__, argument)
        return value

    @property
    def label(self) -> str:
        """Library, version and class of the model, for messages."""
        return f"{type(self.held).__name__} of {self.library.version}"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Arguments by name; with ``deep`` also the nested ones, the seed of the model among them."""
        params: dict[str, Any] = super().get_params(deep=deep)
        argument = next(iter(self.foreign))
        own, name = self._seed(params[argument]) if deep else ({}, None)
        return params if name is None else {**params, f"{argument}__random_state": own[name]}

    def set_params(self, **params: Any) -> Self:
        """The forecaster itself with other arguments; a seed is given to a model that is made anew."""
        argument = next(iter(self.foreign))
        value = getattr(self, argument)
        own, name = self._seed(value)
        if name is not None and f"{argument}__random_state" in params:
            setattr(self, argument, type(value)(**{**own, name: params.pop(f"{argument}__random_state")}))
        return super().set_params(**params)

    def _seed(self, value: Any) -> tuple[Mapping[str, Any], str | None]:
        """Arguments of a model that has no nested parameters itself, and the name of its seed; None without one."""
        if hasattr(value, "get_params") or not self.library.made(value):
            return {}, None
        own = self.library.arguments(value) or {}
        return own, next((name for name in _SEEDS if name in own), None)

    def each(self, panel: Panel, work: Callable[[int], Result], doing: str) -> list[Result]:
        """The results of ``work`` for the series of a panel, by position; a `FitError` names all that failed."""
        done: list[Result] = []
        failures: dict[str, str] = {}
        for i, name in enumerate(panel.ids):
            try:
                with self.said_by(doing):
                    done.append(work(i))
            except FitError as error:
                failures[str(name)] = str(error)
        if failures:
            first = next(iter(failures))
            more = f" ({len(failures)} of {panel.n_series} series failed)" if len(failures) > 1 else ""
            raise FitError(f"Series {first!r}: {failures[first]}{more}", failures)
        return done

    def is_as_fitted(self, panel: Panel, i: int) -> bool:
        """Whether series ``i`` of a panel ends where the series of this name that was fitted ends, and equals it."""
        place = self.panel_.positions(panel.ids[[i]])
        return panel.take([i]).fingerprint() == self.panel_.take(place).fingerprint()

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        """None: it forecasts from all observations. An error where it cannot from more than it was fitted on."""
        if not self.is_global:
            whole = appended(panel, news, np.ones(panel.n_series, dtype=np.bool_))
            steps, last = getattr(self, "horizon", None) or 1, whole.indptr[1:] - 1
            X = None if whole.covariates is None else np.repeat(whole.covariates[last][:, None], steps, axis=1)
            self._predict(whole, steps, X, np.empty(0))
        return None

    def no_history(self) -> ParameterError:
        """The error for a model that cannot forecast from other observations than those it was fitted on."""
        return ParameterError(
            f"{self.label} cannot forecast from a history that it was not fitted on, as fitted_values, refit='never' "
            "and Conformal do, or update; fit it anew at every cutoff: refit='always' in a backtest."
        )

    @contextlib.contextmanager
    def said_by(self, doing: str) -> Iterator[None]:
        """Turn any error of the library into a `FitError` that names the library, the model and what was done."""
        try:
            yield
        except TSForecastError:
            raise
        except Exception as error:  # another library may raise anything
            text = str(error).strip() or "no message"
            raise FitError(f"{self.label} failed to {doing}: {type(error).__name__}: {text}") from error
