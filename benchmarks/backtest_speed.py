"""Cross-validation on one job with tsforecast, statsforecast, darts and neuralforecast, each in its own process.

    python benchmarks/backtest_speed.py [--peers NAME ...] [--repeats 3] [--arima 60] [--jobs NAME ...]

The jobs, on the 1,428 monthly series of M3 (season 12, horizon 6) and the 414 hourly of M4 (season 24, horizon 24),
read from TSFORECAST_DATA or ../shared/data, 5 cutoffs one step apart:

naive    Naive and SeasonalNaive on all series, scored by mean absolute error
arima    ARIMA(1, 1, 0), fitted anew at every cutoff, on the first 60 series
network  an LSTM of 16 units, 100 optimiser steps at every cutoff on 32 pieces of two seasons each, on the first 60

All use one core. Everybody runs every job once before the runs that count, so that no compilation is in them; then they
run in turn, and medians are printed. The peers' environments are built when they are first needed (see peers.py).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from peers import ONE_CORE, python_of

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TSFORECAST_DATA", ROOT.parent / "shared" / "data"))
CASES = {"m3_monthly": (12, 6), "m4_hourly": (24, 24)}  # season, horizon
N_SERIES = {"m3_monthly": 1428, "m4_hourly": 414}

OURS = """
from tsforecast import ARIMA, Decoding, LSTM, Naive, Panel, SeasonalNaive, Training
from tsforecast.backtest import RollingOrigin, backtest
def run(frame, job, season, h):
    training = Training(max_steps=100, batch_size=32, validation_size=0.0)
    network = LSTM(16, n_members=1, bptt_length=2 * season, decoding=Decoding(horizon=h), training=training)
    models = {"naive": [Naive(), SeasonalNaive(season)], "arima": [ARIMA(order=(1, 1, 0))], "network": [network]}[job]
    cv = RollingOrigin(h, n_windows=5, step_size=1)
    backtest(models, frame, cv=cv, metrics=["mae"], level=(), season_length=season, executor=None)
"""
STATSFORECAST = """
from statsforecast import StatsForecast
from statsforecast.models import ARIMA, Naive, SeasonalNaive
def run(frame, job, season, h):
    models = {"naive": [Naive(), SeasonalNaive(season)], "arima": [ARIMA(order=(1, 1, 0))]}[job]
    forecasts = StatsForecast(models=models, freq=1).cross_validation(df=frame, h=h, n_windows=5, step_size=1)
    for column in [name for name in forecasts if name not in ("unique_id", "ds", "cutoff", "y")]:
        (forecasts["y"] - forecasts[column]).abs().groupby([forecasts["unique_id"], forecasts["cutoff"]]).mean()
"""
DARTS = """
import logging
logging.disable(logging.WARNING)
from darts import TimeSeries
from darts.metrics import mae
from darts.models import ARIMA, NaiveSeasonal
def run(frame, job, season, h):
    series = [TimeSeries.from_values(own["y"].to_numpy()) for _, own in frame.groupby("unique_id", sort=False)]
    models = {"naive": [NaiveSeasonal(1), NaiveSeasonal(season)], "arima": [ARIMA(1, 1, 0)]}[job]
    for model in models:
        for one in series:
            past = model.historical_forecasts(one, start=len(one) - h - 4, start_format="position", forecast_horizon=h,
                                              stride=1, last_points_only=False, retrain=True, overlap_end=False,
                                              verbose=False)
            assert len(past) == 5
            [mae(one, each) for each in past]
"""
NEURALFORECAST = """
import logging
logging.disable(logging.WARNING)
from neuralforecast import NeuralForecast
from neuralforecast.models import LSTM
def run(frame, job, season, h):
    model = LSTM(h=h, input_size=2 * season, encoder_hidden_size=16, encoder_n_layers=1, decoder_hidden_size=16,
                 max_steps=100, batch_size=32, windows_batch_size=32, learning_rate=0.01, accelerator="cpu",
                 logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)
    forecasts = NeuralForecast(models=[model], freq=1).cross_validation(df=frame, n_windows=5, step_size=1, refit=True)
    (forecasts["y"] - forecasts["LSTM"]).abs().groupby([forecasts["unique_id"], forecasts["cutoff"]]).mean()
"""
WORKER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
for line in sys.stdin:
    asked = json.loads(line)
    frame = pd.read_parquet(asked["file"])[["unique_id", "ds", "y"]]
    frame["ds"] = frame.groupby("unique_id", sort=False).cumcount()
    few = frame[frame["unique_id"].isin(frame["unique_id"].unique()[: asked["n_series"]])]
    begin = time.perf_counter()
    run(few, asked["job"], asked["season"], asked["horizon"])
    print("ANSWER", json.dumps(time.perf_counter() - begin), flush=True)
"""
PEERS = {
    "statsforecast": (STATSFORECAST, ("statsforecast", "pyarrow"), ("naive", "arima")),
    "darts": (DARTS, ("u8darts", "pyarrow"), ("naive", "arima")),
    "neuralforecast": (NEURALFORECAST, ("neuralforecast", "pyarrow"), ("network",)),
}


class Worker:
    """A process that runs jobs when it is asked to."""

    def __init__(self, python: Path | str, script: str, jobs: tuple[str, ...]) -> None:
        self.jobs = jobs
        pipe, environment = subprocess.PIPE, {**os.environ, **ONE_CORE}
        self._process = subprocess.Popen(
            [python, "-c", script + WORKER],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def run(self, **asked: object) -> float:
        """Seconds that a job took."""
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                return float(line.removeprefix("ANSWER "))
        raise SystemExit(f"{asked}: the process ended")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--jobs", nargs="*", default=["naive", "arima", "network"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--arima", type=int, default=60, help="series of the jobs arima and network")
    given = parser.parse_args()
    workers = {"tsforecast": Worker(sys.executable, OURS, ("naive", "arima", "network"))}
    for name in given.peers:
        script, packages, jobs = PEERS[name]
        workers[name] = Worker(python_of(name, *packages), script, jobs)
    print(f"{'data':12} {'job':8} {'who':16} {'seconds':>9} {'µs a forecast':>14} {'over ours':>10}")
    for data, (season, horizon) in CASES.items():
        for job in given.jobs:
            n_series = 10**9 if job == "naive" else given.arima
            asked = {"file": str(DATA / f"{data}.parquet"), "job": job, "season": season, "horizon": horizon}
            taking_part = {name: worker for name, worker in workers.items() if job in worker.jobs}
            runs = [
                {name: worker.run(**asked, n_series=n_series) for name, worker in taking_part.items()}
                for _ in range(1 + given.repeats)
            ]
            n_forecasts = 5 * (2 * N_SERIES[data] if job == "naive" else given.arima)
            medians = {name: statistics.median(run[name] for run in runs[1:]) for name in taking_part}
            for name, seconds in medians.items():
                print(f"{data:12} {job:8} {name:16} {seconds:9.3f} {seconds / n_forecasts * 1e6:14.0f} "
                      f"{seconds / medians['tsforecast']:10.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
