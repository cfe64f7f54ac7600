"""Entries in benchmarks of fev: the predictions for a task, and the results file that its leaderboard reads."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.adapters.entry import Entry, FitWhen, WhenShort, check_one_of, needed, write_each
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError, UnusedColumnWarning
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import future_times, parse_freq

_TARGET = "the target"  # a name that no column of a data set has


def predictions(
    forecaster: BaseForecaster,
    task: Any,
    *,
    point: Literal["mean", "median"] = "mean",
    refit: FitWhen = "always",
    too_short: WhenShort = "error",
) -> dict[str, Any]:
    """Predictions for every window of a task and the times they took, as ``task.evaluation_summary`` takes them.

    A task with several targets is forecast as so many single series. Numeric covariates that are known into the future
    and static ones go to forecasters that use covariates, a missing value of the former filled in with the last one
    before it; those that are known in the past only, and texts that change in time, are not used.

    Parameters
    ----------
    forecaster : BaseForecaster
        It is not changed: every fit is of a fresh clone.
    task : fev.Task
    point : {"mean", "median"}
        What the point forecast is. MASE and other absolute errors reward the median, squared errors the mean.
    refit : {"always", "never"}
        Fit at every window; or fit at the first, and forecast from later ones with the same parameters.
    too_short : {"error", "naive"}
        What to do with series shorter than the forecaster needs: an error that names them, or the forecasts of a
        `Naive`, which are counted in ``extra_info``.

    Returns
    -------
    dict
        ``predictions_per_window``, ``training_time_s``, ``inference_time_s`` and ``extra_info``.

    Raises
    ------
    MissingDependencyError
        fev is not installed.
    ParameterError
        ``task`` is no task of fev, or the task asks for quantiles that the forecaster does not give.
    SeriesTooShortError, MissingValuesError, FitError
        The forecaster cannot forecast a series; the message names it.

    References
    ----------
    Shchur et al. (2025), *fev-bench: a realistic benchmark for time series forecasting*, arXiv:2509.26468.

    Examples
    --------
    >>> import fev  # doctest: +SKIP
    >>> task = fev.Task(dataset_path="m4_hourly.parquet", horizon=24, seasonality=24)  # doctest: +SKIP
    >>> task.evaluation_summary(**predictions(Naive(), task), model_name="Naive")["MASE"]  # doctest: +SKIP
    11.6
    """
    fev = needed("fev", "An entry for a fev task", "fev")
    if not isinstance(task, fev.Task):
        raise ParameterError(f"task={str(task)[:80]} is no fev.Task.")
    check_one_of("point", point, ("mean", "median"))
    levels = sorted({*task.quantile_levels, *([0.5] if point == "median" else [])})
    entry = Entry(forecaster, levels, refit, too_short)
    done = []
    for window in task.iter_windows():
        table = entry.forecast(*_panel(fev, task, window, forecaster.uses_covariates))
        columns = {str(q): table[:, :, 1 + levels.index(q)] for q in task.quantile_levels}
        columns["predictions"] = table[:, :, 0] if point == "mean" else table[:, :, 1 + levels.index(0.5)]
        done.append(_by_target(columns, task.target_columns))
    return {
        "predictions_per_window": done,
        "training_time_s": entry.fit_seconds,
        "inference_time_s": entry.predict_seconds,
        "extra_info": {"point": point, "refit": refit, "n_by_naive": entry.n_by_naive},
    }


def evaluate_on_fev(
    forecaster: BaseForecaster,
    tasks: Any,
    *,
    name: str | None = None,
    results: str | Path | None = None,
    point: Literal["mean", "median"] = "mean",
    refit: FitWhen = "always",
    too_short: WhenShort = "error",
) -> pd.DataFrame:
    """Evaluation summaries of a forecaster, one row for each task, as ``fev.leaderboard`` reads them.

    Parameters
    ----------
    forecaster, point, refit, too_short
        As for `predictions`.
    tasks : fev.Task, sequence of fev.Task, fev.Benchmark, or path of a YAML file of tasks
    name : str, optional
        Name of the model in the results; the class of the forecaster by default.
    results : path, optional
        A new CSV file, written after each task.

    Raises
    ------
    RunFolderError
        The file exists.
    MissingDependencyError, ParameterError, SeriesTooShortError, MissingValuesError, FitError
        As `predictions`.

    Examples
    --------
    >>> evaluate_on_fev(SeasonalNaive(24), "tasks.yaml", results="seasonal_naive.csv")  # doctest: +SKIP
    >>> fev.leaderboard(["seasonal_naive.csv", "lstm.csv"], baseline_model="SeasonalNaive")  # doctest: +SKIP
    """
    chosen = _tasks(needed("fev", "An entry for fev tasks", "fev"), tasks)

    def summaries() -> Iterator[dict[str, Any]]:
        for task in chosen:
            made = predictions(forecaster, task, point=point, refit=refit, too_short=too_short)
            yield task.evaluation_summary(**made, model_name=name or type(forecaster).__name__)

    return write_each(summaries(), results)


def _tasks(fev: Any, tasks: Any) -> Sequence[Any]:
    if isinstance(tasks, (str, Path)):
        tasks = fev.Benchmark.from_yaml(str(tasks))
    return getattr(tasks, "tasks", None) or ([tasks] if isinstance(tasks, fev.Task) else list(tasks))


def _panel(fev: Any, task: Any, window: Any, with_covariates: bool) -> tuple[Panel, int, pd.DataFrame | None]:
    """The past of a window, with each target a series; the horizon; and the known covariates of the horizon."""
    past, ahead, static = fev.convert_input_data(
        window, adapter="pandas", as_univariate=True, univariate_target_column=_TARGET
    )
    begins = np.flatnonzero(past[task.id_column].ne(past[task.id_column].shift()).to_numpy())
    ids = pd.Index(past[task.id_column].iloc[begins].astype(str), name=None)
    values = past[_TARGET].to_numpy(np.float64, na_value=np.nan)
    times = pd.DatetimeIndex(past[task.timestamp_column], name=None)
    panel = Panel(values, times, np.append(begins, values.size), ids, parse_freq(task.freq))
    if not with_covariates:
        return panel, task.horizon, None
    if static is not None:
        panel = panel.with_static(static.rename(columns={task.id_column: "unique_id"}))
    names = [name for name in task.known_dynamic_columns if past[name].dtype.kind in "biuf"]
    if len(names) < len(task.known_dynamic_columns):
        left = sorted({*task.known_dynamic_columns} - {*names})
        warnings.warn(f"The covariates {left} hold no numbers and are not used.", UnusedColumnWarning, stacklevel=3)
    if not names:
        return panel, task.horizon, None
    panel = panel.with_covariates(past[names].to_numpy(np.float64), names, "ffill")
    return panel, task.horizon, _ahead(panel, ahead[names].to_numpy(np.float64), task.horizon)


def _ahead(panel: Panel, known: Floats, horizon: int) -> pd.DataFrame:
    """Covariates of the horizon, ``(n_series * horizon, n_features)``, as a frame; a missing value is the last one."""
    table = known.reshape(panel.n_series, horizon, -1).copy()
    last = np.asarray(panel.covariates)[panel.indptr[1:] - 1]  # (n_series, n_features)
    for h in range(horizon):
        table[:, h] = last = np.where(np.isnan(table[:, h]), last, table[:, h])
    keys = {"unique_id": panel.ids.repeat(horizon), "ds": future_times(panel.last_times, horizon, panel.freq)}
    return pd.DataFrame({**keys, **dict(zip(panel.covariate_names, table.reshape(len(known), -1).T, strict=True))})


def _by_target(columns: dict[str, Floats], targets: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """For each target, a dictionary of lists for each item; series are the targets of the first item, the second, …."""
    n_series = len(columns["predictions"])
    return {
        target: [{key: table[i].tolist() for key, table in columns.items()} for i in range(k, n_series, len(targets))]
        for k, target in enumerate(targets)
    }
