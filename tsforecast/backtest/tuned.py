"""Tuned: a forecaster whose parameters are searched for at every fit, within a budget."""

import itertools
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from sklearn.base import clone

from tsforecast._bounds import Bounds
from tsforecast._one_step import OneStep, one_step_within
from tsforecast._predicting import forecast_within, paths_within
from tsforecast._saving import short_of
from tsforecast._types import Bools, Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import (
    FitError,
    MissingDependencyError,
    ParameterError,
    TSForecastError,
)
from tsforecast.forecast import Forecast
from tsforecast.metrics.point import mase
from tsforecast.metrics.scale import seasonal_scale
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number
from tsforecast.wrapper import Wrapper

Space: TypeAlias = Mapping[str, Sequence[Any]]
Choice: TypeAlias = tuple[int, ...]  # index of a value for each parameter; empty: the forecaster as given
DEFAULT_BUDGET = 20  # candidates
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Tuned(Wrapper):
    """Another forecaster, with the parameters that did best on the end of the training series.

    The last ``horizon`` observations of every series are cut off and forecast by each candidate that is tried; the one
    with the smallest mean absolute scaled error is fitted on everything. The forecaster as it was given is the first
    candidate; then a tree of Parzen estimators (Bergstra et al. 2011, through ``optuna``, extra ``tune``) chooses.
    Because all this is part of `fit`, a backtest charges its time to the model and shows it nothing past the cutoff.

    Parameters
    ----------
    forecaster : BaseForecaster
    space : mapping of str to sequence, optional
        Values to choose from, by parameter of the forecaster; its ``search_space`` where it is None.
    budget : int or str
        Candidates to try, or the time in which to begin new ones: ``"60s"``, ``"5m"``. A time is no repeatable budget.
    horizon : int, optional
        Observations to validate on; one season (six where there is none), at most a fifth of the shortest series, where
        it is None.
    random_state : int, optional
        Seed of the search.
    nonnegative, bounds
        Limits of forecasts, see `BaseForecaster`; those of the forecaster where neither is given.

    Attributes
    ----------
    best_params_ : dict
        The values chosen.
    best_score_ : float
        Their mean absolute scaled error on the validation steps.
    n_tried_ : int
    forecaster_ : BaseForecaster
        The one chosen, fitted on everything.

    Examples
    --------
    >>> from tsforecast import SeasonalNaive
    >>> y = np.tile([1.0, 5.0, 2.0, 8.0], 6)
    >>> Tuned(SeasonalNaive(1), {"season_length": [2, 3, 4]}, budget=4).fit(y).best_params_
    {'season_length': 4}
    """

    def __init__(
        self,
        forecaster: BaseForecaster,
        space: Mapping[str, Sequence[Any]] | None = None,
        budget: int | str = DEFAULT_BUDGET,
        horizon: int | None = None,
        random_state: int | None = 0,
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.forecaster = forecaster
        self.space = space
        self.budget = budget
        self.horizon = horizon
        self.random_state = random_state
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def is_global(self) -> bool:
        """True: one choice of parameters is made for all series together."""
        return True

    def min_observations(self, panel: Panel) -> int:
        """Observations that the forecaster as given needs, plus the steps to validate on."""
        needed = self._inner().min_observations(panel)
        if self.horizon is None:  # a fifth of the shortest series, at most
            return max(needed + 1, -(-5 * needed // 4))
        return needed + _whole_horizon(self.horizon)

    def _fit(self, panel: Panel) -> None:
        if self.random_state is not None:
            whole_number("random_state", self.random_state, least=0)
        space, horizon = self._space(), self._horizon(panel)
        n_trials, seconds = parse_budget(self.budget)
        begin = time.monotonic()
        tried: dict[Choice, float] = {(): self._score((), space, panel, horizon)}  # the forecaster as it was given
        proposals = _proposals(space, tried, self.random_state)
        while len(tried) < n_trials and time.monotonic() - begin < seconds:
            choice = next(proposals, None)
            if choice is None:  # all choices were tried
                break
            tried[choice] = self._score(choice, space, panel, horizon)
        best = min(tried, key=lambda choice: tried[choice])
        if not np.isfinite(tried[best]):
            raise FitError(f"None of {len(tried)} candidates of {self.forecaster!r} could be fitted and scored.")
        self.best_params_ = {name: space[name][i] for name, i in zip(space, best, strict=False)}
        self.best_score_, self.n_tried_ = tried[best], len(tried)
        self.forecaster_: BaseForecaster = self._candidate(best, space).fit(panel)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        return forecast_within(self.forecaster_, panel, horizon, X, levels)

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        return one_step_within(self.forecaster_, panel, levels)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        return paths_within(self.forecaster_, panel, n_paths, horizon, X, rngs)

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        return self._with_inner(short_of(self.forecaster_, panel))

    def _candidate(self, choice: Choice, space: Space) -> BaseForecaster:
        candidate: BaseForecaster = clone(self.forecaster)
        return candidate.set_params(**{name: space[name][i] for name, i in zip(space, choice, strict=False)})

    def _score(self, choice: Choice, space: Space, panel: Panel, horizon: int) -> float:
        """Mean absolute scaled error on the end of the series; infinite for a candidate that cannot be fitted.

        Where no series has a scale, as of constant ones, the mean absolute error.
        """
        stop = panel.lengths - horizon
        before = panel.slice(np.zeros_like(stop), stop)
        rows = (panel.indptr[:-1] + stop)[:, None] + np.arange(horizon)
        X = None if panel.covariates is None else panel.covariates[rows]
        try:
            mean = forecast_within(self._candidate(choice, space).fit(before), before, horizon, X, np.empty(0)).mean
        except (TSForecastError, ValueError, ArithmeticError, RuntimeError):
            return float("inf")
        scale = seasonal_scale(before.values, before.indptr, panel.season_length)
        scores = mase(panel.values[rows], mean, scale)
        scores = scores[~np.isnan(scores)]
        if scores.size == 0:
            errors = np.abs(panel.values[rows] - mean)
            scores = errors[~np.isnan(errors)]
        return float(scores.mean()) if scores.size and np.isfinite(scores).all() else float("inf")

    def _space(self) -> Space:
        given = getattr(self.forecaster, "search_space", None) if self.space is None else self.space
        name = type(self.forecaster).__name__
        if not given:
            raise ParameterError(f"{name} declares no search_space; give space={{parameter: values}}.")
        known = self.forecaster.get_params()
        if not isinstance(given, Mapping):
            raise ParameterError(f"space={given!r} is no mapping of parameters to values.")
        for parameter, values in given.items():
            several = isinstance(values, (Sequence, np.ndarray)) and not isinstance(values, (str, bytes))
            if parameter not in known or not several or len(values) == 0:
                raise ParameterError(f"space[{parameter!r}]={values!r}: {name} has the parameters {', '.join(known)}.")
        return {str(parameter): tuple(values) for parameter, values in given.items()}

    def _horizon(self, panel: Panel) -> int:
        shortest = int(panel.lengths.min())
        season = panel.season_length
        usual = max(1, min(season if season > 1 else 6, shortest // 5))
        horizon = usual if self.horizon is None else _whole_horizon(self.horizon)
        check_lengths(panel.ids, panel.lengths, horizon + 1, f"validating on horizon={horizon} leaves none to fit on")
        return horizon


def _whole_horizon(horizon: int) -> int:
    return whole_number("horizon", horizon, what="a whole number of steps")


def tune(models: Mapping[str, BaseForecaster], budget: int | str) -> dict[str, BaseForecaster]:
    """The models by name; those that declare a ``search_space`` are wrapped in `Tuned`.

    Examples
    --------
    >>> from tsforecast import ARIMA, Naive
    >>> tune({"a": Naive(), "b": ARIMA()}, "60s")
    {'a': Naive(), 'b': Tuned(budget='60s', forecaster=ARIMA())}
    """
    parse_budget(budget)
    return {name: Tuned(model, budget=budget) if model.search_space else model for name, model in models.items()}


def parse_budget(budget: int | str) -> tuple[float, float]:
    """Limits of a search: number of candidates and seconds; one of them is infinite.

    Examples
    --------
    >>> parse_budget(20), parse_budget("2m")
    ((20, inf), (inf, 120.0))
    """
    if isinstance(budget, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*", budget)
        if match is not None and float(match[1]) > 0:
            return float("inf"), float(match[1]) * _SECONDS[match[2]]
    elif isinstance(budget, (int, np.integer)) and not isinstance(budget, bool) and budget >= 1:
        return int(budget), float("inf")
    raise ParameterError(f"budget={budget!r} is neither a number of candidates nor a time such as '60s' or '5m'.")


def _proposals(space: Space, tried: Mapping[Choice, float], random_state: int | None) -> Iterator[Choice]:
    """Yield untried choices; the caller puts the score of each into ``tried`` before it takes the next."""
    try:
        import optuna
    except ImportError as error:
        raise MissingDependencyError("Tuned needs the package optuna; install tsforecast[tune].") from error
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # otherwise it logs every new study
    try:
        study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=None if random_state is None else random_state % 2**32)
        )
    finally:
        optuna.logging.set_verbosity(level)

    def tell(trial: optuna.Trial, score: float) -> None:
        if np.isfinite(score):
            study.tell(trial, score)
        else:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)

    untried = itertools.product(*(range(len(values)) for values in space.values()))
    while True:
        trial = study.ask()
        choice = tuple(trial.suggest_categorical(name, range(len(values))) for name, values in space.items())
        if choice in tried:  # already tried: the sampler gets the known score, and an untried choice is queued
            tell(trial, tried[choice])
            other = next((one for one in untried if one not in tried), None)
            if other is None:
                return
            study.enqueue_trial(dict(zip(space, other, strict=True)))
            continue
        yield choice
        tell(trial, tried[choice])
