"""What entries in others' benchmarks share: forecasts from window after window, their times, and the results file."""

import dataclasses
import importlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import MissingDependencyError, ParameterError, RunFolderError
from tsforecast.panel import Panel

FitWhen: TypeAlias = Literal["always", "never"]
WhenShort: TypeAlias = Literal["error", "naive"]


@dataclasses.dataclass
class Entry:
    """A forecaster as an entry in a benchmark: it forecasts from the windows that it is given, oldest first.

    Attributes
    ----------
    forecaster : BaseForecaster
        It is not changed: every fit is of a fresh clone.
    quantiles : sequence of float
        Quantile levels that the benchmark asks for, increasing.
    refit : {"always", "never"}
        Fit at every window; or fit at the first, and forecast from later ones with the same parameters.
    too_short : {"error", "naive"}
        What to do with series shorter than the forecaster needs: an error that names them, or the forecasts of a
        `Naive`, which ``n_by_naive`` counts.
    fit_seconds, predict_seconds : float
        Time spent so far.
    n_by_naive : int
        Forecasts so far that a `Naive` made.

    Raises
    ------
    ParameterError
        An argument has a value that is not allowed, or the forecaster gives no quantiles and the benchmark asks for
        some.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> entry = Entry(Naive(), quantiles=[0.5])
    >>> entry.forecast(Panel.from_array(np.array([3.0, 1.0, 2.0])), horizon=2)
    array([[[2., 2.],
            [2., 2.]]])
    """

    forecaster: BaseForecaster
    quantiles: Sequence[float] = ()
    refit: FitWhen = "always"
    too_short: WhenShort = "error"
    fit_seconds: float = dataclasses.field(default=0.0, init=False)
    predict_seconds: float = dataclasses.field(default=0.0, init=False)
    n_by_naive: int = dataclasses.field(default=0, init=False)
    _model: BaseForecaster | None = dataclasses.field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.forecaster, BaseForecaster):
            raise ParameterError(f"forecaster={str(self.forecaster)[:80]} is no forecaster; give one, such as Naive().")
        check_one_of("refit", self.refit, ("always", "never"))
        check_one_of("too_short", self.too_short, ("error", "naive"))
        if len(self.quantiles) and not self.forecaster.gives_intervals:
            raise ParameterError(
                f"{type(self.forecaster).__name__} gives no quantiles and the benchmark asks for "
                f"{list(self.quantiles)}; wrap it: Conformal(model) makes them from the errors of any model."
            )

    def forecast(self, panel: Panel, horizon: int, X: pd.DataFrame | None = None) -> Floats:
        """Point forecasts and then quantiles of the next steps: ``(n_series, horizon, 1 + n_quantiles)``.

        ``X`` holds the covariates of the horizon, with columns ``unique_id`` and ``ds``.
        """
        history: Panel | None = panel
        if self._model is None or self.refit == "always":
            begin = time.perf_counter()
            self._model, history = clone(self.forecaster).fit(panel, too_short=self.too_short), None
            self.fit_seconds += time.perf_counter() - begin
        short = panel.ids.isin(list(self._model.skipped_))
        table = np.empty((panel.n_series, horizon, 1 + len(self.quantiles)))
        begin = time.perf_counter()
        for part, model in ((~short, self._model), (short, self._model.stand_in_)):
            if part.any() and model is not None:
                seen = None if history is None else history.take(np.flatnonzero(part))
                made = model.predict(horizon, X, history=seen, quantiles=list(self.quantiles) or None)
                table[part] = np.dstack([made.mean, made.quantiles])
        self.predict_seconds += time.perf_counter() - begin
        self.n_by_naive += int(short.sum())
        return table


def check_one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise a `ParameterError` unless ``value`` is one of the choices."""
    if value not in choices:
        raise ParameterError(f"{name}={value!r} is none of {', '.join(map(repr, choices))}.")


def needed(module: str, user: str, extra: str, remark: str = "") -> ModuleType:
    """A module of another library; a `MissingDependencyError` says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{user} needs {module.partition('.')[0]}, which cannot be imported ({error}): pip install "
            f"'tsforecast[{extra}]', perhaps in an environment of its own.{remark}"
        ) from error


def write_each(rows: Iterable[Mapping[str, Any]], path: str | Path | None) -> pd.DataFrame:
    """The rows as a table, written to a new CSV file after each of them, so that a stopped run leaves what is done.

    Raises
    ------
    RunFolderError
        The file exists. It is left as it is, and no row is computed.
    """
    if path is not None and Path(path).exists():
        raise RunFolderError(f"{path} exists and is not overwritten; choose another name, or delete it.")
    done: list[Mapping[str, Any]] = []
    for row in rows:
        done.append(row)
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(done).to_csv(path, index=False)
    return pd.DataFrame(done)
