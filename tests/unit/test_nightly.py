"""The nightly recipe of docs/production.md, played through in processes, one of which is killed as it saves."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import SARIMA, load_forecaster

PAGE = Path(__file__).parents[2] / "docs" / "production.md"
KILLED = """
import os, signal, sys
import nightly
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
nightly.night(sys.argv[1])
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """The folder of the script as the page has it, where one works."""
    blocks = [block.partition("```")[0] for block in PAGE.read_text(encoding="utf-8").split("```python\n")[1:]]
    script = next(block for block in blocks if block.startswith("# nightly.py"))
    (tmp_path / "nightly.py").write_text(script, encoding="utf-8")
    (tmp_path / "killed.py").write_text(KILLED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def months(n_obs):
    rng = np.random.default_rng(0)
    t = np.arange(n_obs)
    values = 100 + 10 * np.sin(t * np.pi / 6) + np.cumsum(rng.normal(size=n_obs))
    return pd.Series(values, index=pd.date_range("2001-01-01", periods=n_obs, freq="MS"), name="y")


def test_a_night_that_is_killed_as_it_saves_is_run_again(recipe):
    import nightly  # the script of the page

    y = months(140)
    fitted = SARIMA(order=(0, 1, 1), seasonal_order=(0, 1, 1)).fit(y.iloc[:120])
    fitted.save("sarima.tsf")
    for end in range(121, 125):
        y.iloc[end - 1 : end].rename_axis("ds").to_csv("rows.csv")
        before = Path("sarima.tsf").read_bytes()
        if end == 122:  # in processes of their own
            killed = subprocess.run([sys.executable, "killed.py", "rows.csv"], check=False, timeout=120)
            assert killed.returncode == -9 and Path("sarima.tsf").read_bytes() == before
            subprocess.run([sys.executable, "nightly.py", "rows.csv"], check=True, timeout=120)
        else:
            nightly.night("rows.csv")
        after = Path("sarima.tsf").read_bytes()
        forecast = nightly.night("rows.csv")  # the same rows again
        assert Path("sarima.tsf").read_bytes() == after != before
        whole = fitted.forecast(6, history=y.iloc[:end], level=80)
        np.testing.assert_allclose(forecast.mean, whole.mean, rtol=1e-10)
        np.testing.assert_allclose(forecast.quantiles, whole.quantiles, rtol=1e-10)
        kept = pd.read_csv(f"nights/{y.index[end - 1]:%Y-%m-%d}.csv")
        np.testing.assert_allclose(kept["mean"], whole.mean[0], rtol=1e-10)
    assert load_forecaster("sarima.tsf").notes_ == {} and len(list(Path("nights").iterdir())) == 4
