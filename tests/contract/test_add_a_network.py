"""The page on how to add a network runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.training.quiet import quiet_torch

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "add_a_network.md"


def test_the_code_of_the_page_runs_and_forecasts():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert len(blocks) == 5
    names = {"__name__": "add_a_network"}
    forecasts = []
    with quiet_torch(0):  # Lightning's remarks on small data are warnings, which are errors here
        for block in blocks:
            names.pop("forecast", None)
            exec(compile(block, str(PAGE), "exec"), names)
            forecasts += [names["forecast"]] if "forecast" in names else []
    assert len(forecasts) == 4
    for forecast in forecasts:
        assert len(np.asarray(forecast.mean if hasattr(forecast, "cutoff") else forecast).reshape(-1)) >= 12
        assert np.isfinite(np.asarray(forecast.mean if hasattr(forecast, "cutoff") else forecast)).all()


@pytest.mark.parametrize("member", ["forward", "initial_state", "context", "penalty"])
def test_the_page_names_what_a_network_has(member):
    assert hasattr(Network, member)
    assert f"`{member}" in PAGE.read_text(encoding="utf-8")


def test_the_files_that_the_page_names_are_there():
    text = PAGE.read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:tsforecast|tests)/[\w/]+\.py)`", text))
    assert len(paths) >= 3
    assert all((ROOT / path).is_file() for path in paths)
    assert "docs/add_a_network.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
