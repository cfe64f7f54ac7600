"""A backtest before it runs: the models with their names and seeds, and the list of jobs."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from sklearn.base import clone

from tsforecast._types import Floats
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.plan.settings import (
    MOST_MODELS,
    check_levels,
    check_metrics,
    check_n_jobs,
    check_name,
)
from tsforecast.backtest.plan.too_short import check_too_short
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import quantile_levels
from tsforecast.metrics.choose import DEFAULT_METRICS, score_facts
from tsforecast.metrics.metric import Metric
from tsforecast.panel import Panel
from tsforecast.panel.too_short import TooShort, check_choice
from tsforecast.panel.whole_numbers import whole_number

Refit: TypeAlias = Literal["always", "never"] | int
_LARGEST_BLOCK = 512  # series: no more work is lost when a run is killed
_BLOCKS = 4  # blocks that a small panel is cut into: with several cutoffs, workers have enough to share


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that decides what a backtest computes.

    Attributes
    ----------
    panel : Panel
    models : dict of str to BaseForecaster
    cv : RollingOrigin
    metrics : tuple of Metric
    refit : "always", "never" or int
    level, quantiles : tuple of float
    seeds : tuple of int, or None
    season_length : int
        Season of the scale of MASE, RMSSE and MSIS.
    audit : bool
        Whether every forecast is repeated with other values after its cutoff.
    too_short : {"error", "skip", "naive"}
        What to do with series that are too short for a model or a cutoff.
    budget : int or str, optional
        The budget within which models are `Tuned`, as they are in ``models`` already; for the config of the run.
    source : dict
        Where the data came from, for the config of the run.
    """

    panel: Panel
    models: dict[str, BaseForecaster]
    cv: RollingOrigin
    metrics: tuple[Metric, ...]
    refit: Refit
    level: tuple[float, ...]
    quantiles: tuple[float, ...]
    seeds: tuple[int, ...] | None
    season_length: int
    audit: bool = False
    too_short: TooShort = "error"
    budget: int | str | None = None
    source: dict[str, Any] = dataclasses.field(default_factory=lambda: {"data": None})

    def __post_init__(self) -> None:
        if not isinstance(self.cv, RollingOrigin):
            raise ParameterError(f"cv={self.cv!r} is no RollingOrigin(horizon, n_windows=...).")
        if not isinstance(self.refit, str) or self.refit not in ("always", "never"):
            whole = isinstance(self.refit, (int, np.integer)) and not isinstance(self.refit, bool)
            if not whole or int(self.refit) < 1:
                raise ParameterError(
                    f"refit={self.refit!r} is not 'always', 'never' or a number of cutoffs, at least 1."
                )
        if not isinstance(self.audit, (bool, np.bool_)):
            raise ParameterError(f"audit={self.audit!r} is neither True nor False.")
        whole_number("season_length", self.season_length, most=2**31 - 1)
        for name in self.models:
            check_name(name)
        if len(self.models) > MOST_MODELS:
            raise ParameterError(f"models: {len(self.models)} models are too many; {MOST_MODELS} are allowed.")
        check_choice(self.too_short)
        check_levels(self.level, self.quantiles)
        n_blocks = max(len(self._blocks(forecaster)) for forecaster in self.models.values())
        check_n_jobs(len(self.models), len(self.seeds or (0,)), self.cv.n_windows, n_blocks)
        usual = tuple(metric.name for metric in self.metrics) == DEFAULT_METRICS
        n_series = self.panel.n_series
        ranking_metric(score_facts(self.metrics, self.level), None)
        fitted_at = [windows[0] for windows in self._shared_fits()]
        check_too_short(self.panel, self.models, self.cv, fitted_at, self.too_short)
        check_metrics(self.metrics, self.level, self.levels, n_series, self.cv.horizon, usual=usual)

    @property
    def levels(self) -> Floats:
        """Quantile levels to forecast: ``(n_quantiles,)``."""
        return quantile_levels(self.level, self.quantiles)

    def jobs(self) -> list[Job]:
        """The jobs in the order of the result: by model, seed, cutoffs, block of series."""
        return [
            Job(name, seeded, seed, windows, first, stop)
            for name, forecaster in self.models.items()
            for seed in seeds_of(forecaster, self.seeds)
            for seeded in [with_seed(forecaster, seed)]
            for windows in self._shared_fits()
            for first, stop in self._blocks(forecaster)
        ]

    def _shared_fits(self) -> list[tuple[int, ...]]:
        every = {"always": 1, "never": self.cv.n_windows}.get(str(self.refit)) or int(self.refit)
        windows = range(self.cv.n_windows)
        return [tuple(windows[k : k + every]) for k in range(0, self.cv.n_windows, every)]

    def _blocks(self, forecaster: BaseForecaster) -> list[tuple[int, int]]:
        n_series = self.panel.n_series
        size = n_series if forecaster.is_global else min(_LARGEST_BLOCK, -(-n_series // _BLOCKS))
        return [(first, min(first + size, n_series)) for first in range(0, n_series, size)]


def name_models(
    models: Mapping[str, BaseForecaster] | Sequence[BaseForecaster] | BaseForecaster,
) -> dict[str, BaseForecaster]:
    """The models by name: class names, numbered where one comes twice, unless a mapping names them.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> list(name_models([Naive(), Naive()]))
    ['Naive', 'Naive-2']
    """
    if isinstance(models, BaseForecaster):
        models = [models]
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
        if len(named) < len(models):
            raise ParameterError(f"models: two of the names {', '.join(map(repr, models))} are the same as text.")
    else:
        if isinstance(models, (str, bytes)) or not isinstance(models, Iterable):
            raise ParameterError(f"models={models!r} is no list of forecasters such as [Naive()].")
        named = {}
        for model in itertools.islice(models, MOST_MODELS + 1):
            name, n = type(model).__name__, 1
            while name in named:
                n += 1
                name = f"{type(model).__name__}-{n}"
            named[name] = model
    if not named:
        raise ParameterError("models is empty; give at least one forecaster.")
    for name, model in named.items():
        if not isinstance(model, BaseForecaster):
            hint = f"; write {model.__name__}()" if isinstance(model, type) else ""
            raise ParameterError(f"Model {name!r} is {model!r}, no forecaster{hint}.")
    return named


def draws_numbers(forecaster: BaseForecaster) -> bool:
    """Whether a forecaster has a ``random_state``, of its own or of what it wraps."""
    return bool(_random_states(forecaster))


def _random_states(forecaster: BaseForecaster) -> list[tuple[str, object]]:
    """Parameters called ``random_state``, of the forecaster and of what it wraps."""
    params = forecaster.get_params(deep=True)
    return [(name, value) for name, value in params.items() if name.split("__")[-1] == "random_state"]


def seeds_of(forecaster: BaseForecaster, seeds: Sequence[int] | None) -> tuple[int, ...]:
    """The seeds that a forecaster is run with: its own if ``seeds`` is None, and one only if it has no random state.

    Examples
    --------
    >>> from tsforecast import GRU, Naive
    >>> seeds_of(GRU(random_state=7), None), seeds_of(GRU(), [3, 4]), seeds_of(Naive(), [3, 4])
    ((7,), (3, 4), (0,))
    """
    states = [value for _, value in _random_states(forecaster)]
    if not states:
        return (0,)
    own = next((int(value) for value in states if isinstance(value, (int, np.integer))), 0)
    return (own,) if seeds is None else tuple(seeds)


def with_seed(forecaster: BaseForecaster, seed: int) -> BaseForecaster:
    """A clone in which every parameter called ``random_state`` is the seed."""
    copy: BaseForecaster = clone(forecaster)
    return copy.set_params(**{name: seed for name, _ in _random_states(forecaster)})
