"""Entries in GIFT-Eval: a predictor for gluonts, the benchmark's windows over its folders, and its results file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tsforecast.adapters.entry import Entry, FitWhen, WhenShort, needed, write_each
from tsforecast.adapters.gift_tasks import REMARK, GiftTask
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import DataError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import parse_freq

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class GiftPredictor:
    """A forecaster as a predictor of gluonts, which ``gluonts.model.evaluate_model`` takes.

    Entries that follow each other with one ``item_id``, each the one before it and more, are windows of one series. The
    first windows of all series are one set of series, which the forecaster is fitted to; the second ones the next.

    Parameters
    ----------
    forecaster : BaseForecaster
        It is not changed: every fit is of a fresh clone.
    prediction_length : int
        Steps ahead.
    quantiles : sequence of float
        Levels to forecast.
    refit : {"always", "never"}
        Fit to every set of windows; or to the first, and forecast from later ones with the same parameters.
    too_short : {"error", "naive"}
        What to do with series shorter than the forecaster needs: an error that names them, or the forecasts of a
        `Naive`, which ``entry.n_by_naive`` counts.

    Attributes
    ----------
    entry : Entry
        Seconds of fits and of forecasts so far.

    Raises
    ------
    ParameterError
        An argument has a value that is not allowed, or the forecaster gives no quantiles.

    Examples
    --------
    >>> predictor = GiftPredictor(SeasonalNaive(24), task.horizon)  # doctest: +SKIP
    >>> evaluate_model(predictor, test_data=task.data, metrics=[MASE()], seasonality=24)  # doctest: +SKIP
    """

    lead_time = 0

    def __init__(
        self,
        forecaster: BaseForecaster,
        prediction_length: int,
        quantiles: Sequence[float] = QUANTILES,
        refit: FitWhen = "always",
        too_short: WhenShort = "error",
    ) -> None:
        self.prediction_length = prediction_length
        self.entry = Entry(forecaster, sorted(quantiles), refit, too_short)

    def predict(self, dataset: Iterable[Mapping[str, Any]], num_samples: int | None = None) -> Iterator[Any]:
        """A ``QuantileForecast`` for each entry, in their order; ``num_samples`` is not used.

        Raises
        ------
        DataError
            An entry has several variates.
        SeriesTooShortError, MissingValuesError, FitError
            The forecaster cannot forecast a series; the message names it.
        """
        made = needed("gluonts.model.forecast", "A predictor for GIFT-Eval", "gift-eval", REMARK).QuantileForecast
        entries = list(dataset)
        names, windows = _windows(entries)
        tables = np.empty((len(entries), self.prediction_length, 1 + len(self.entry.quantiles)))
        for window in np.unique(windows):
            chosen = np.flatnonzero(windows == window)
            panel = _panel([entries[i] for i in chosen], [names[i] for i in chosen])
            tables[chosen] = self.entry.forecast(panel, self.prediction_length)
        keys = ["mean", *map(str, self.entry.quantiles)]
        for one, table in zip(entries, tables, strict=True):
            yield made(table.T, one["start"] + len(one["target"]), keys, str(one.get("item_id")))


def evaluate_on_gift_eval(
    forecaster: BaseForecaster,
    tasks: Iterable[GiftTask],
    *,
    name: str | None = None,
    results: str | Path | None = None,
    refit: FitWhen = "always",
    too_short: WhenShort = "error",
) -> pd.DataFrame:
    """Metrics of a forecaster, one row for each task, in the columns of GIFT-Eval's ``all_results.csv``.

    Parameters
    ----------
    forecaster, refit, too_short
        As for `GiftPredictor`.
    tasks : iterable of GiftTask
    name : str, optional
        Name of the model in the results; the class of the forecaster by default.
    results : path, optional
        A new CSV file, written after each task.

    Raises
    ------
    RunFolderError
        The file exists.
    MissingDependencyError, ParameterError, DataError, FitError
        As `GiftPredictor`.

    References
    ----------
    Aksu et al. (2024), *GIFT-Eval: a benchmark for general time series forecasting model evaluation*, arXiv:2410.10393.

    Examples
    --------
    >>> tasks = (GiftTask.load("gift-eval-data", name) for name in ("m4_weekly", "m4_hourly"))  # doctest: +SKIP
    >>> evaluate_on_gift_eval(LSTM(), tasks, results="results/LSTM/all_results.csv")  # doctest: +SKIP
    """
    ev = needed("gluonts.ev.metrics", "An entry for GIFT-Eval", "gift-eval", REMARK)
    of_points = [ev.MAE(), ev.MASE(), ev.MAPE(), ev.SMAPE(), ev.MSIS(), ev.RMSE(), ev.NRMSE(), ev.ND()]
    metrics = [ev.MSE("mean"), ev.MSE(0.5), *of_points, ev.MeanWeightedSumQuantileLoss(QUANTILES)]
    Entry(forecaster, QUANTILES, refit, too_short)  # checked before the first task is loaded
    evaluate_model = needed("gluonts.model", "An entry for GIFT-Eval", "gift-eval", REMARK).evaluate_model

    def rows() -> Iterator[dict[str, Any]]:
        for task in tasks:
            predictor = GiftPredictor(forecaster, task.horizon, QUANTILES, refit, too_short)
            scores = evaluate_model(
                predictor, test_data=task.data, metrics=metrics, batch_size=512, seasonality=task.season_length
            )
            columns = {f"eval_metrics/{metric}": scores[metric].iloc[0] for metric in scores}
            about = {"domain": task.domain, "num_variates": task.n_variates}
            yield {"dataset": task.name, "model": name or type(forecaster).__name__, **columns, **about}

    return write_each(rows(), results)


def _windows(entries: Sequence[Mapping[str, Any]]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Unique name of the series of each entry, and the number of its window, from 0."""
    names: list[str] = []
    windows: list[int] = []
    used: dict[str, int] = {}
    for i, entry in enumerate(entries):
        given = str(entry.get("item_id", i))
        if entry["target"].ndim != 1:
            raise DataError(f"Item {given!r} has several variates; make each a series of its own.")
        if i and _goes_on(entries[i - 1], entry):
            names.append(names[-1])
            windows.append(windows[-1] + 1)
        else:
            used[given] = used.get(given, 0) + 1
            names.append(given if used[given] == 1 else f"{given} ({used[given]})")
            windows.append(0)
    return names, np.array(windows)


def _goes_on(before: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a later window of the series of the one before it."""
    n_before = len(before["target"])
    return (
        before.get("item_id") == entry.get("item_id")
        and before["start"] == entry["start"]
        and n_before < len(entry["target"])
        and np.array_equal(before["target"], entry["target"][:n_before], equal_nan=True)
    )


def _panel(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Panel:
    """The panel of entries of gluonts."""
    times = [pd.period_range(entry["start"], periods=len(entry["target"])) for entry in entries]
    lengths = [len(entry["target"]) for entry in entries]
    values = np.concatenate([entry["target"] for entry in entries]).astype(np.float64)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return Panel(values, times[0].append(times[1:]), indptr, pd.Index(names), parse_freq(times[0].freq))
