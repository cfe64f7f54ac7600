"""Recurrent networks of the libraries on the same panels: time of a step, of a forecast, and what they score.

    python benchmarks/rnn.py                      LSTM and GRU, many short series and one long one, every library
    python benchmarks/rnn.py --panels monthly --cells gru --libraries "darts RNN" --steps 100 --repeats 1

Every library has one layer of the same size, the same batch (windows, or streams) and length, and makes as many
optimiser steps, on one thread. Peers live in environments of their own, built at the first run (see `peers`). They are
run in turn (ours, peer, peer, ours, ...), with a short run before that is not counted; times are the processor's,
medians over the repeats. A peer's score is the better one of its own learning rate and of ours. GluonTS has an LSTM
only. "To the best peer's score" is the time of our shortest run that forecasts no worse than the best peer at its end,
set-up included, against the time of that peer's run.

Share of the peak: multiplications of the cell alone, 3 x 2 x batch x length x (inputs + hidden) x gates x hidden a
step, with one input for all, over the time of a step and over what a large product of float32 matrices reaches here.
One long series is one stream of ours, so that a step of ours sees one window where a peer's sees a batch of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from peers import ONE_CORE, python_of

DATA = Path(os.environ.get("TSFORECAST_DATA", Path(__file__).parents[2] / "shared" / "data"))
HIDDEN, BATCH, LENGTH = 64, 32, 48
OURS = "tsforecast"
PEERS = {
    "neuralforecast": ("neuralforecast", "neuralforecast"),
    "darts BlockRNN": ("darts", "u8darts[torch]"),
    "darts RNN": ("darts", "u8darts[torch]"),
    "GluonTS DeepAR": ("gluonts", "gluonts[torch]"),
    "pytorch-forecasting": ("pytorch-forecasting", "pytorch-forecasting"),
}
IMPORTS = {
    OURS: "from tsforecast import LSTM, GRU; import tsforecast.models.neural.training.run",
    "neuralforecast": "from neuralforecast import NeuralForecast; from neuralforecast.models import LSTM, GRU",
    "darts BlockRNN": "from darts.models import BlockRNNModel",
    "darts RNN": "from darts.models import RNNModel",
    "GluonTS DeepAR": "from gluonts.torch.model.deepar import DeepAREstimator",
    "pytorch-forecasting": "from pytorch_forecasting import RecurrentNetwork, TimeSeriesDataSet",
}
OUR_LR = 0.01
BUDGETS = (5, 10, 20, 40, 80, 160)


def monthly(n_series):
    """Series of M3 monthly, or a seasonal panel of the same size where the data are not at hand: horizon 18."""
    if not (DATA / "m3_monthly.parquet").exists():
        rng, t = np.random.default_rng(0), np.arange(126)
        growth = np.cumsum(rng.normal(0.003, 0.03, (n_series, t.size)), axis=1)
        season = 0.2 * rng.normal(size=(n_series, 12))[:, t % 12]
        return np.round(1000 * np.exp(growth + season), 2), 18, 12, "MS"
    table = pd.read_parquet(DATA / "m3_monthly.parquet")
    lengths = table[table["split"] == "train"].groupby("unique_id").size()
    chosen = np.random.default_rng(0).permutation(lengths.index[lengths >= LENGTH + 36])[:n_series]
    return [table["y"][table["unique_id"] == i].to_numpy(np.float64) for i in sorted(chosen)], 18, 12, "MS"


def hourly(_):
    """One hourly series of twenty weeks, with a day and a week: horizon 24."""
    rng, t = np.random.default_rng(1), np.arange(20 * 168 + 24)
    noise = rng.normal(size=t.size)
    for k in range(1, t.size):
        noise[k] += 0.7 * noise[k - 1]
    week = 1 - 0.3 * ((t // 24) % 7 >= 5)
    return [100 + 20 * week * np.sin(2 * np.pi * t / 24) + 8 * np.cos(4 * np.pi * t / 24) + 2 * noise], 24, 24, "h"


PANELS = {"monthly": monthly, "hourly": hourly}


class Panel:
    """A panel in a file, what follows it, and the scale of its errors."""

    def __init__(self, name, n_series, folder):
        values, self.horizon, self.season_length, self.freq = PANELS[name](n_series)
        train = [y[: -self.horizon] for y in values]
        self.truth = np.array([y[-self.horizon :] for y in values])
        self.scale = [np.abs(y[self.season_length :] - y[: -self.season_length]).mean() for y in train]
        frames = [
            pd.DataFrame({"unique_id": f"s{k:04}", "ds": pd.date_range("2000", periods=len(y), freq=self.freq), "y": y})
            for k, y in enumerate(train)
        ]
        self.path = folder / f"{name}.csv"
        pd.concat(frames).to_csv(self.path, index=False)
        self.title = f"{name}: {len(train)} series, {sum(map(len, train))} observations, {self.horizon} ahead"

    def mase(self, forecast):
        error = np.abs(np.reshape(forecast, self.truth.shape) - self.truth).mean(axis=1)
        return float(np.mean(error / self.scale))


class Library:
    """A process that trains networks of one library."""

    def __init__(self, name):
        self.name = name
        self.python = Path(sys.executable) if name == OURS else python_of(*PEERS[name])
        script = Path(__file__).with_name("rnn_peers.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([self.python, script], text=True, env=os.environ | ONE_CORE, **pipes)

    def ask(self, **job):
        self.process.stdin.write(json.dumps({"library": self.name, **job}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')

    def import_seconds(self, repeats):
        code = f"import time; t = time.process_time(); {IMPORTS[self.name]}; print(time.process_time() - t)"
        return statistics.median(printed(self.python, code) for _ in range(repeats))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def printed(python, code):
    """The number that a program prints, run on one thread."""
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=os.environ | ONE_CORE)
    return float(run.stdout.split()[-1])


PEAK = """
import numpy as np, time
a, times = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32), []
for _ in range(10):
    began = time.process_time()
    a @ a
    times.append(time.process_time() - began)
print(2 * 1024**3 / min(times))
"""


def middle(answers, key):
    return statistics.median(answer[key] for answer in answers)


def compare(panel, cell, libraries, steps, repeats, fastest_product):
    job = {
        "cell": cell, "data": str(panel.path), "freq": panel.freq, "horizon": panel.horizon, "length": LENGTH,
        "season_length": panel.season_length, "hidden_size": HIDDEN, "batch_size": BATCH, "seed": 0,
    }  # fmt: skip
    running, answers = {}, {}
    for name, library in libraries.items():
        first = library.ask(**job, steps=3, lr=0)
        if "error" in first:
            print(f"  {name}: {first['error']}")
        else:
            running[name], answers[name] = library, []
    for repeat in range(repeats):
        for name, library in running.items():
            answers[name].append(library.ask(**job | {"seed": repeat}, steps=steps, lr=0))
    scores = {name: statistics.mean(panel.mase(a["forecast"]) for a in answers[name]) for name in running}
    for name, library in running.items():
        if name != OURS:
            scores[name] = min(scores[name], panel.mase(library.ask(**job, steps=steps, lr=OUR_LR)["forecast"]))
    report(panel, cell, answers, scores, fastest_product)
    race(panel, job, running, answers, scores)


def report(panel, cell, answers, scores, fastest_product):
    print(f"\n{panel.title}; {cell}, hidden {HIDDEN}, batch {BATCH} x {LENGTH}")
    print(f"  {'':22}{'step ms':>9}{'ratio':>7}{'forecast ms':>13}{'ratio':>7}{'fit s':>8}{'MASE':>8}{'of peak':>9}")
    gates = {"lstm": 4, "gru": 3}[cell]
    work = 6 * BATCH * LENGTH * (1 + HIDDEN) * gates * HIDDEN
    for name, runs in answers.items():
        ratios = [
            statistics.median(a[key] / b[key] for a, b in zip(runs, answers[OURS], strict=True))
            for key in ("step", "predict")
        ]
        share = (
            "" if len(panel.truth) == 1 and name == OURS else f"{work / middle(runs, 'step') / fastest_product:9.0%}"
        )
        print(
            f"  {name:22}{middle(runs, 'step') * 1e3:9.2f}{ratios[0]:7.1f}{middle(runs, 'predict') * 1e3:13.1f}"
            f"{ratios[1]:7.1f}{middle(runs, 'fit'):8.2f}{scores[name]:8.3f}{share}",
            flush=True,
        )


def race(panel, job, running, answers, scores):
    """Time of our shortest run that is no worse than the best peer."""
    peers = [name for name in running if name != OURS]
    if not peers:
        return
    best = min(peers, key=scores.get)
    for steps in BUDGETS:
        run = running[OURS].ask(**job, steps=steps, lr=0)
        if panel.mase(run["forecast"]) <= scores[best]:
            seconds = run["fit"]
            print(
                f"  to {best}'s {scores[best]:.3f}: {steps} steps, {seconds:.2f} s against "
                f"{middle(answers[best], 'fit'):.2f} s, {middle(answers[best], 'fit') / seconds:.1f} x less"
            )
            return
    print(f"  {best}'s {scores[best]:.3f} was not reached in {BUDGETS[-1]} steps")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", nargs="+", default=list(PANELS), choices=list(PANELS))
    parser.add_argument("--cells", nargs="+", default=["lstm", "gru"], choices=["lstm", "gru"])
    parser.add_argument("--libraries", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--n-series", type=int, default=200, help="of the monthly panel")
    options = parser.parse_args()
    fastest_product = printed(sys.executable, PEAK)
    print(f"peak of a matrix product: {fastest_product / 1e9:.0f} billion multiplications and additions a second")
    libraries = {name: Library(name) for name in (OURS, *options.libraries)}
    with tempfile.TemporaryDirectory() as folder:
        for panel in [Panel(name, options.n_series, Path(folder)) for name in options.panels]:
            for cell in options.cells:
                compare(panel, cell, libraries, options.steps, options.repeats, fastest_product)
        last = panel
        job = {"data": str(last.path), "freq": last.freq, "horizon": last.horizon, "season_length": last.season_length}
        job |= {"length": LENGTH, "hidden_size": HIDDEN, "batch_size": BATCH, "seed": 0, "lr": 0, "cell": "lstm"}
        print(f"\n  {'':22}{'import s':>9}{'most memory MB':>16}")
        for name, library in libraries.items():
            memory = library.ask(**job, steps=1).get("memory", float("nan"))
            print(f"  {name:22}{library.import_seconds(3):9.2f}{memory:16.0f}", flush=True)
            library.close()


if __name__ == "__main__":
    main()
