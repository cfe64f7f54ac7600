"""Accuracy of the recurrent models in the protocol of the M3 and M4 competitions, beside published scores.

    python benchmarks/rnn_accuracy.py                every set, LSTM, GRU and RNN, both ways of training
    python benchmarks/rnn_accuracy.py m3_monthly --models LSTM --ways bptt --n-series 200

Data are read from ../shared/data (or $TSFORECAST_DATA). sMAPE is the 0-200 form, averaged over series; MASE is scaled
by the seasonal naive error in training (M4 weekly: season 1, as in the competition); OWA is relative to Naive2.
AutoARIMA is ours, ETS that of statsforecast, in an environment of its own, built at the first run (see `peers`); both
take long on weekly and hourly series: ``--no-classical`` leaves them out. Published forecasts of the same series stand
beside them: B-J auto (ARIMA), ForecastPro and Theta in M3; Theta, Damped and the winner (118, Smyl) in M4.
"""

import argparse
import dataclasses
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from peers import ONE_CORE, python_of

from tsforecast import GRU, LSTM, RNN, AutoARIMA, SeasonalNaive
from tsforecast.models.neural.options import Training


@dataclasses.dataclass(frozen=True)
class Competition:
    freq: str
    season_length: int
    scale_season: int
    horizon: int
    naive2: tuple[float, float] | None  # published sMAPE and MASE


SETS = {
    "m3_monthly": Competition("MS", 12, 12, 18, None),
    "m3_quarterly": Competition("QS", 4, 4, 8, None),
    "m4_weekly": Competition("W", 52, 1, 13, (9.161, 2.777)),
    "m4_hourly": Competition("h", 24, 24, 48, (18.383, 2.395)),
}
MODELS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}


ETS = """
import sys
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS
path, out, season_length, horizon, freq = sys.argv[1:]
frame = pd.read_csv(path, parse_dates=["ds"])
model = AutoETS(season_length=int(season_length), alias="mean")
StatsForecast(models=[model], freq=freq, n_jobs=1).forecast(df=frame, h=int(horizon)).to_csv(out)
"""


def folder() -> Path:
    return Path(os.environ.get("TSFORECAST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def load(name: str, n_series: int | None) -> tuple[pd.DataFrame, dict[str, np.ndarray], dict[str, np.ndarray]]:
    table = pd.read_parquet(folder() / f"{name}.parquet")
    ids = table["unique_id"].unique()
    if n_series is not None:
        ids = np.random.default_rng(0).permutation(ids)[:n_series]
        table = table[table["unique_id"].isin(ids)]
    train = table[table["split"] == "train"].reset_index(drop=True)
    longest = int(train.groupby("unique_id").size().max())
    clock = pd.date_range("1980-01-01", periods=longest, freq=SETS[name].freq)
    train["ds"] = clock[train.groupby("unique_id").cumcount().to_numpy()]
    values = {i: g["y"].to_numpy() for i, g in train.groupby("unique_id")}
    truth = {i: g["y"].to_numpy() for i, g in table[table["split"] == "test"].groupby("unique_id")}
    return train[["unique_id", "ds", "y"]], values, truth


def published(name: str) -> dict[str, tuple[float, float]]:
    """sMAPE and MASE of methods of the competition, by name."""
    period = name.partition("_")[2]
    if name.startswith("m3"):
        table = pd.read_csv(folder() / "reference" / "m3_scores_computed_from_published_forecasts.csv")
        table = table[table["period"] == period].set_index("method")
        return {m: (table.loc[m, "smape"], table.loc[m, "mase"]) for m in ("B-J auto", "ForecastPro", "THETA")}
    table = pd.read_csv(folder() / "reference" / "m4_published_point_by_frequency.csv")
    table = table[table["frequency"] == period.capitalize()]
    wide = table.pivot_table(index="method_id", columns="metric", values="value")
    return {m: (wide.loc[m, "sMAPE"], wide.loc[m, "MASE"]) for m in ("Theta", "Damped", "118")}


def score(name: str, forecast: pd.DataFrame, values: dict, truth: dict) -> tuple[float, float]:
    smape, mase, season = [], [], SETS[name].scale_season
    for i, group in forecast.groupby("unique_id"):
        error = np.abs(group["mean"].to_numpy() - truth[i])
        smape.append(200 * np.mean(error / (np.abs(truth[i]) + np.abs(group["mean"].to_numpy()))))
        scale = np.abs(values[i][season:] - values[i][:-season]).mean()
        if scale > 0:
            mase.append(error.mean() / scale)
    return float(np.mean(smape)), float(np.mean(mase))


def by_auto_arima(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return AutoARIMA().fit(frame).predict(SETS[name].horizon)


def by_ets(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of statsforecast's AutoETS; its time holds the start of a process and the way there and back."""
    task = SETS[name]
    with tempfile.TemporaryDirectory() as room:
        given, told = Path(room, "given.csv"), Path(room, "told.csv")
        frame.to_csv(given, index=False)
        python = python_of("statsforecast", "statsforecast")
        command = [python, "-c", ETS, given, told, str(task.season_length), str(task.horizon), task.freq]
        subprocess.run(command, check=True, env=os.environ | ONE_CORE)
        return pd.read_csv(told)


CLASSICAL: dict[str, Callable[[str, pd.DataFrame], pd.DataFrame]] = {"AutoARIMA": by_auto_arima, "ETS": by_ets}


def report(name: str, label: str, scores: tuple[float, float], minutes: float | None) -> None:
    naive2 = SETS[name].naive2
    owa = "" if naive2 is None else f"{(scores[0] / naive2[0] + scores[1] / naive2[1]) / 2:6.3f}"
    spent = "" if minutes is None else f"{minutes:7.2f}"
    print(f"{name:13} {label:20} {scores[0]:7.2f} {scores[1]:7.3f} {owa:6} {spent}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), help=", ".join(SETS))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--ways", nargs="+", default=["bptt", "windows"], choices=["bptt", "windows"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--n-series", type=int, help="so many series drawn at random, for a quick look")
    parser.add_argument("--no-classical", action="store_true", help="neither AutoARIMA nor ETS")
    options = parser.parse_args()
    print(f"{'set':13} {'model':20} {'sMAPE':>7} {'MASE':>7} {'OWA':>6} minutes")
    for name in options.sets:
        frame, values, truth = load(name, options.n_series)
        horizon = SETS[name].horizon
        naive = SeasonalNaive(1 if name == "m4_weekly" else None).fit(frame).predict(horizon)
        report(name, "SeasonalNaive", score(name, naive, values, truth), None)
        for label, scores in published(name).items() if options.n_series is None else ():
            report(name, label, scores, None)
        for label, forecast_by in () if options.no_classical else CLASSICAL.items():
            begin = time.perf_counter()
            forecast = forecast_by(name, frame)
            minutes = (time.perf_counter() - begin) / 60
            report(name, label, score(name, forecast, values, truth), minutes)
        for model in options.models:
            for way in options.ways:
                for seed in options.seeds:
                    begin = time.perf_counter()
                    fitted = MODELS[model](training=Training(kind=way), random_state=seed).fit(frame)
                    forecast = fitted.predict(horizon)
                    minutes = (time.perf_counter() - begin) / 60
                    report(name, f"{model} {way} seed {seed}", score(name, forecast, values, truth), minutes)


if __name__ == "__main__":
    main()
