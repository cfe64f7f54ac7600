"""BacktestResult: what a backtest gives, in memory or from its run folder."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
import yaml

from tsforecast.backtest.files import FrameWriter, read_json, write_bytes, write_json
from tsforecast.backtest.leaderboard import Cube, OnFailure, rank_models, ranking_metric, usual_baseline
from tsforecast.backtest.summary import markdown
from tsforecast.exceptions import RunFolderError, UnknownNameError


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """Forecasts, scores, timings and failures of a backtest.

    Attributes
    ----------
    scores : DataFrame
        ``model``, ``unique_id``, ``cutoff``, ``seed``, ``metric``, ``value``: one row for every series and cutoff that
        a model finished. ``seed`` is the model's ``random_state``, 0 for a deterministic one. A value is nan where the
        metric is not defined (see the metric).
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

    scores: pd.DataFrame
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
        return list(dict.fromkeys(self.scores["metric"]))

    @property
    def n_series(self) -> int:
        """Number of series."""
        return int(self.manifest["identity"]["data"]["n_series"])

    @property
    def forecasts(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``ds``, ``h``, ``seed``, ``y``, ``mean``, then interval columns.

        Read from the run folder where there is one, at each call: keep what you use.
        """
        if isinstance(self.forecasts_or_folder, pd.DataFrame):
            return self.forecasts_or_folder
        frames = [pd.read_parquet(path) for path in sorted(self.forecasts_or_folder.glob("forecasts/*.parquet"))]
        full = [frame for frame in frames if len(frame)]
        return pd.concat(full, ignore_index=True) if full else frames[0]

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
            What to rank by, lower is better; the first metric of the run where it is None.
        baseline : str, optional
            Model that ``skill`` is measured against; SeasonalNaive or Naive, where they ran, when it is None.
        on_failure : {"exclude", "worst", "baseline"}
            What stands for a forecast that failed: the series and cutoff count for no model; or they count with the
            score of the worst model, or of the baseline, there.

        Returns
        -------
        DataFrame
            ``rank``, ``model``, the mean of every metric (over the cutoffs of a series, then over series; seeds are
            averaged first), ``mean_rank`` and ``median`` over series by ``metric``, ``skill`` (100 x (1 - score /
            score of the baseline), percent), ``n_cells`` (series x cutoffs that count), ``n_missing`` (those that the
            model did not finish), ``fit_seconds`` and ``predict_seconds`` (of all seeds and cutoffs).

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
        cube = Cube(self.scores, self.failures, self.models)
        if not cube.metrics:
            table = pd.DataFrame({"rank": pd.NA, "model": self.models, "n_cells": 0, "n_missing": len(cube.series)})
        else:
            chosen = ranking_metric(cube.metrics, metric)
            table = rank_models(cube, metric=chosen, baseline=base, on_failure=on_failure, strata=strata)
        return table.merge(self.seconds(), on="model", how="left")

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
        if target.exists() and any(target.iterdir()):
            raise RunFolderError(f"{target} is not empty; give a new folder.")
        target.mkdir(parents=True, exist_ok=True)
        forecasts = self.forecasts
        frames = {name: getattr(self, name) for name in ("scores", "timings", "failures", "warnings")}
        for i, model in enumerate(self.models):
            frames[f"forecasts/{i:02d}"] = forecasts[forecasts["model"] == model]
        for name, frame in frames.items():
            with FrameWriter(target / f"{name}.parquet", frame) as writer:
                writer.add(frame)
        write_bytes(target / "config.yaml", yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True).encode())
        self.write_summary(target)
        write_json(target / "manifest.json", {**self.manifest, "status": "finished"})
        return target

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The result in a run folder.

        Raises
        ------
        RunFolderError
            There is none, or it is not finished.
        """
        source = Path(folder)
        manifest = read_json(source / "manifest.json")
        try:
            frames = {
                n: pd.read_parquet(source / f"{n}.parquet") for n in ("scores", "timings", "failures", "warnings")
            }
        except FileNotFoundError as error:
            raise RunFolderError(f"{source} holds a run that is not finished; start it again to go on.") from error
        config = yaml.safe_load((source / "config.yaml").read_text())
        return cls(**frames, config=config, manifest=manifest, forecasts_or_folder=source)

    def write_summary(self, folder: Path) -> None:
        """Write ``summary.md`` into a folder."""
        write_bytes(folder / "summary.md", markdown(self).encode())
