"""RunData: the tables of a finished run, its settings and its scores as an array; analysis and report read it."""

import dataclasses
import functools
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import pandas as pd

from tsforecast.backtest.compare.decision import Decision
from tsforecast.backtest.plan.ranking import denominator_columns, ranking_metric
from tsforecast.backtest.result.cube import Cube, widen
from tsforecast.metrics.choose import usual_facts
from tsforecast.metrics.metric import ScoreFacts

# Columns that each table of a run has at least.
TABLES = {
    "scores": ("model", "unique_id", "cutoff", "seed", "metric", "value"),
    "timings": ("model", "cutoff", "seed", "n_series", "fit_seconds", "predict_seconds"),
    "failures": ("model", "unique_id", "cutoff", "seed", "error", "message"),
    "warnings": ("model", "seed", "warning", "count"),
}
# Those that runs of earlier versions do not have.
LATER_TABLES = {
    "parts": ("model", "part", "unique_id", "cutoff", "seed", "metric", "value"),
    "fits": ("model", "unique_id", "cutoff", "seed", "fact", "step", "value"),
}
FORECAST_COLUMNS = ("model", "unique_id", "cutoff", "ds", "h", "seed", "y", "scale", "mean")


class LargeTables(Protocol):
    """The tables with a row for each score and each step forecast: held in memory, or read from files."""

    def scores(self) -> pd.DataFrame:
        """One row for every metric of every forecast."""

    def cells(self, columns: Sequence[str]) -> pd.DataFrame:
        """The scores with one row a forecast: its keys, then the columns of scores."""

    def forecasts_of(
        self, model: str, columns: Sequence[str] | None = None, series: Sequence[object] | None = None
    ) -> pd.DataFrame:
        """One row for every step that a model forecast; with ``columns`` only these, with ``series`` only theirs."""

    def parts(self) -> pd.DataFrame:
        """The scores of parts of models; no rows in a run of an earlier version."""

    def fits(self, facts: Collection[str] | None = None) -> pd.DataFrame:
        """What fits tell of themselves, of these ``facts`` or all; no rows in a run of an earlier version."""

    def diagnosis(self) -> pd.DataFrame | None:
        """The kind of each series, where it is known."""


@dataclasses.dataclass(frozen=True, eq=False)
class TablesInMemory:
    """Large tables that are held in memory as frames.

    Attributes
    ----------
    all_scores, all_forecasts, all_parts, all_fits : DataFrame
    """

    all_scores: pd.DataFrame
    all_forecasts: pd.DataFrame
    all_parts: pd.DataFrame = dataclasses.field(
        default_factory=lambda: pd.DataFrame(columns=list(LATER_TABLES["parts"]))
    )
    all_fits: pd.DataFrame = dataclasses.field(default_factory=lambda: pd.DataFrame(columns=list(LATER_TABLES["fits"])))

    def scores(self) -> pd.DataFrame:
        """One row for every metric of every forecast."""
        return self.all_scores

    def cells(self, columns: Sequence[str]) -> pd.DataFrame:
        """The scores with one row a forecast: its keys, then the columns of scores."""
        return widen(self.all_scores, columns)

    def forecasts_of(
        self, model: str, columns: Sequence[str] | None = None, series: Sequence[object] | None = None
    ) -> pd.DataFrame:
        """One row for every step that a model forecast; with ``columns`` only these, with ``series`` only theirs."""
        own = self.all_forecasts
        own = own[own["model"] == model]
        own = (own if series is None else own[own["unique_id"].isin(list(series))]).reset_index(drop=True)
        return own if columns is None else own[list(columns)]

    def parts(self) -> pd.DataFrame:
        """The scores of parts of models."""
        return self.all_parts

    def fits(self, facts: Collection[str] | None = None) -> pd.DataFrame:
        """What fits tell of themselves, of these ``facts`` or all."""
        own = self.all_fits
        return own if facts is None else own[own["fact"].isin(list(facts))].reset_index(drop=True)

    def diagnosis(self) -> pd.DataFrame | None:
        """None: only a run folder holds a diagnosis."""
        return None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RunData:
    """A finished run: tables, settings, and the scores as a cube.

    Attributes
    ----------
    timings, failures, warnings : DataFrame
        See `tsforecast.backtest.BacktestResult`.
    config : dict
        All settings of the run.
    manifest : dict
        Fingerprint of the data, facts about the scores, package versions, checksums of the files.
    large : LargeTables
        Scores and forecasts.
    static : DataFrame, n_series rows, or None
        ``unique_id`` and the static covariates of the data (`Panel.with_static`), in the order of the panel; None where
        the data had none, or an older version wrote the run.
    history : DataFrame or None
        ``unique_id``, ``ds`` and ``y`` of the last steps up to the oldest cutoff of each series, for pictures; None
        where an older version wrote the run.
    """

    timings: pd.DataFrame
    failures: pd.DataFrame
    warnings: pd.DataFrame
    config: dict[str, Any]
    manifest: dict[str, Any]
    large: LargeTables
    static: pd.DataFrame | None = None
    history: pd.DataFrame | None = None

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order they were given."""
        return [model["name"] for model in self.config["models"]]

    @property
    def nests(self) -> dict[str, list[str]]:
        """The simpler models of the run that are a special case of a model, by its name; empty in an older run.

        A network that starts from a linear autoregression nests `LinearAR`: what it gains over it is its own.
        """
        known: dict[str, list[str]] = self.manifest.get("nests", {})
        return known

    @property
    def random_models(self) -> list[str]:
        """The models that draw random numbers; empty in an older run."""
        known: list[str] = self.manifest.get("random", [])
        return known

    @property
    def parts(self) -> pd.DataFrame:
        """The scores of parts of models, read at each call; no rows in a run of an earlier version."""
        return self.large.parts()

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics as they stand in the scores."""
        denominators = denominator_columns(self.facts)
        return [name for name in self.facts if name not in denominators]

    @functools.cached_property
    def facts(self) -> dict[str, ScoreFacts]:
        """Title, meaning and best value of each column of scores, as saved with the run."""
        kept = self.manifest["identity"].get("scores", {})
        return {
            name: ScoreFacts(**kept[name]) if name in kept else usual_facts(name) for name in self.manifest["metrics"]
        }

    @property
    def ranking_metric(self) -> str:
        """The default metric to rank by: the first for which smaller, or greater, is better."""
        return ranking_metric(self.facts, None)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return int(self.manifest["identity"]["data"]["n_series"])

    @property
    def n_windows(self) -> int:
        """Number of cutoffs of each series."""
        return int(self.config["n_windows"])

    @property
    def horizon(self) -> int:
        """Steps ahead that were forecast."""
        return int(self.config["horizon"])

    @property
    def step(self) -> int:
        """Steps from one cutoff to the next."""
        return int(self.config["step_size"] or self.config["horizon"])

    @property
    def gap(self) -> int:
        """Steps between a cutoff and the first step forecast."""
        return int(self.config.get("gap") or 0)

    @property
    def overlap(self) -> int:
        """Number of successive cutoffs whose horizons overlap, so that they are not independent."""
        return -(-self.horizon // self.step)

    @functools.cached_property
    def cells(self) -> pd.DataFrame:
        """The scores with one row a forecast: ``model``, ``unique_id``, ``cutoff``, ``seed``, then the metrics."""
        return self.large.cells(list(self.facts))

    @functools.cached_property
    def decisions(self) -> dict[str, Decision]:
        """Decisions over the models that were made already, by metric."""
        return {}

    @functools.cached_property
    def cube(self) -> Cube:
        """The scores as an array by metric, model, series and cutoff."""
        return Cube(self.cells, self.failures, self.models, self.overlap)
