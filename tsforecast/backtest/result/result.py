"""BacktestResult: what a backtest gives, in memory or from its run folder."""

import dataclasses
import functools
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow.parquet as pq
import yaml

from tsforecast._yaml import read_yaml
from tsforecast.backtest.compare.ranks import RankTest
from tsforecast.backtest.compare.verdict import Verdict
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.result.cube import Cube, read_cells, widen
from tsforecast.backtest.result.evidence import (
    calibration_of,
    confidence_set_of,
    diebold_mariano_of,
    pairs_of,
    pit_of,
    rank_test_of,
    steps_of,
    verdict_of,
)
from tsforecast.backtest.result.leaderboard import (
    OnFailure,
    below_the_line,
    pareto_front,
    rank_models,
    ranking_metric,
    usual_baseline,
)
from tsforecast.backtest.store.files import FrameWriter, check_columns, forecast_file, read_frame, reading, write_bytes
from tsforecast.backtest.store.folder import holds_run
from tsforecast.backtest.store.seal import (
    MANIFEST,
    check_files,
    file_hashes,
    read_manifest,
    replace_file,
    write_manifest,
)
from tsforecast.exceptions import DataError, MissingFileError, RunFolderError, UnknownNameError
from tsforecast.metrics.choose import usual_facts
from tsforecast.metrics.metric import ScoreFacts

SUMMARY, DIAGNOSIS = "summary.md", "diagnosis.parquet"
_TABLES = {
    "scores": ("model", "unique_id", "cutoff", "seed", "metric", "value"),
    "timings": ("model", "cutoff", "seed", "n_series", "fit_seconds", "predict_seconds"),
    "failures": ("model", "unique_id", "cutoff", "seed", "error", "message"),
    "warnings": ("model", "seed", "warning", "count"),
}
_FORECAST_COLUMNS = ("model", "unique_id", "cutoff", "ds", "h", "seed", "y", "scale", "mean")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """Forecasts, scores, timings and failures of a backtest.

    Attributes
    ----------
    timings : DataFrame
        ``model``, ``cutoff``, ``seed``, ``n_series``, ``fit_seconds``, ``predict_seconds``; a fit that serves several
        cutoffs is charged to the first.
    failures : DataFrame
        ``model``, ``unique_id``, ``cutoff``, ``seed``, ``error``, ``message``.
    warnings : DataFrame
        ``model``, ``seed``, ``warning``, ``count``.
    config : dict
        All settings of the run, as `tsforecast backtest --config` reads them.
    manifest : dict
        Fingerprint of the data and package versions.

    Examples
    --------
    >>> import numpy as np
    >>> from tsforecast import Naive
    >>> from tsforecast.backtest import RollingOrigin, backtest
    >>> backtest(Naive(), np.arange(9.0), cv=RollingOrigin(2, n_windows=2), metrics=["mae"], level=())
    BacktestResult(models=['Naive'], n_series=1, n_windows=2, metrics=['mae'], n_failures=0)
    """

    scores_or_folder: "pd.DataFrame | Path" = dataclasses.field(repr=False)
    timings: pd.DataFrame
    failures: pd.DataFrame
    warnings: pd.DataFrame
    config: dict[str, Any]
    manifest: dict[str, Any]
    forecasts_or_folder: "pd.DataFrame | Path" = dataclasses.field(repr=False)

    def __repr__(self) -> str:
        return (
            f"BacktestResult(models={self.models}, n_series={self.n_series}, n_windows={self.config['n_windows']}, "
            f"metrics={self.metrics}, n_failures={len(self.failures)})"
        )

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order they were given."""
        return [model["name"] for model in self.config["models"]]

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics as they stand in ``scores``."""
        below = below_the_line(self.facts)
        return [name for name in self.facts if name not in below]

    @functools.cached_property
    def facts(self) -> dict[str, ScoreFacts]:
        """Title, meaning and what is best of each column of scores, as the run kept them."""
        kept = self.manifest["identity"].get("scores", {})
        return {
            name: ScoreFacts(**kept[name]) if name in kept else usual_facts(name) for name in self.manifest["metrics"]
        }

    @property
    def scores(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``seed``, ``metric``, ``value``.

        One row for every metric of every series and cutoff that a model finished. ``seed`` is the model's
        ``random_state``, 0 for a deterministic one. A value is nan where the metric is not defined (see the metric).
        A pooled metric has two rows, what stands above the line and, as ``NAME:below``, what stands below it. Read from
        the run folder where there is one, at each call: keep what you use.
        """
        if isinstance(self.scores_or_folder, pd.DataFrame):
            return self.scores_or_folder
        return read_frame(self.scores_or_folder / "scores.parquet", _TABLES["scores"])

    @functools.cached_property
    def cells(self) -> pd.DataFrame:
        """The scores with one row a forecast: ``model``, ``unique_id``, ``cutoff``, ``seed``, then the metrics."""
        if isinstance(self.scores_or_folder, pd.DataFrame):
            return widen(self.scores_or_folder, list(self.facts))
        path = self.scores_or_folder / "scores.parquet"
        with reading(path):
            return read_cells(path, list(self.facts))

    @functools.cached_property
    def cube(self) -> Cube:
        """The scores as an array by metric, model, series and cutoff."""
        return Cube(self.cells, self.failures, self.models, self.overlap)

    @property
    def ranking_metric(self) -> str:
        """The metric that leaderboards rank by where none is named: the first of which less, or more, is better."""
        return ranking_metric(self.facts, None)

    @property
    def diagnosis(self) -> pd.DataFrame | None:
        """What kind of series each is (see `tsforecast.series.diagnose`), where the run folder holds it."""
        if isinstance(self.scores_or_folder, pd.DataFrame) or not (self.scores_or_folder / DIAGNOSIS).exists():
            return None
        return read_frame(self.scores_or_folder / DIAGNOSIS, ["unique_id"])

    @property
    def n_series(self) -> int:
        """Number of series."""
        return int(self.manifest["identity"]["data"]["n_series"])

    @property
    def forecasts(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``ds``, ``h``, ``seed``, ``y``, ``mean``, then interval columns.

        Read from the run folder where there is one, at each call: keep what you use.
        """
        full = [frame for model in self.models if len(frame := self.forecasts_of(model))]
        return pd.concat(full, ignore_index=True) if full else self.forecasts_of(self.models[0])

    def forecasts_of(self, model: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of ``forecasts`` of one model; where asked only some columns, names as categories."""
        if isinstance(self.forecasts_or_folder, pd.DataFrame):
            own = self.forecasts_or_folder
            own = own[own["model"] == model].reset_index(drop=True)
            return own if columns is None else own[list(columns)]
        path = self.forecasts_or_folder / "forecasts" / forecast_file(self.models.index(model), model)
        if columns is None:
            return read_frame(path, _FORECAST_COLUMNS)
        with reading(path):
            return pq.read_table(path, columns=list(columns), read_dictionary=["model", "unique_id"]).to_pandas()

    def leaderboard(
        self,
        by: Mapping[Any, Any] | pd.Series | None = None,
        *,
        metric: str | None = None,
        baseline: str | None = None,
        on_failure: OnFailure = "exclude",
    ) -> pd.DataFrame:
        """One row a model, best first, on the series and cutoffs that all models finished.

        Parameters
        ----------
        by : mapping or Series, optional
            Stratum of each ``unique_id``: one leaderboard for each stratum.
        metric : str, optional
            What to rank by; the first metric of the run of which less, or more, is better where it is None.
        baseline : str, optional
            Model that ``skill`` is measured against; SeasonalNaive or Naive, where they ran, when it is None.
        on_failure : {"exclude", "worst", "baseline"}
            What stands for a forecast that failed: the series and cutoff count for no model; or they count with the
            score of the worst model, or of the baseline, there.

        Returns
        -------
        DataFrame
            ``rank``, ``model``, the mean of every metric (over the cutoffs of a series, then over series; seeds are
            averaged first; a pooled metric is one ratio of sums), ``mean_rank`` and ``median`` over series by
            ``metric``, ``skill`` (by how many percent of the baseline's score the score is better; nan where scores
            have both signs) with the ends ``skill_low`` and ``skill_high`` of its 95% bootstrap interval (see
            `tsforecast.backtest.compare.bootstrap`), ``n_cells`` (series x cutoffs that count),
            ``n_missing`` (those that the model did not finish), ``fit_seconds`` and ``predict_seconds`` (of all seeds
            and cutoffs).

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> result.leaderboard()[["rank", "model", "mae", "skill"]]
           rank  model  mae  skill
        0     1  Drift  0.0  100.0
        1     2  Naive  1.5    0.0
        """
        if baseline is not None and baseline not in self.models:
            raise UnknownNameError(f"No model is called {baseline!r}; there are {', '.join(self.models)}.")
        base = baseline or usual_baseline(self.models)
        strata = None if by is None else dict(by)
        cube = self.cube
        if not cube.metrics:
            table = pd.DataFrame({"rank": pd.NA, "model": self.models, "n_cells": 0, "n_missing": len(cube.series)})
        else:
            chosen = ranking_metric(self.facts, metric)
            table = rank_models(cube, self.facts, metric=chosen, baseline=base, on_failure=on_failure, strata=strata)
        return table.merge(self.seconds(), on="model", how="left")

    def dm(self, a: str, b: str) -> pd.DataFrame:
        """Diebold-Mariano tests of two models, for each step ahead and for all steps together (``h`` 0).

        The loss is the absolute error over the seasonal scale of the series, seeds averaged; differences are averaged
        over series at each cutoff before they are tested. See `tsforecast.backtest.compare.diebold_mariano`.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.random.default_rng(0).normal(size=60)
        >>> result = backtest([Naive(), Drift()], y, cv=RollingOrigin(2, n_windows=10), metrics=["mase"])
        >>> result.dm("Naive", "Drift")[["h", "n_obs"]].values.tolist()
        [[1, 10], [2, 10], [0, 10]]
        """
        return diebold_mariano_of(self, a, b)

    def mcs(self, alpha: float = 0.1, metric: str | None = None) -> pd.DataFrame:
        """The model confidence set: the models that hold the best one with probability ``1 - alpha``.

        Over series; over cutoffs where there are at least ten of them and fewer series. Needs the package ``arch``
        (extra ``arch``). Columns ``model``, ``mean_loss`` (minus the metric where more of it is better), ``pvalue``,
        ``included``.
        """
        return confidence_set_of(self, alpha, metric)

    def verdict(self, a: str | None = None, b: str | None = None, metric: str | None = None) -> Verdict:
        """Whether ``a`` is better than ``b``, worse, or not distinguishable on this evidence; ``sentence`` says so.

        Without names the best model is held against the baseline, or against the second best where it is the baseline.
        See `tsforecast.backtest.compare.verdict`.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Naive, SeasonalNaive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.random.default_rng(0).normal(size=(40, 30)) + np.tile([1.0, 9.0], 20)[:, None]
        >>> cv = RollingOrigin(2, n_windows=3)
        >>> result = backtest([Naive(), SeasonalNaive(2)], y, cv=cv, season_length=2, metrics=["mase"])
        >>> result.verdict("Naive", "SeasonalNaive").conclusion
        'worse'
        """
        return verdict_of(self, a, b, metric)

    def ranks(self, alpha: float = 0.05, metric: str | None = None) -> RankTest:
        """Friedman's test over series with mean ranks, and Nemenyi's critical difference and groups."""
        return rank_test_of(self, alpha, metric)

    def pairs(self, metric: str | None = None) -> pd.DataFrame:
        """Every pair of models: win rate over series and Wilcoxon's signed-rank test with Holm's correction."""
        return pairs_of(self, metric)

    def calibration(self) -> pd.DataFrame:
        """Coverage of the intervals by model, level and step (``h`` 0: all), with 95% binomial intervals."""
        return calibration_of(self)

    def pit(self, model: str) -> pd.DataFrame:
        """How often the truth fell between neighbouring quantiles of a model, against how often it should."""
        return pit_of(self, model)

    def steps(self) -> pd.DataFrame:
        """Mean scaled absolute error of every model (a row) at every step ahead (a column), on common cells."""
        return steps_of(self)

    @property
    def overlap(self) -> int:
        """Cutoffs whose horizons overlap: they do not count as independent."""
        return -(-int(self.config["horizon"]) // int(self.config["step_size"] or self.config["horizon"]))

    def cost(self, metric: str | None = None) -> pd.DataFrame:
        """Accuracy against cost: ``model``, ``score``, ``seconds`` (fit and predict), ``on_front``.

        A model is on the Pareto front where no other is both at least as accurate and at least as fast, and better in
        one of the two. ``seconds`` are per series and cutoff, seeds averaged.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> bool(result.cost().set_index("model").loc["Drift", "on_front"])
        True
        """
        chosen = ranking_metric(self.facts, metric)
        board = self.leaderboard(metric=chosen).set_index("model")
        n_seeds = self.timings.groupby("model")["seed"].nunique().reindex(board.index)
        total = board["fit_seconds"] + board["predict_seconds"]
        each = total / (n_seeds * self.n_series * int(self.config["n_windows"]))
        found = pd.DataFrame({"model": board.index, "score": board[chosen].to_numpy(), "seconds": each.to_numpy()})
        return found.assign(
            on_front=pareto_front(self.facts[chosen].sign * found["score"].to_numpy(), found["seconds"].to_numpy())
        )

    def seconds(self) -> pd.DataFrame:
        """``model``, ``fit_seconds``, ``predict_seconds``: what each model took in all."""
        columns = ["fit_seconds", "predict_seconds"]
        return self.timings.groupby("model", sort=False)[columns].sum().reset_index()

    def save(self, folder: str | Path) -> Path:
        """The folder, with the result in it as Parquet, JSON, YAML and a summary in Markdown.

        Raises
        ------
        RunFolderError
            The folder is not empty, or cannot be written.
        """
        target = Path(folder)
        if holds_run(target):
            raise RunFolderError(f"{target} is not empty; give a new folder.")
        frames = {name: getattr(self, name) for name in _TABLES}
        for i, model in enumerate(self.models):
            frames[f"forecasts/{forecast_file(i, model).removesuffix('.parquet')}"] = self.forecasts_of(model)
        content = yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True).encode()
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"{target} cannot be made: {error.strerror or error}.") from error
        for name, frame in frames.items():
            with FrameWriter(target / f"{name}.parquet", frame) as writer:
                writer.add(frame)
        write_bytes(target / "config.yaml", content)
        files = file_hashes(target, needed_files(self.models))
        write_manifest(target, {**self.manifest, "status": "finished", "files": files})
        self.write_summary(target)
        return target

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The result in a run folder, every file of which is as it was written.

        A run of a version that wrote no checksums is read with a warning.

        Raises
        ------
        RunFolderError
            There is none, it is not finished, or a file of it is missing or was changed; the message names it.
        """
        source = Path(folder)
        if not (source / MANIFEST).exists():
            what = f"is no run folder: it has no {MANIFEST}" if source.is_dir() else "is not there"
            raise RunFolderError(f"{source} {what}; a folder that a backtest wrote is needed.")
        manifest = read_manifest(source)
        if manifest["status"] != "finished":
            raise RunFolderError(
                f"{source} holds a run that is not finished; start it again to go on (tsforecast backtest --config "
                f"{source / 'config.yaml'} --output {source})."
            )
        if "files" in manifest:
            check_files(source, manifest)
        else:
            warnings.warn(f"{source} has no checksums; whether its files were changed is not known.", stacklevel=2)
        config = _read_config(source / "config.yaml")
        needed = needed_files([model["name"] for model in config["models"]])
        unnamed = [name for name in needed if name not in manifest.get("files", needed)]
        if unnamed:
            raise RunFolderError(f"{source / MANIFEST} does not name {unnamed[0]}, which a run has.")
        for name in needed[1:]:
            with reading(source / name):
                columns = pq.read_schema(source / name).names
            check_columns(source / name, columns, _TABLES.get(name.removesuffix(".parquet"), _FORECAST_COLUMNS))
        frames = {name: read_frame(source / f"{name}.parquet", _TABLES[name]) for name in list(_TABLES)[1:]}
        return cls(source, **frames, config=config, manifest=manifest, forecasts_or_folder=source)

    @property
    def has_summary(self) -> bool:
        """Whether the manifest knows a summary, as that of a run does unless it was killed as it ended."""
        return SUMMARY in self.manifest.get("files", [SUMMARY])

    def write_summary(self, folder: Path) -> None:
        """Write ``summary.md`` into a folder, unless it stands there already and the manifest knows it."""
        path, content = folder / SUMMARY, markdown(self).encode()
        try:
            if self.has_summary and path.is_file() and path.read_bytes() == content:
                return
        except OSError:
            pass  # it cannot be read, but perhaps be replaced
        replace_file(folder, path.name, lambda: write_bytes(path, content))


def needed_files(models: Sequence[str]) -> list[str]:
    """Names of the files of every finished run, the configuration first."""
    forecasts = [f"forecasts/{forecast_file(i, model)}" for i, model in enumerate(models)]
    return ["config.yaml", *(f"{name}.parquet" for name in _TABLES), *forecasts]


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = read_yaml(path)
    except (DataError, MissingFileError) as error:
        raise RunFolderError(str(error)) from error
    models = config.get("models") if isinstance(config, dict) else None
    named = isinstance(models, list) and all(
        isinstance(model, dict) and isinstance(model.get("name"), str) and isinstance(model.get("class_path"), str)
        for model in models
    )
    whole = isinstance(config, dict) and all(isinstance(config.get(name), int) for name in ("horizon", "n_windows"))
    if not named or not models or not whole or not {"step_size", "refit", "audit"} <= set(config):
        raise RunFolderError(f"{path} is not the configuration of a run.")
    return config
