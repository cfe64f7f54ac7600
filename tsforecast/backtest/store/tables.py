"""Tables of a run from the results of its jobs; metrics are computed over whole blocks of series at once."""

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._facts import SHARED
from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.backtest.plan.jobs import Job, JobResult
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.plan.windows import truth_rows
from tsforecast.backtest.result.data import FORECAST_COLUMNS, LATER_TABLES, TABLES
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import interval_quantiles
from tsforecast.metrics.choose import score_facts
from tsforecast.metrics.metric import Metric
from tsforecast.metrics.scale import seasonal_scale
from tsforecast.panel import Panel

_HISTORY_ROWS = 500_000  # at most that a run keeps of all series together
_FEWEST_STEPS = 12  # of each series, where there is room


class TableBuilder:
    """Builds the rows of each table from the result of a job; cutoffs and scales are computed once.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cutoffs = plan.cv.cutoffs(plan.panel, check=False)  # n_windows times (n_series,)
        wanted = {"absolute"} | {metric.scale for metric in plan.metrics if metric.scale is not None}
        self.scales = {kind: _scales(plan, squared=kind == "squared") for kind in wanted}  # each (n_windows, n_series)
        named = quantile_columns(plan.level, plan.quantiles, plan.levels)
        self.forecast_columns = [*FORECAST_COLUMNS, *named]
        self.point_metrics = tuple(metric for metric in plan.metrics if metric.kind == "point")

    def scores(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the scores, of every series and cutoff that the model finished."""
        return self._scores(job, result, self.plan.metrics)

    def parts(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the scores of parts of the model, by metrics of point forecasts; where the whole is finished, too."""
        frames = []
        for name, mean in result.parts.items():
            part = dataclasses.replace(result, mean=np.where(finished(result)[:, :, None], mean, np.nan))
            frame = self._scores(job, part, self.point_metrics)
            frame.insert(1, "part", name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(LATER_TABLES["parts"]))

    def _scores(self, job: Job, result: JobResult, metrics: Sequence[Metric]) -> pd.DataFrame:
        done = finished(result)  # (n_windows, n_series)
        tables = [
            self._score(job, result, k, np.flatnonzero(row), metrics) for k, row in enumerate(done)
        ]  # each (n_done, n_metrics)
        names = list(score_facts(metrics, self.plan.level))
        n_metrics = len(names)
        columns = {
            "model": job.model,
            "unique_id": self._names(job, done).repeat(n_metrics),
            "cutoff": self._cutoffs(job, done).repeat(n_metrics),
            "seed": job.seed,
            "metric": np.tile(np.array(names, dtype=object), int(done.sum())),
            "value": np.concatenate(tables).reshape(-1),
        }
        return pd.DataFrame(columns)

    def forecasts(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the finished forecasts: `FORECAST_COLUMNS`, then quantile columns."""
        plan, horizon = self.plan, self.plan.cv.horizon
        done = finished(result)  # (n_windows, n_series)
        windows = np.asarray(job.windows)
        indptr = plan.panel.indptr[job.first : job.stop + 1]
        truth = np.stack([truth_rows(indptr, plan.cv, window) for window in windows])
        rows = truth[done].reshape(-1)
        columns = {
            "model": job.model,
            "unique_id": self._names(job, done).repeat(horizon),
            "cutoff": self._cutoffs(job, done).repeat(horizon),
            "ds": plan.panel.times.take(rows),
            "h": np.tile(np.arange(1, horizon + 1), int(done.sum())),
            "seed": job.seed,
            "y": plan.panel.values[rows],
            "scale": self.scales["absolute"][windows, job.first : job.stop][done].repeat(horizon),
            "mean": result.mean[done].reshape(-1),
        }
        places = quantile_columns(plan.level, plan.quantiles, plan.levels)
        columns |= {name: result.quantiles[done][:, :, j].reshape(-1) for name, j in places.items()}
        return pd.DataFrame(columns)

    def _names(self, job: Job, done: Bools) -> Index:
        """The series of each forecast that was finished, cutoff by cutoff."""
        return self.plan.panel.ids.take(job.first + np.nonzero(done)[1])

    def _cutoffs(self, job: Job, done: Bools) -> Index:
        """The cutoff of each forecast that was finished."""
        of_windows = [self.cutoffs[w][job.first : job.stop][row] for w, row in zip(job.windows, done, strict=True)]
        return of_windows[0].append(of_windows[1:])

    def failures(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the failures."""
        ids = self.plan.panel.ids
        rows = [
            (job.model, ids[job.first + f.position], self.cutoffs[f.window][job.first + f.position], job.seed,
             f.error, f.message)
            for f in result.failures
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(TABLES["failures"]))

    def fits(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of what the fits tell of themselves; the cutoff is that of the fit."""
        if not result.facts:
            return pd.DataFrame(columns=list(LATER_TABLES["fits"]))
        positions, names, firsts, values = zip(*result.facts, strict=True)
        counts = np.array([len(own) for own in values])
        place, count = np.array(positions), int(counts.sum())
        cutoffs = self.cutoffs[job.windows[0]][job.first : job.stop]
        ids = np.array([*self.plan.panel.ids[job.first : job.stop].astype(str), SHARED], dtype=object)
        starts = np.repeat(np.asarray(firsts) - np.cumsum(counts) + counts, counts)
        columns = {
            "model": job.model,
            "unique_id": ids[place].repeat(counts),  # the last, where the position is -1
            "cutoff": cutoffs.append(pd.Index([cutoffs.max()])).take(place).repeat(counts),
            "seed": job.seed,
            "fact": np.array(names, dtype=object).repeat(counts),
            "step": starts + np.arange(count),
            "value": np.array([value for own in values for value in own], dtype=np.float64),
        }
        frame = pd.DataFrame(columns)
        return frame[~np.isnan(frame["value"])].reset_index(drop=True)

    def timings(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the timings; the cutoff is the latest of the block's series."""
        latest = [self.cutoffs[w][job.first : job.stop].max() for w in job.windows]
        return pd.DataFrame(
            {
                "model": job.model,
                "cutoff": pd.Index(latest).astype(self.cutoffs[0].dtype),
                "seed": job.seed,
                "n_series": job.stop - job.first,
                "fit_seconds": result.fit_seconds,
                "predict_seconds": result.predict_seconds,
            }
        )

    def warnings(self, job: Job, result: JobResult) -> pd.DataFrame:
        """Rows of the warnings."""
        rows = [(job.model, job.seed, line, count) for line, count in result.warned.items()]
        return pd.DataFrame(rows, columns=list(TABLES["warnings"]))

    def _score(self, job: Job, result: JobResult, k: int, done: Ints, metrics: Sequence[Metric]) -> Floats:
        plan, window = self.plan, job.windows[k]
        block = truth_rows(plan.panel.indptr[job.first : job.stop + 1], plan.cv, window)[done]
        y_true, y_pred, quantiles = plan.panel.values[block], result.mean[k, done], result.quantiles[k, done]
        columns: list[Floats] = []
        for metric in metrics:
            scale = None if metric.scale is None else self.scales[metric.scale][window, job.first + done]
            if metric.kind == "point":
                columns += _scored(metric, [y_true, y_pred], None, scale)
            elif metric.kind == "quantile":
                columns += _scored(metric, [y_true, quantiles, plan.levels], None, scale)
            else:
                for level in plan.level:
                    columns += _scored(metric, [y_true, *_ends(quantiles, plan.levels, level)], level, scale)
        return np.stack(columns, axis=1) if columns else np.empty((done.size, 0))


def static_table(panel: Panel) -> pd.DataFrame | None:
    """``unique_id`` and the static covariates of each series; None where the panel has none.

    Examples
    --------
    >>> areas = pd.DataFrame({"unique_id": ["y0", "y1"], "area": ["north", "south"]})
    >>> static_table(Panel.from_array(np.arange(6.0).reshape(3, 2)).with_static(areas))
      unique_id   area
    0        y0  north
    1        y1  south
    """
    if panel.static is None:
        return None
    table = panel.static.reset_index(drop=True)
    table.insert(0, "unique_id", panel.ids)
    return table


def history_table(plan: Plan) -> pd.DataFrame:
    """``unique_id``, ``ds`` and ``y`` of the last steps up to the oldest cutoff of each series, for pictures.

    As many as two horizons or a season have; fewer, or none, where there are so many series that it would be much.
    """
    panel = plan.panel
    steps = max(2 * plan.cv.horizon, panel.season_length, _FEWEST_STEPS)
    stop = panel.indptr[:-1] + np.maximum(plan.cv.bounds(panel.lengths)[1][0], 0)
    first = np.maximum(stop - min(steps, _HISTORY_ROWS // panel.n_series), panel.indptr[:-1])
    counts = stop - first
    rows = np.repeat(stop - np.cumsum(counts), counts) + np.arange(counts.sum())
    return pd.DataFrame({"unique_id": panel.ids.repeat(counts), "ds": panel.times.take(rows), "y": panel.values[rows]})


def finished(result: JobResult) -> Bools:
    """Whether there is a forecast: ``(n_windows, n_series)``."""
    return np.asarray(~np.isnan(result.mean).any(axis=2))


def quantile_columns(level: Sequence[float], quantiles: Sequence[float], levels: Floats) -> dict[str, int]:
    """Column names of intervals and quantiles, and the place in ``levels`` of each.

    Examples
    --------
    >>> quantile_columns([80], [0.5], np.array([0.1, 0.5, 0.9]))
    {'lo-80': 0, 'hi-80': 2, 'q0.5': 1}
    """
    named: dict[str, int] = {}
    for percent in level:
        low, high = interval_quantiles(percent)
        named |= {f"lo-{percent:g}": _place(levels, low), f"hi-{percent:g}": _place(levels, high)}
    return named | {f"q{q:g}": _place(levels, q) for q in quantiles}


def _scored(metric: Metric, arguments: list[Floats], level: float | None, scale: Floats | None) -> list[Floats]:
    """Scores of one metric; nan and a warning where a metric of the caller fails, so that other scores are kept."""
    try:
        return metric.score(arguments, level=level, scale=scale)
    except ParameterError as error:
        warnings.warn(f"{error} Its scores are nan there.", RuntimeWarning, stacklevel=2)
        return [np.full(len(arguments[0]), np.nan) for _ in range(2 if metric.pooled else 1)]


def _ends(quantiles: Floats, levels: Floats, percent: float) -> tuple[Floats, Floats]:
    low, high = interval_quantiles(percent)
    return quantiles[:, :, _place(levels, low)], quantiles[:, :, _place(levels, high)]


def _place(levels: Floats, q: float) -> int:
    return int(np.argmin(np.abs(levels - q)))


def _scales(plan: Plan, *, squared: bool) -> Floats:
    """Seasonal scale of all values before each cutoff, even if models train on fewer: ``(n_windows, n_series)``."""
    panel = plan.panel
    stop = np.maximum(plan.cv.bounds(panel.lengths)[1], 0)
    return np.stack(
        [seasonal_scale(panel.values, panel.indptr, plan.season_length, squared=squared, stop=row) for row in stop]
    )
