"""The series that a checkpoint holds come back as they were."""

import numpy as np

from tsforecast import Panel
from tsforecast.models.neural.forecasting.checkpoint import _pack_panel, _unpack_panel


def test_a_panel_whose_last_values_are_missing_comes_back_with_them():
    panel = Panel.from_array(np.array([1.0, np.nan, 3.0, np.nan, np.nan]))
    assert _unpack_panel(_pack_panel(panel)).fingerprint() == panel.fingerprint()
