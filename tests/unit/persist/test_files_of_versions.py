"""Files that an earlier version wrote are read, and forecast as they did then."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tsforecast import load_forecaster

sys.path.insert(0, str(Path(__file__).parent))
from make_files import FILES, HORIZON, LEVEL, MODELS

sys.path.pop(0)


@pytest.mark.parametrize("name", MODELS)
def test_a_file_of_schema_1_forecasts_as_it_did(name):
    model = load_forecaster(FILES / f"{name}.schema1")
    forecast = model.predict(HORIZON, level=LEVEL)
    expected = json.loads((FILES / f"{name}.json").read_text())
    assert list(forecast.columns) == list(expected) and forecast.index[0].isoformat() == "2020-01-01T00:00:00"
    for column, values in expected.items():
        np.testing.assert_allclose(forecast[column], values, rtol=1e-6)  # what is promised on another machine
    assert model.notes_ == {"made": "schema 1"} and type(model) is type(MODELS[name])
