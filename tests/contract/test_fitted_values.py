"""Fitted values of every forecaster are its forecasts from the values before, and residuals what is left."""

import numpy as np
import pandas as pd
import pytest
from forecasters import MODELS, WRAPPERS, forecaster

ROUNDING = 1e-8
OF_FLOAT32 = 1e-6  # networks compute in float32, and add up in another order for other numbers of rows
NETWORKS = ("LinearAR", "RNN", "LSTM", "GRU", "NeuralForecaster")
COVARIATES_OF_ONE_STEP = ("ARMA", "ARIMA", "SARIMA", "AutoARIMA", "SklearnForecaster", "Ensemble")


def panel_frame(missing=True):
    """Three series of months of other lengths, starts and sizes, in a long frame."""
    rng = np.random.default_rng(5)
    parts = []
    for k, (name, n) in enumerate((("a", 60), ("b", 44), ("c", 52))):
        t = np.arange(n)
        y = 10.0 ** (k + 1) * (5 + 0.03 * t + np.sin(2 * np.pi * t / 12) + 0.3 * rng.normal(size=n))
        if missing and name == "c":
            y[[7, 25, 26]] = np.nan
        times = pd.date_range("2015-01-01", periods=n, freq="MS") + pd.DateOffset(months=5 * k)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": y}))
    return pd.concat(parts, ignore_index=True)


def check_law(model, y, steps, tolerance):
    """`fitted_values` of the long frame that was fitted against forecasts from beginnings, some of which end in gaps."""
    fitted, panel = model.fitted_values(), model.panel_
    assert fitted[["unique_id", "ds"]].equals(y[["unique_id", "ds"]])
    for t in steps:
        longer = panel.take(np.flatnonzero(panel.lengths > t))
        history = longer.slice(np.zeros_like(longer.lengths), np.full_like(longer.lengths, t))
        expected = model.predict(1, history=history).mean[:, 0]
        found = fitted["fitted_values"].to_numpy()[panel.indptr[:-1][panel.lengths > t] + t]
        np.testing.assert_allclose(found, expected, rtol=tolerance, err_msg=f"step {t}")
    np.testing.assert_array_equal(model.residuals()["residuals"], y["y"] - fitted["fitted_values"])
    return fitted


@pytest.mark.parametrize("bounds", [None, (0, 64.0)], ids=["free", "bounds"])
@pytest.mark.parametrize("name", [*MODELS, *WRAPPERS])
def test_a_fitted_value_is_the_forecast_from_the_values_before(name, bounds):
    model = forecaster(name, bounds=bounds)
    y = panel_frame(missing=model.handles_missing)
    if bounds is not None:
        y["y"] = np.clip(y["y"] / np.repeat([1.0, 10.0, 100.0], [60, 44, 52]), *bounds)  # which cut the mean
    fitted = check_law(model.fit(y), y, (20, 27, 43), OF_FLOAT32 if name in NETWORKS else ROUNDING)
    assert np.isfinite(fitted["fitted_values"][y.groupby("unique_id").cumcount() >= 20]).all()
