"""Audits the models of other libraries, as they are by default, and prints what was found in each.

Run it in each environment that has one of the libraries; the rows are added to one file, from which a table is printed:

    python benchmarks/audit_peers.py --csv audit.csv
    python benchmarks/audit_peers.py --csv audit.csv --library darts
    python benchmarks/audit_peers.py --csv audit.csv --table     # the table alone, in Markdown

Networks are trained for a few steps only: what moves a forecast does so after any number of them. Beside the models
stand ways to use them that are known to leak, so that the table shows findings too.
"""

import argparse
import csv
import importlib.metadata
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from tsforecast import FunctionForecaster, RollingOrigin, Sktime, audit
from tsforecast.cli.models import parse_models

CV = RollingOrigin(horizon=6, n_windows=2)
COLUMNS = ("library", "version", "model", "found", "how", "not possible")
STEPS = "max_steps=5, input_size=24"
CHUNKS = "input_chunk_length=24, output_chunk_length=6, n_epochs=1"
SHORT = {
    "tsforecast": "{}",
    "scikit-learn": "SklearnForecaster(regressor={})",
    "statsforecast": "StatsForecast(model={})",
    "neuralforecast": "NeuralForecast(model={})",
    "sktime": "Sktime(forecaster={})",
    "darts": "Darts(model={})",
}
NETWORKS = ("MLP", "NHITS", "NBEATS", "DLinear", "NLinear", "LSTM", "GRU", "TCN", "DeepAR", "TFT", "PatchTST", "TiDE")
FILLED = "[('i', Imputer(method='bfill')), ('d', Detrender()), ('n', NaiveForecaster())]"
MODELS = {
    "tsforecast": ["SeasonalNaive", "SARIMA", "AutoARIMA", "LSTM(max_epochs=5)", "GRU(max_epochs=5)"],
    "scikit-learn": [
        "LinearRegression()", "Ridge()", "ElasticNet()", "QuantileRegressor()", "KNeighborsRegressor()", "SVR()",
        "RandomForestRegressor()", "ExtraTreesRegressor()", "GradientBoostingRegressor()",
        "HistGradientBoostingRegressor()", "MLPRegressor()", "GaussianProcessRegressor()",
        "GradientBoostingRegressor(loss='quantile')", "MLPRegressor(warm_start=True)",
    ],
    "statsforecast": [
        "AutoARIMA(season_length=12)", "AutoETS(season_length=12)", "AutoTheta(season_length=12)",
        "AutoCES(season_length=12)", "MFLES(season_length=12)", "MSTL(season_length=12)", "Holt(season_length=12)",
        "SeasonalNaive(season_length=12)", "SimpleExponentialSmoothingOptimized()", "CrostonOptimized()",
        "DynamicOptimizedTheta(season_length=12)", "HistoricAverage()",
    ],
    "neuralforecast": [
        *(f"{name}({STEPS})" for name in NETWORKS),
    ],
    "sktime": [
        "NaiveForecaster()", "NaiveForecaster(strategy='drift')", "ThetaForecaster(sp=12)", "ExponentialSmoothing()",
        "AutoETS()", "TrendForecaster()", "PolynomialTrendForecaster(degree=2)", "STLForecaster(sp=12)", "Croston()",
        "RecursiveTabularRegressionForecaster(estimator=Ridge())", "SARIMAX()",
        f"TransformedTargetForecaster(steps={FILLED})",
    ],
    "darts": [
        "NaiveSeasonal(K=12)", "NaiveDrift()", "ExponentialSmoothing()", "Theta()", "FourTheta()", "FFT()", "ARIMA()",
        "KalmanForecaster()", "LinearRegressionModel(lags=12)", "RandomForestModel(lags=12)",
        *(f"{name}({CHUNKS})" for name in ("NLinearModel", "DLinearModel", "NBEATSModel", "TCNModel", "TiDEModel")),
        "RNNModel(input_chunk_length=24, n_epochs=1)",
    ],
}  # fmt: skip


def series():
    """A series of 72 months with a trend and a season."""
    t = np.arange(72)
    noise = np.random.default_rng(0).normal(scale=2, size=72)
    times = pd.date_range("2016-01-01", periods=72, freq="MS")
    return pd.Series(100 + 0.5 * t + 8 * np.sin(2 * np.pi * t / 12) + noise, index=times, name="a")


def scaled_by_all_values(panel):
    """Centres and scales by all values, those after the cutoff included, before the series is cut."""
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(panel.values[:, None])

    def forecast(y, horizon):
        small = scaler.transform(y[:, None])[:, 0]
        slope = LinearRegression(fit_intercept=False).fit(small[:-1, None], small[1:]).coef_[0]  # 0 is the mean
        ahead = small[-1] * slope ** np.arange(1, horizon + 1)
        return scaler.inverse_transform(ahead[:, None])[:, 0]

    return FunctionForecaster(forecast)


_NETWORKS = []


def one_network_for_all_fits(y, horizon):
    """One network goes on from its last fit at each cutoff."""
    from sklearn.neural_network import MLPRegressor

    if not _NETWORKS:
        _NETWORKS.append(MLPRegressor(max_iter=20, warm_start=True, random_state=0))
    model = _NETWORKS[0].fit(y[:-12, None], y[12:])
    return model.predict(np.resize(y[-12:], horizon)[:, None])


def season_from_all_values(panel):
    """Takes a season off that was estimated from all values, those after the cutoff included."""
    from sktime.transformations.series.detrend import Deseasonalizer

    times = pd.period_range("2016-01", periods=panel.n_obs, freq="M")
    season = Deseasonalizer(sp=12).fit(pd.Series(panel.values, index=times)).seasonal_

    def forecast(y, horizon):
        n = len(y)
        return (y - np.resize(season, n)).mean() + np.resize(season, n + horizon)[n:]

    return FunctionForecaster(forecast)


def known_values():
    """A forecaster that was given the whole series to forecast."""
    from sktime.forecasting.dummy import ForecastKnownValues

    known = series()
    return Sktime(
        forecaster=ForecastKnownValues(pd.Series(known.to_numpy(), index=known.index.to_period("M"), name="y"))
    )


USES = {
    "scikit-learn": {
        "StandardScaler fitted to all values": scaled_by_all_values,
        "MLPRegressor(warm_start=True), one object for all fits": FunctionForecaster(one_network_for_all_fits),
    },
    "sktime": {
        "Deseasonalizer fitted to all values": season_from_all_values,
        "ForecastKnownValues of the whole series": known_values,
    },
}


def version_of(library):
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def model_of(library, text):
    """The forecaster, or a function of the panel that makes it."""
    if text not in USES.get(library, {}):
        (model,) = parse_models([SHORT[library].format(text)], horizon=CV.horizon).values()
        return model
    use = USES[library][text]
    return use() if use is known_values else use


def row_of(library, text, data, fresh_process):
    """What was found in one model."""
    row = dict.fromkeys(COLUMNS, "") | {"library": library, "version": version_of(library), "model": text}
    try:
        model = model_of(library, text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = audit({text: model}, data, cv=CV, fresh_process=fresh_process)
    except Exception as error:  # another library may raise anything
        return row | {"found": "not audited", "how": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    untried = report.frame["message"].str.startswith("Not possible") & (report.frame["found"] == "")
    found = report.models["found"].item()
    how = report.sentence.splitlines()[0].removeprefix(f"{text} ")[:400] if found else ""
    return row | {"found": found, "how": how, "not possible": ", ".join(report.frame.loc[untried, "changed"])}


def kept(path):
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["library"], row["model"]): row for row in csv.DictReader(file)}


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(sorted(rows.values(), key=lambda row: list(MODELS).index(row["library"])))


def print_table(rows):
    print("| library | version | model | what was found |\n|---|---|---|---|")
    for row in rows.values():
        print(f"| {row['library']} | {row['version']} | `{row['model']}` | {row['found'] or 'nothing'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, help="file that the rows are added to, and a table is printed from")
    parser.add_argument("--library", choices=MODELS, help="audit this one only")
    parser.add_argument("--fresh_process", action="store_true", help="forecast in new processes too")
    parser.add_argument("--table", action="store_true", help="print the table of the file and audit nothing")
    given = parser.parse_args()
    rows = kept(given.csv) if given.csv else {}
    for library, models in {} if given.table else MODELS.items():
        if given.library not in (None, library):
            continue
        if version_of(library) is None:
            print(f"{library}: not installed", flush=True)
            continue
        for text in [*models, *USES.get(library, {})]:
            begin = time.perf_counter()
            row = row_of(library, text, series(), given.fresh_process)
            rows[library, text] = row
            seconds = f"{time.perf_counter() - begin:.0f} s"
            print(
                f"{library} {row['version']}, {text}: {row['found'] or 'nothing found'} {row['how']} ({seconds})",
                flush=True,
            )
            if given.csv:
                write(given.csv, rows)
    if given.csv:
        print_table(kept(given.csv))


if __name__ == "__main__":
    main()
