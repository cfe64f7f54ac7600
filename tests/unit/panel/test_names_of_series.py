"""Names of series have one type, so that no two of them are equal as strings in messages and files."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.exceptions import DataError
from tsforecast.panel import Panel

DAYS = pd.date_range("2020-01-01", periods=4)


@pytest.mark.parametrize("names", [[1, "1"], [1, "a"], [1.5, "a"], [True, "True"], [("a", 1), "a"]])
def test_names_of_several_types_are_refused(names):
    wide = pd.DataFrame(np.ones((4, 2)), index=DAYS)
    wide.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    with pytest.raises(DataError, match="names of one type are needed"):
        Panel.from_wide(wide)


def test_names_of_several_types_in_a_long_frame_are_refused():
    long = pd.DataFrame({"unique_id": np.array([1, 1, "1", "1"], dtype=object), "ds": [*DAYS[:2]] * 2, "y": 1.0})
    with pytest.raises(DataError, match=r"1 \(int\) and '1' \(str\)"):
        Panel.from_frame(long, freq="D")


@pytest.mark.parametrize("names", [[1, 2], ["1", "01"], [1.5, 2.0], [True, False], [*DAYS[:2]], ["a", "a "]])
def test_names_of_one_type_stay_what_they_are(names):
    wide = pd.DataFrame(np.ones((4, 2)), index=DAYS, columns=names)
    assert Panel.from_wide(wide).ids.tolist() == names
    assert len({str(name) for name in names}) == len(names)
