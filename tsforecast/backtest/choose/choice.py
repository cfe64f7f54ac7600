"""quick_choice: the best of a few models by a backtest of seconds, and how wrong it was."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tsforecast.backtest.backtest_result import BacktestResult
from tsforecast.backtest.choose.candidates import quick_candidates, quick_cutoffs, usual_horizon_of
from tsforecast.backtest.choose.quality import Quality, measure
from tsforecast.backtest.execute.progress import Watch, nothing_watched
from tsforecast.backtest.execute.workers import AnyExecutor
from tsforecast.backtest.plan.plan import Plan, name_models, seeds_of, with_seed
from tsforecast.backtest.plan.settings import parse_level
from tsforecast.backtest.run import run_plan
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import SeriesTooShortError
from tsforecast.metrics.choose import choose_metrics
from tsforecast.panel import Panel
from tsforecast.panel.containers import Series, to_panel

_ALL = 1_000  # most series that are all in the backtest
_DRAWN = 500  # series drawn from more


@dataclasses.dataclass(frozen=True, eq=False)
class QuickChoice:
    """A model for some series, and how it came to be chosen.

    Attributes
    ----------
    name : str
    model : BaseForecaster
        Not fitted.
    horizon : int
        Steps ahead of the backtest.
    result : BacktestResult or None
        The backtest; None where the series are too short for one.
    quality : Quality or None
        How wrong the model was in it.
    reason : str
        Why there was no backtest; empty where there was one.
    """

    name: str
    model: BaseForecaster
    horizon: int
    result: BacktestResult | None
    quality: Quality | None
    reason: str = ""


def quick_choice(
    y: Series,
    models: Mapping[str, BaseForecaster] | Sequence[BaseForecaster] | None = None,
    *,
    horizon: int | None = None,
    season_length: int | None = None,
    n_windows: int | None = None,
    level: Sequence[float] = (80, 95),
    executor: AnyExecutor = None,
    watch: Watch = nothing_watched,
) -> QuickChoice:
    """The model with the lowest mean scaled error over a few cutoffs, and how wrong it was there.

    For a forecast in seconds: a thorough comparison is `backtest`. Of over 1,000 series 500, drawn by chance but always
    the same, are in the backtest. Where no series has a scale (all are constant), the mean absolute error ranks.

    Parameters
    ----------
    y : Panel, Series, DataFrame or ndarray
        As `BaseForecaster.fit` takes it; covariates travel in a `Panel`.
    models : mapping of str to BaseForecaster, or sequence of BaseForecaster, optional
        By default `quick_candidates`: the naive ones, an ARIMA, `LinearAR`, and on small data `LSTM`.
    horizon : int, optional
        Steps ahead; a season, at most a fifth of the series of median length.
    season_length : int, optional
        Steps per season, of the scale and of the default models; what is usual for the frequency.
    n_windows : int, optional
        Cutoffs, where the series are long enough; five, three for over 20 series, two for over 200.
    level : sequence of float
        Intervals in percent.
    executor : "auto", "processes", Executor or None
        As for `backtest`; by default this process, since others take as long to start as the backtest.
    watch : callable, optional
        Called with a `RunProgress`: jobs done and in all, what runs now, and the time left.

    Returns
    -------
    QuickChoice
        Without a result where the series are too short for a backtest, or nothing could be scored: then the first of
        the models that the series of median length is long enough for.

    Raises
    ------
    SeriesTooShortError
        The series are too short for all the models.

    Examples
    --------
    >>> from tsforecast import Drift, Naive
    >>> choice = quick_choice(np.arange(40.0), [Naive(), Drift()], horizon=4)
    >>> choice.model.fit(np.arange(40.0)).predict(2).tolist()
    [40.0, 41.0]
    >>> print(choice.quality.sentence.partition(";")[0])
    Drift was best of 2 models: over the last 5 cutoffs it was off by 0 (0%) on average, and its 80% interval held 100%
    of the 20 true values
    """
    panel, _ = to_panel(y)
    season = panel.season_length if season_length is None else season_length
    named = quick_candidates(panel, season) if models is None else name_models(models)
    steps = usual_horizon_of(panel.lengths, season) if horizon is None else horizon
    drawn = _drawn(panel)
    cv = quick_cutoffs(drawn.lengths, steps, season, n_windows)
    if cv is None:
        length, needed = int(np.median(panel.lengths)), steps + max(season + 1, 4)
        return _unmeasured(
            panel, named, steps, f"{length} observations are too few to test {steps} steps, which takes {needed}"
        )
    plan = Plan(
        panel=drawn,
        models=dict(named),
        cv=cv,
        metrics=choose_metrics(["mase", "mae", "coverage"] if level else ["mase", "mae"]),
        refit="always",
        level=parse_level(level),
        quantiles=(),
        seeds=None,
        season_length=season,
        too_short="skip",
    )
    result = run_plan(plan, None, executor=executor, watch=watch)
    for metric in ("mase", "mae"):
        board = result.leaderboard(metric=metric)
        if board["rank"].notna().any():
            name = str(board["model"].iloc[0])
            return QuickChoice(name, result.best(metric), steps, result, measure(result.run, name, metric))
    return _unmeasured(panel, named, steps, _why_unscored(result), result)


def _drawn(panel: Panel) -> Panel:
    """The panel, or some of its series where they are many."""
    if panel.n_series <= _ALL:
        return panel
    picked = np.random.default_rng(0).choice(panel.n_series, _DRAWN, replace=False)
    return panel.take(np.sort(picked))


def _unmeasured(
    panel: Panel,
    models: Mapping[str, BaseForecaster],
    horizon: int,
    reason: str,
    result: BacktestResult | None = None,
) -> QuickChoice:
    """The first model that the series of median length is long enough for."""
    length = int(np.median(panel.n_present))
    needs = {name: model.min_observations(panel) for name, model in models.items()}
    name = next((name for name, needed in needs.items() if needed <= length), None)
    if name is None:
        told = ", ".join(f"{name} {needed}" for name, needed in needs.items())
        which = f"Series {panel.ids[0]!r} has" if panel.n_series == 1 else "The series of median length has"
        raise SeriesTooShortError(f"{which} {length} observations; needed are, by model: {told}.")
    chosen = with_seed(models[name], seeds_of(models[name], None)[0])
    return QuickChoice(name, chosen, horizon, result, None, reason)


def _why_unscored(result: BacktestResult) -> str:
    failed = result.failures
    if failed.empty:
        return "there was no true value to compare a forecast with"
    return f"every model failed, {failed['model'].iloc[0]} with: {str(failed['message'].iloc[0]).rstrip('.')}"
