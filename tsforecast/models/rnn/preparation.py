"""Series -> inputs and targets that a network can learn from: transform, season, local level and scale.

A value goes through these steps, all learnt on train only and undone exactly::

    w[t] = log y[t], or a power, or y[t] itself         (tsforecast.data.transform)
    u[t] = w[t] - season[t]                             (classical decomposition, where the series is seasonal)
    u[t] = u[t] - u[t - lag]                            (a step or a season before, where that is asked for)
    target[t, h] = (u[t + h] - level[t]) / scale[t]     (local and causal)

``level[t]`` is the last value and ``scale[t]`` a trailing mean absolute change, so that a network meets numbers of one
size at every step of a trending series and its state can be carried from end to end. A series that returns to its
mean, judged on train, takes its mean and its standard deviation instead. Nothing at step t looks past t.
"""

import dataclasses
from typing import Any, Literal, NamedTuple

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.data.transform import Transform, learn
from tsforecast.exceptions import DataError, ParameterError, SeriesTooShortError
from tsforecast.kernels.walk import walk
from tsforecast.models.rnn.checks import check_fields
from tsforecast.models.rnn.differencing import differences, latest
from tsforecast.models.rnn.season import cycle_of, cyclic_indices, has_season, phases_of
from tsforecast.models.rnn.seasonless import Seasonless, without_season
from tsforecast.panel import Panel

_LIMIT = 8.0  # inputs further out than this many scales are cut off: one outlier must not saturate every gate
_PRIOR = 4.0  # weight of the whole series' mean change in the trailing one, in steps
_SEASONS, _SHORTEST_MEMORY = 4, 100  # that trailing means look back, in seasons and in steps: a long-run mean
_FEWEST_COUNTS = 0.05  # the least scale of counts: a series of nothing but zeros has one, too
_CERTAIN = -3.43  # Dickey & Fuller's statistic with a constant at 1%: MacKinnon (2010), table 2
N_PLAIN = 3  # change, distance from the level, observed or not
_FEWEST_DIFFERENCES = 8
_FEW_LAGS, _MANY_LAGS = 8, 48  # earlier values among the inputs


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How series are made ready for the network.

    Attributes
    ----------
    transform : {"auto", "none", "log", "boxcox"}
        ``"auto"`` takes the logarithm of positive series whose changes grow with their level.
    deseasonalize : {"auto", "always", "never"}
        Whether the seasonal indices of a classical decomposition are taken off; ``"auto"`` where the autocorrelation
        at the season is significant at 10%.
    level : {"auto", "last", "mean"}
        What targets are taken relative to; ``"auto"`` chooses for each series what forecasts train better.
    n_fourier : int
        Pairs of sine and cosine of the season among the inputs.
    difference : {"none", "first", "season"}
        Whether the value one step, or one season, before is taken off each. In place of seasonal indices,
        ``"season"`` lets the season change at every turn; its errors add up from season to season.
    seasonal_smoothing : float
        By how much of its distance from them each value moves the seasonal indices, 0 to 1; they stay as they are
        where differences are taken.

    Examples
    --------
    >>> Preparation(transform="log").level
    'auto'
    """

    transform: Literal["auto", "none", "log", "boxcox"] = "auto"
    deseasonalize: Literal["auto", "always", "never"] = "auto"
    level: Literal["auto", "last", "mean"] = "auto"
    n_fourier: int = 2
    difference: Literal["none", "first", "season"] = "none"
    seasonal_smoothing: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        check_fields(self, {"n_fourier": 0, "seasonal_smoothing": 0})
        if self.seasonal_smoothing > 1:
            raise ParameterError(
                f"seasonal_smoothing={self.seasonal_smoothing} is not a share, 0 <= seasonal_smoothing <= 1."
            )


class Local(NamedTuple):
    """What is remembered of each series to place its next value."""

    last: Floats  # (n_series,): last value seen, nan before the first
    lags: Floats  # (n_series, n_lags): values before it, the latest first; nan where there was none
    sums: Floats  # (n_series, 4): trailing mean and trailing mean absolute change, weighted sum and sum of weights


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What was learnt of each series: arrays over ``n_series``, and what they share.

    Attributes
    ----------
    transform : Transform
    season : ndarray, shape (n_series, cycle)
        Seasonal indices on the transformed scale, before the first value; zero for a series without a season.
    reverting : ndarray of bool, shape (n_series,)
        Series whose level is their mean.
    mean, spread, change : ndarray, shape (n_series,)
        Mean, standard deviation and mean absolute change of u on train.
    memory : float
        Steps that the trailing means look back.
    mixed : bool
        Whether some series revert to their mean and some do not.
    season_length : int
        Steps per season.
    n_lags : int
        Earlier values among the inputs: a day of them where a season is a day, else a few.
    counts : bool
        Whether values are counts: the level is zero, and the scale a trailing mean.
    lag : int
        Steps that differences are taken over; 0 for none.
    smoothing : float
        Share of each seasonal deviation by which the indices move: see `tsforecast.kernels.seasonal.follow`.
    """

    transform: Transform
    season: Floats
    reverting: Bools
    mean: Floats
    spread: Floats
    change: Floats
    memory: float
    mixed: bool
    season_length: int
    n_lags: int
    counts: bool = False
    lag: int = 0
    smoothing: float = 0.0

    @property
    def n_local(self) -> int:
        """Inputs that come from values; those of either kind of series are kept apart where there are both."""
        return (N_PLAIN + self.n_lags) * (2 if self.mixed else 1)

    @property
    def returns(self) -> Bools:
        """Series whose forecasts get no less sure the further ahead they look: sums of differences do."""
        return self.reverting & (self.lag == 0)

    @property
    def cycle(self) -> int:
        """Steps after which seasonal indices repeat: see `season.cycle_of`."""
        return self.season.shape[1]

    def take(self, positions: Ints) -> "Prepared":
        """What was learnt of some series, in the order given."""
        transform = Transform(self.transform.ids.take(positions), self.transform.lambdas[positions])
        rows = {name: getattr(self, name)[positions] for name in ("season", "reverting", "mean", "spread", "change")}
        return dataclasses.replace(self, transform=transform, **rows)

    def start(self) -> Local:
        """The memory before the first value."""
        n = self.mean.size
        prior = np.full(n, _PRIOR)
        slow = prior if self.counts else np.zeros(n)
        sums = np.column_stack([slow * self.mean, slow, prior * self.change, prior])
        return Local(np.full(n, np.nan), np.full((n, self.n_lags), np.nan), sums)

    def walk(self, u: Floats, indptr: Ints) -> tuple[Local, Floats, Floats, Floats]:
        """As `step`, over all observations ``(n_obs,)`` of all series: memory at their end, inputs, levels, scales."""
        told, *local = walk(u, indptr, self.start().sums, 1 - 1 / self.memory, self.n_lags)
        of = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
        return Local(*local), *self._place(of, told, ~np.isnan(u))

    def step(self, local: Local, u: Floats) -> tuple[Local, Floats, Floats, Floats]:
        """One step on: memory, inputs ``(n_series, n_local)``, level and scale ``(n_series,)``, having seen ``u``."""
        decay = 1 - 1 / self.memory
        seen = ~np.isnan(u)
        moved = seen & ~np.isnan(local.last)
        delta = np.where(moved, u - local.last, 0.0)
        lags = np.column_stack([local.last, local.lags[:, :-1]])
        ones = np.ones_like(u)
        sums = np.where(seen[:, None], decay * local.sums + np.column_stack([u, ones, np.abs(delta), ones]), local.sums)
        sums[:, 2:] = np.where(moved[:, None], sums[:, 2:], local.sums[:, 2:])
        local = Local(np.where(seen, u, local.last), lags, sums)
        means = sums[:, [0, 2]] / np.maximum(sums[:, [1, 3]], 1e-12)
        told = np.column_stack([delta, local.last, means, lags])
        return local, *self._place(np.arange(u.size), told, seen)

    def _place(self, of: Ints, told: Floats, seen: Bools) -> tuple[Floats, Floats, Floats]:
        """Inputs, level and scale from what `walk` tells of observations of the series ``of``."""
        delta, last, slow, change = told[:, :4].T
        mean, reverting = self.mean[of], self.reverting[of]
        known = ~np.isnan(last)
        last, slow = np.where(known, last, mean), np.where(known, slow, mean)
        if self.counts:
            level, centre = np.zeros_like(last), slow
            scale = np.maximum(slow, np.maximum(0.05 * mean, _FEWEST_COUNTS))
        else:
            level = centre = np.where(reverting, mean, last)
            scale = np.maximum(np.where(reverting, self.spread[of], change), 0.05 * self.change[of])
        away = (last - np.where(reverting, mean, slow)) / scale
        lags = np.nan_to_num((told[:, 4:] - centre[:, None]) / scale[:, None])  # what was not seen counts as the centre
        inputs = np.column_stack([delta / scale, away, seen, lags])
        if self.mixed:
            inputs = np.column_stack([inputs * reverting[:, None], inputs * ~reverting[:, None]])
        return np.clip(inputs, -_LIMIT, _LIMIT), level, scale

    def flatten(self, panel: Panel, phases: Ints) -> tuple[Floats, Seasonless]:
        """Values of u for every observation, ``(n_obs,)``, and the seasons that were taken off."""
        return self._reduced(self.transform.apply(panel), phases)

    def _reduced(self, w: Panel, phases: Ints) -> tuple[Floats, Seasonless]:
        left = without_season(w, phases, self.season, self.season_length, self.smoothing)
        return differences(left.v, w.indptr, self.lag) if self.lag else left.v, left

    def base(self, panel: Panel) -> Floats:
        """What the first differences after the series are added to, ``(n_series, lag)``.

        Raises
        ------
        SeriesTooShortError
            There is no value at some place of the season.
        """
        phases = phases_of(panel.times, panel.freq, self.cycle)
        _, left = self.flatten(panel, phases)
        base = latest(left.v, panel.indptr, self.lag)
        unknown = np.isnan(base).any(axis=1)
        if unknown.any():
            i = int(np.argmax(unknown))
            raise SeriesTooShortError(
                f"Series {panel.ids[i]!r} has {panel.n_present[i]} observations, not one at every place of its last "
                f"{self.lag} steps and those a season before; forecasts of differences over {self.lag} steps need that."
            )
        return base


def concatenate(one: Prepared, other: Prepared) -> Prepared:
    """What was learnt of the series of both, one after the other."""
    names = ("season", "reverting", "mean", "spread", "change")
    rows: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    lambdas = np.concatenate([one.transform.lambdas, other.transform.lambdas])
    ids = one.transform.ids.append(other.transform.ids)
    return dataclasses.replace(one, transform=Transform(ids, lambdas), **rows)


def prepare(panel: Panel, options: Preparation, season_length: int, horizon: int, *, counts: bool = False) -> Prepared:
    """What the series of ``panel`` teach: transform, seasonal indices, level and scale of each.

    Counts stay as they are, relative to their trailing mean; what is no count is refused.
    """
    if counts:
        _check_plain(options)
        check_counts(panel)
        options = Preparation("none", "never", "last", options.n_fourier)
    lag = {"none": 0, "first": 1, "season": season_length}[options.difference]
    if options.difference == "season":
        options = _without_indices(options)
    transform = learn(panel, options.transform, season_length=season_length)
    w = transform.apply(panel)
    cycle = cycle_of(panel.freq, season_length)
    phases = phases_of(panel.times, panel.freq, cycle)
    n = panel.n_series
    seasonal = np.array([has_season(w.series(i), season_length, options.deseasonalize) for i in range(n)])
    season = _seasons(w, phases, seasonal, season_length, cycle)
    smoothing = 0.0 if lag else options.seasonal_smoothing
    v = without_season(w, phases, season, season_length, smoothing).v
    u = w.with_values(differences(v, w.indptr, lag) if lag else v)
    _check_differences(u, options.difference, lag)
    reverting = np.array([options.level == "mean" for _ in range(n)])
    if options.level == "auto":
        reverting = np.array([_reverts(u.series(i), horizon) for i in range(n)])
    memory = float(max(_SEASONS * season_length, _SHORTEST_MEMORY))
    mixed = bool(reverting.any() and not reverting.all())
    n_lags = min(season_length, _MANY_LAGS) if cycle > season_length else _FEW_LAGS
    return Prepared(
        transform, season, reverting, *_numbers(u), memory, mixed, season_length, n_lags, counts, lag, smoothing
    )


def _check_plain(options: Preparation) -> None:
    allowed = {"transform": ("auto", "none"), "deseasonalize": ("auto", "never"), "level": ("auto",)}
    allowed["difference"] = ("none",)
    for name, values in allowed.items():
        if (got := getattr(options, name)) not in values:
            raise ParameterError(f"{name}={got!r} and loss='negative_binomial': counts stay as they are.")


def _without_indices(options: Preparation) -> Preparation:
    if options.deseasonalize == "always":
        raise ParameterError("deseasonalize='always' and difference='season': the season is taken off once.")
    return dataclasses.replace(options, deseasonalize="never")


def _check_differences(u: Panel, difference: str, lag: int) -> None:
    short = u.n_present < _FEWEST_DIFFERENCES
    if lag and short.any():
        i = int(np.argmax(short))
        raise SeriesTooShortError(
            f"Series {u.ids[i]!r} has {u.n_present[i]} differences over {lag} steps; difference={difference!r} needs "
            f"{_FEWEST_DIFFERENCES}, of at least {lag + _FEWEST_DIFFERENCES} observations."
        )


def check_counts(panel: Panel) -> None:
    """Raise a `DataError` at the first value that is no count."""
    bad = (panel.values < 0) | (panel.values != np.round(panel.values)) & ~np.isnan(panel.values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {panel.id_at(row)!r} has the value {panel.values[row]:g} at {panel.times[row]}; "
            "loss='negative_binomial' is for counts, whole numbers from 0 on. Use 'gaussian' or 'quantile'."
        )


def relearn(prepared: Prepared, panel: Panel) -> Prepared:
    """The same series from other observations of them: what was chosen stays, numbers are learnt anew."""
    w = prepared.transform.apply(panel)
    phases = phases_of(panel.times, panel.freq, prepared.cycle)
    season = _seasons(w, phases, np.asarray(prepared.season.any(axis=1)), prepared.season_length, prepared.cycle)
    learnt = dataclasses.replace(prepared, season=season)
    mean, spread, change = _numbers(w.with_values(learnt._reduced(w, phases)[0]))
    return dataclasses.replace(learnt, mean=mean, spread=spread, change=change)


def _seasons(w: Panel, phases: Ints, seasonal: Bools, season_length: int, cycle: int) -> Floats:
    season = np.zeros((w.n_series, cycle))
    for i in np.flatnonzero(seasonal).tolist():
        own = phases[w.indptr[i] : w.indptr[i + 1]]
        season[i] = cyclic_indices(w.series(i), own, season_length, cycle)
    return season


def _numbers(u: Panel) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and mean absolute change of each series: each ``(n_series,)``."""
    table = np.array([_describe(u.series(i)) for i in range(u.n_series)])
    return table[:, 0], table[:, 1], table[:, 2]


def _describe(u: Floats) -> tuple[float, float, float]:
    seen = u[~np.isnan(u)]
    if seen.size == 0:
        return 0.0, 1.0, 1.0
    size = (float(np.abs(seen).max()) or 1.0) * 1e-8
    spread = max(float(seen.std()), size)
    change = max(float(np.abs(np.diff(seen)).mean()) if seen.size > 1 else 0.0, spread * 1e-3)
    return float(seen.mean()), spread, change


def _reverts(u: Floats, horizon: int) -> bool:
    """Whether a unit root is rejected, and the mean so far forecasts ``horizon`` steps ahead better than the last."""
    u = u[~np.isnan(u)]
    begin = max(u.size // 3, 2)
    ahead = min(horizon, u.size // 4)
    if ahead < 1 or u.size - begin - ahead < 4:
        return False
    so_far = np.cumsum(u) / np.arange(1, u.size + 1)
    truth = u[begin + ahead :]
    by_mean = np.abs(truth - so_far[begin:-ahead]).mean()
    by_last = np.abs(truth - u[begin:-ahead]).mean()
    return bool(by_mean < by_last) and _unit_root_statistic(u) < _CERTAIN


def _unit_root_statistic(u: Floats) -> float:
    """Statistic of the augmented Dickey-Fuller test with a constant and four lagged changes (Said & Dickey 1984)."""
    n_lags = min(4, u.size // 10)
    u = (u - u.mean()) / (float(u.std()) or 1.0)  # the statistic is the same; sums of squares are of one size
    change = np.diff(u)
    lagged = [change[n_lags - k : change.size - k] for k in range(1, n_lags + 1)]
    x = np.column_stack([u[n_lags:-1], np.ones(change.size - n_lags), *lagged])
    y = change[n_lags:]
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    rest = y - x @ slope
    error = np.sqrt(max(float(rest @ rest) / max(y.size - x.shape[1], 1) * inverse[0, 0], 1e-300))
    return float(slope[0] / error)
