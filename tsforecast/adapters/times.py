"""Times of a series as other libraries take them: dates without a zone on a frequency that pandas names, or numbers."""

import pandas as pd

from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import future_times
from tsforecast.panel.times.offsets import DAY, tick_ns


def plain_times(panel: Panel, i: int, ahead: int = 0) -> "pd.DatetimeIndex | pd.RangeIndex":
    """Times of series ``i`` of a panel and of the ``ahead`` steps after it: ``(n_obs + ahead,)``.

    Dates have no time zone (steps shorter than a day are counted in UTC) and their frequency is set. Where pandas has
    no name for the frequency, such as months from the 25th, the times are the numbers 0, 1, ….

    Examples
    --------
    >>> panel = Panel.from_series(pd.Series([1.0, 2.0], index=pd.period_range("2020-01", periods=2, freq="M")))
    >>> [str(t.date()) for t in plain_times(panel, 0, ahead=1)]
    ['2020-01-31', '2020-02-29', '2020-03-31']
    """
    times = panel.times_of(i)
    if ahead:
        times = times.append(future_times(panel.last_times[[i]], ahead, panel.freq))
    if isinstance(panel.freq, int):
        return pd.RangeIndex(int(times[0]), int(times[-1]) + panel.freq, panel.freq)
    short = (tick_ns(panel.freq) or DAY) % DAY != 0
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp(how="start" if short else "end")
        times = times if short else times.normalize()
    elif times.tz is not None:
        times = times.tz_convert("UTC").tz_localize(None) if short else times.tz_localize(None)
    try:
        named = pd.tseries.frequencies.to_offset(panel.freq.freqstr)
        return pd.DatetimeIndex(times, freq=named)
    except (ValueError, TypeError):  # a step without a name, or whose times are not what the name says
        return pd.RangeIndex(len(times))
