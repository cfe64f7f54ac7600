"""Cross-validation on one job with tsforecast, statsforecast and darts, each in its own process, one core.

    python benchmarks/backtest_speed.py                       ours alone
    python benchmarks/backtest_speed.py --peers VENV          and the peers, installed in VENV where it is not there

The job: the 1,428 monthly series of M3 (or as many simulated ones where ../shared/data is absent), 5 cutoffs one step
apart, horizon 6: Naive and SeasonalNaive on all series, and ARIMA(1, 1, 0) on the first 50. Each job runs twice in its
process and the second time counts, so that no compilation is in it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TSFORECAST_DATA", ROOT.parent / "shared" / "data")) / "m3_monthly.parquet"

OURS = """
from tsforecast import ARIMA, Naive, Panel, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
cv = RollingOrigin(6, n_windows=5, step_size=1)
def run(frame, name):
    models = {"naive": [Naive(), SeasonalNaive(12)], "arima": [ARIMA(order=(1, 1, 0))]}[name]
    backtest(models, frame, cv=cv, metrics=["mae"], level=(), season_length=12)
"""
STATSFORECAST = """
from statsforecast import StatsForecast
from statsforecast.models import ARIMA, Naive, SeasonalNaive
def run(frame, name):
    models = {"naive": [Naive(), SeasonalNaive(12)], "arima": [ARIMA(order=(1, 1, 0))]}[name]
    forecasts = StatsForecast(models=models, freq=1).cross_validation(df=frame, h=6, n_windows=5, step_size=1)
    for column in forecasts.columns[4:]:
        (forecasts["y"] - forecasts[column]).abs().groupby(forecasts["unique_id"]).mean()
"""
DARTS = """
import logging
logging.disable(logging.WARNING)
from darts import TimeSeries
from darts.metrics import mae
from darts.models import ARIMA, NaiveSeasonal
def run(frame, name):
    series = [TimeSeries.from_values(own["y"].to_numpy()) for _, own in frame.groupby("unique_id", sort=False)]
    models = {"naive": [NaiveSeasonal(1), NaiveSeasonal(12)], "arima": [ARIMA(1, 1, 0)]}[name]
    for model in models:
        for one in series:
            start = len(one) - 6 - 4
            past = model.historical_forecasts(one, start=start, start_format="position", forecast_horizon=6, stride=1,
                                              last_points_only=False, retrain=True, overlap_end=False, verbose=False)
            assert len(past) == 5
            [mae(one, each) for each in past]
"""
TIMING = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
whole = pd.read_parquet(sys.argv[1])
few = whole[whole["unique_id"].isin(whole["unique_id"].unique()[:50])]
found = {}
for name, frame in (("naive", whole), ("arima", few)):
    for _ in range(2):
        begin = time.perf_counter()
        run(frame, name)
        found[name] = time.perf_counter() - begin
print(json.dumps(found))
"""


def frame_file(folder: Path) -> Path:
    """The job's series as a long frame in a Parquet file."""
    import numpy as np
    import pandas as pd

    if DATA.exists():
        frame = pd.read_parquet(DATA)[["unique_id", "ds", "y"]]
    else:
        rng = np.random.default_rng(0)
        frame = pd.concat(
            [pd.DataFrame({"unique_id": f"s{i}", "ds": range(1, 118), "y": 500 + rng.normal(size=117).cumsum()})
             for i in range(1428)]
        )  # fmt: skip
    frame["unique_id"] = frame["unique_id"].astype(object)
    frame.to_parquet(folder / "job.parquet", index=False)
    return folder / "job.parquet"


def measure(python: str, script: str, data: Path) -> dict[str, float]:
    """Seconds of each part of the job under an interpreter."""
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    command, environment = [python, "-c", script + TIMING, str(data)], {**os.environ, **one_core}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path, help="virtual environment of the peers")
    given = parser.parse_args()
    runs = {"tsforecast": (sys.executable, OURS)}
    if given.peers is not None:
        python = given.peers / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(given.peers)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", "statsforecast", "u8darts"], check=True)
        runs |= {"statsforecast": (str(python), STATSFORECAST), "darts": (str(python), DARTS)}
    with tempfile.TemporaryDirectory() as folder:
        data = frame_file(Path(folder))
        print(f"{'':14} {'naive s':>9} {'µs a series and cutoff':>24} {'arima s':>9}")
        for name, (python, script) in runs.items():
            found = measure(python, script, data)
            each = found["naive"] / (2 * 1428 * 5) * 1e6
            print(f"{name:14} {found['naive']:9.2f} {each:24.0f} {found['arima']:9.2f}", flush=True)


if __name__ == "__main__":
    main()
