"""Position in the season, and the seasonal indices of classical decomposition."""

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.panel.frequency import Freq, future_times
from tsforecast.panel.months import months_of
from tsforecast.panel.offsets import weekmask_of

_NORMAL_90 = 1.645  # the M4 competition's test of seasonality, at 10%
_FEWEST_SEASONS = 3
_DAY = 86_400  # seconds
_CALENDAR = (
    pd.offsets.MonthBegin,
    pd.offsets.MonthEnd,
    pd.offsets.QuarterBegin,
    pd.offsets.QuarterEnd,
    pd.offsets.YearBegin,
    pd.offsets.YearEnd,
)


def phases_of(times: Index, freq: Freq, season_length: int) -> Ints:
    """Position of each time in its season, ``(n,)`` in 0 .. season_length - 1, wherever the series begins.

    Examples
    --------
    >>> from tsforecast.panel.frequency import parse_freq
    >>> phases_of(pd.date_range("2020-01", periods=4, freq="MS"), parse_freq("MS"), 12)
    array([0, 1, 2, 3])
    """
    if season_length == 1:
        return np.zeros(len(times), dtype=np.int64)
    return np.asarray(_ordinals(times, freq) % season_length, dtype=np.int64)


def phases_after(last: Index, n_steps: int, freq: Freq, season_length: int) -> Ints:
    """Positions of the ``n_steps`` times after each of ``last``: ``(n_series, n_steps)``.

    Examples
    --------
    >>> from tsforecast.panel.frequency import parse_freq
    >>> phases_after(pd.DatetimeIndex(["2020-11-01"]), 3, parse_freq("MS"), 12)
    array([[11,  0,  1]])
    """
    if _counts_on(last, freq):
        steps = np.arange(1, n_steps + 1)
        return np.asarray((phases_of(last, freq, season_length)[:, None] + steps) % season_length)
    times = future_times(last, n_steps, freq)  # local time may skip an hour, or repeat one
    return phases_of(times, freq, season_length).reshape(len(last), n_steps)


def _counts_on(times: Index, freq: Freq) -> bool:
    """Whether each time is in the position after that of the one before."""
    if isinstance(freq, int) or not isinstance(times, pd.DatetimeIndex):
        return True
    if isinstance(freq, pd.offsets.Tick) and pd.Timedelta(freq).total_seconds() != _seconds(freq):
        return False
    return times.tz is None and (_seconds(freq) is not None or isinstance(freq, _CALENDAR))


def _ordinals(times: Index, freq: Freq) -> Ints:
    """Whole steps of the frequency from a fixed time: consecutive times differ by one."""
    if isinstance(times, pd.PeriodIndex):
        return np.asarray(times.asi8) // int(times.freq.n)
    if isinstance(freq, int):
        return np.asarray(times.to_numpy(), dtype=np.int64) // freq
    local = pd.DatetimeIndex(times).tz_localize(None).as_unit("s")
    step = _seconds(freq)
    if step is not None:
        return np.asarray(local.asi8) // step
    months = months_of(freq)
    if months is not None:
        return np.asarray(local.to_period("M").asi8) // months.count
    alias = _period_alias(freq)
    if alias is None:  # days of the week, holidays or not: each keeps its place
        days = local.to_numpy().astype("datetime64[D]")
        return np.busday_count("1970-01-01", days, weekmask=weekmask_of(freq)) // int(freq.n)
    return np.asarray(local.to_period(alias).asi8) // int(freq.n)


def _seconds(freq: "pd.offsets.BaseOffset") -> int | None:
    if isinstance(freq, pd.offsets.Day):
        return 86_400 * int(freq.n)
    if isinstance(freq, pd.offsets.Week):
        return 7 * 86_400 * int(freq.n)
    if isinstance(freq, pd.offsets.Tick):
        return max(int(pd.Timedelta(freq).total_seconds()), 1)
    return None


def _period_alias(freq: "pd.offsets.BaseOffset") -> str | None:
    """The period that holds one step of months, quarters or years; None for business days, which have none."""
    letter = freq.rule_code.split("-")[0].removeprefix("C").removeprefix("B")[:1]
    return {"M": "M", "S": "M", "W": "M", "L": "M", "Q": "Q", "Y": "Y", "A": "Y"}.get(letter)  # W: WOM-2TUE


def cycle_of(freq: Freq, season_length: int) -> int:
    """Steps after which the calendar repeats: a week where a season is a day, else the season.

    Examples
    --------
    >>> from tsforecast.panel.frequency import parse_freq
    >>> cycle_of(parse_freq("h"), 24), cycle_of(parse_freq("D"), 7), cycle_of(parse_freq("MS"), 12)
    (168, 7, 12)
    """
    step = None if isinstance(freq, int) else _seconds(freq)
    return 7 * season_length if step is not None and step * season_length == _DAY else season_length


def has_season(w: Floats, season_length: int, when: str) -> bool:
    """Whether seasonal indices are taken off a series ``w``, ``(n_obs,)`` with nan where it is missing.

    Three seasons are needed at least. ``when`` is "auto", which tests the autocorrelation at the season, "always" or
    "never".
    """
    if when == "never" or season_length == 1 or w.size < _FEWEST_SEASONS * season_length:
        return False
    return when == "always" or is_seasonal(_interpolate(w), season_length)


def seasonal_indices(w: Floats, phases: Ints, season_length: int) -> Floats:
    """Seasonal indices of one series, ``(season_length,)``, zero in the mean; zero where a phase was never seen.

    Classical additive decomposition (Hyndman & Athanasopoulos, FPP3, section 3.4): the mean, over seasons, of what is
    left after a centred moving average of one season. The means are shrunk by the share of their variance that is
    scatter (James & Stein 1961), which makes better forecasts (Miller & Williams 2003).

    Parameters
    ----------
    w : ndarray, shape (n_obs,)
        Values; nan is passed over.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the season.
    """
    if w.size < 2 * season_length:
        return np.zeros(season_length)
    rest = np.where(np.isnan(w), np.nan, w - _moving_average(_interpolate(w), season_length))
    good = ~np.isnan(rest)
    of, rest = phases[good], rest[good]
    count = np.bincount(of, minlength=season_length)
    if (count == 0).any():
        return np.zeros(season_length)
    indices = np.bincount(of, weights=rest, minlength=season_length) / count
    scatter = np.square(rest - indices[of]).sum() / max(rest.size - season_length, 1) / count
    return _shrunk(indices - indices.mean(), scatter)


def _shrunk(indices: Floats, scatter: Floats) -> Floats:
    """Indices times the share of their mean square that is not scatter, the variance of each: James & Stein (1961)."""
    n, size = indices.size, float(np.square(indices).mean())
    freedom = max(n - 3, 0) / max(n - 1, 1)  # their mean is known to be zero
    share = max(0.0, 1 - freedom * float(scatter.mean()) / size) if size > 0 else 0.0
    return np.asarray(share * indices)


def cyclic_indices(w: Floats, phases: Ints, season_length: int, cycle: int) -> Floats:
    """Seasonal indices over a cycle of whole seasons, ``(cycle,)``: the season's, and how each in the cycle differs.

    The differences, from what the season leaves, are shrunk by the share of their variance that is scatter (James &
    Stein 1961), so that a series without a week keeps its day alone. They need three cycles.

    Parameters
    ----------
    w : ndarray, shape (n_obs,)
        Values; nan is passed over.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the cycle.
    """
    season = np.tile(seasonal_indices(w, phases % season_length, season_length), cycle // season_length)
    if cycle == season_length or w.size < _FEWEST_SEASONS * cycle:
        return season
    left = w - season[phases]
    left = left - _moving_average(_interpolate(left), cycle)
    seen = ~np.isnan(left)
    of, left = phases[seen], left[seen]
    count = np.bincount(of, minlength=cycle)
    if (count < 2).any():
        return season
    indices = np.bincount(of, weights=left, minlength=cycle) / count
    scatter = np.bincount(of, weights=(left - indices[of]) ** 2, minlength=cycle) / (count - 1) / count
    return np.asarray(season + _shrunk(indices - indices.mean(), scatter))


def is_seasonal(w: Floats, season_length: int) -> bool:
    """Whether the autocorrelation of the changes at one season is significant at 10%.

    The test of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020, appendix A), on first differences so
    that a trend is not taken for a season: ``r[s] > 1.645 sqrt((1 + 2 sum r[k]**2) / n)``.

    Examples
    --------
    >>> t = np.arange(48)
    >>> is_seasonal(t + np.sin(t * np.pi / 6), 12), is_seasonal(np.sqrt(t), 12)
    (True, False)
    """
    d = np.diff(w)
    d = d - d.mean()
    energy = float(d @ d)
    if energy <= 1e-20 * float(w @ w) or d.size <= season_length:
        return False
    r = np.array([d[k:] @ d[:-k] for k in range(1, season_length + 1)]) / energy
    limit = _NORMAL_90 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / d.size)
    return bool(r[-1] > limit)


def _moving_average(w: Floats, season_length: int) -> Floats:
    """Centred moving average of one season, nan at the ends: ``(n,)`` -> ``(n,)``."""
    weights = np.ones(season_length) / season_length
    if season_length % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    half = weights.size // 2
    out = np.full(w.size, np.nan)
    out[half : w.size - half] = np.convolve(w, weights, mode="valid")
    return out


def _interpolate(w: Floats) -> Floats:
    seen = np.flatnonzero(~np.isnan(w))
    if seen.size in (0, w.size):
        return np.nan_to_num(w)
    return np.asarray(np.interp(np.arange(w.size), seen, w[seen]))
