"""A plain frame, with dates in a column, is diagnosed as what it is, with code that mends it."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive
from tsforecast.exceptions import DataError
from tsforecast.panel import Panel

LONG = pd.DataFrame(
    {"date": np.repeat(pd.date_range("2024-01-01", periods=6), 2), "store": ["a", "b"] * 6, "units": np.arange(12.0)}
)
FRAMES = {
    "long": LONG,
    "dates as texts": LONG.astype({"date": str}),
    "names as numbers": LONG.assign(store=[7, 8] * 6),
    "two names": LONG.assign(product=["tea"] * 6 + ["rum"] * 6, date=[*LONG["date"][:6], *LONG["date"][:6]]),
    "one series": LONG[["date", "units"]].iloc[::2],
    "a time twice": LONG[["date", "units"]],
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_code_in_the_message_mends_the_frame(name):
    frame = FRAMES[name]
    with pytest.raises(DataError, match="has its times in the column 'date'") as told:
        Naive().fit(frame)
    code = str(told.value).partition("y = ")[2].partition(" (or ")[0].partition(", with Panel")[0]
    y = eval(code, {"frame": frame, "Panel": Panel})  # the message's own code, on the frame above
    assert Naive().fit(y).panel_.n_series == {"one series": 1, "a time twice": 1, "two names": 4}.get(name, 2)
