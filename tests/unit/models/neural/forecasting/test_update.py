"""Networks whose origin moves on: forecasts are those from the whole history, in any setting and by any way there."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import GRU, LSTM, RNN, LinearAR, NeuralForecaster, load, load_forecaster
from tsforecast.exceptions import DataError
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.panel import Panel

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 1}
N_OLD, N_NEW, HORIZON = 110, 12, 20
RECURSIVE = {"kind": "recursive", "n_samples": 20}
STATIC = pd.DataFrame({"unique_id": list("abc"), "area": [1.0, 2.0, np.nan], "kind": ["x", "y", "x"]})


def ragged(*, counts=False):
    """Months of a walk with gaps, of a season with outliers, and of a quantity that ends, with two covariates."""
    rng = np.random.default_rng(5)
    n = N_OLD + N_NEW
    t = np.arange(n)
    walk = 20 + np.cumsum(rng.normal(size=n))
    season = 50 + 8 * np.sin(t * np.pi / 6) + rng.normal(size=n)
    season[[40, N_OLD - 1, N_OLD + 2, N_OLD + 6]] += [900, 700, -2000, 1500]
    quantity = np.where(t < N_OLD - 9, rng.poisson(2.0, size=n), 0.0)
    table = np.column_stack([walk, season, quantity])
    if counts:
        table = rng.poisson(3.0, size=(n, 3)).astype(float)
    table[rng.uniform(size=table.shape) < 0.05] = np.nan
    table[N_OLD - 3 : N_OLD + 4, 0] = np.nan  # so long that its tail is longer than that of others
    table[[0, N_OLD - 1, n - 3, n - 2, n - 1], :] = np.nan_to_num(
        table[[0, N_OLD - 1, n - 3, n - 2, n - 1], :], nan=7.0
    )
    table[:60, 2] = np.nan
    table[60, 2] = 3.0
    return Panel.from_wide(pd.DataFrame(table, pd.date_range("2000", periods=n, freq="MS"), list("abc")))


def with_covariates(panel):
    table = np.random.default_rng(6).normal(size=(panel.n_obs, 2))
    return panel.with_covariates(table, ["price", "event"])


def part(panel, begin, end, series=(0, 1, 2)):
    """The steps of the calendar from ``begin`` to ``end`` of some series."""
    chosen = panel.take(list(series))
    late = N_OLD + N_NEW - chosen.lengths
    return chosen.slice(np.maximum(begin - late, 0), end - late)


def future(panel):
    """Covariates after the end, as a long frame; None where there are none."""
    if panel.covariates is None:
        return None
    times = pd.date_range(panel.last_times[0], periods=HORIZON + 1, freq="MS")[1:]
    frame = pd.DataFrame({"unique_id": panel.ids.repeat(HORIZON), "ds": np.tile(times, panel.n_series)})
    rng = np.random.default_rng(7)
    return frame.assign(price=rng.normal(size=len(frame)), event=rng.normal(size=len(frame)))


def assert_same(moved, fitted, panel, rtol=0.0):
    """Forecasts and sample paths of ``moved`` are those of ``fitted`` from the whole of ``panel``."""
    X = future(panel)
    ours, theirs = (
        moved.forecast(HORIZON, X, level=[50, 95]),
        fitted.forecast(HORIZON, X, history=panel, level=[50, 95]),
    )
    assert ours.times.equals(theirs.times)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=rtol)
    np.testing.assert_allclose(ours.quantiles, theirs.quantiles, rtol=rtol, atol=rtol)
    drawn = [
        one.sample_paths(2, HORIZON, X, random_state=0, **kept)
        for one, kept in ((moved, {}), (fitted, {"history": panel}))
    ]
    np.testing.assert_allclose(*drawn, rtol=rtol, atol=rtol)


CASES = {
    "lstm": (LSTM(**QUICK), ragged()),
    "recursive, covariates": (GRU(decoding=RECURSIVE | {"loss": "gaussian"}, **QUICK), with_covariates(ragged())),
    "seasonal differences": (RNN(preparation={"difference": "season"}, **QUICK), ragged()),
    "each series, differences": (
        RNN(training={"scope": "per_series"}, preparation={"difference": "first"}, decoding=RECURSIVE, **QUICK),
        ragged(),
    ),
    "windows": (GRU(training={"kind": "windows"}, **QUICK), ragged()),
    "counts": (LSTM(decoding={"loss": "negative_binomial"}, **QUICK), ragged(counts=True)),
    "covariates": (LSTM(**QUICK), with_covariates(ragged())),
    "two layers, static": (LSTM(num_layers=2, start="zero", **QUICK), ragged().with_static(STATIC)),
    "linear": (LinearAR(decoding={"loss": "quantile"}, preparation={"level": "mean"}), ragged()),
    "own network": (NeuralForecaster(CellStack, {"hidden_size": 3}, n_members=2, max_epochs=1), ragged()),
}


@pytest.mark.parametrize("name", CASES)
def test_one_by_one_in_a_block_and_after_loading_is_the_whole_history(name, tmp_path):
    model, panel = CASES[name]
    rtol = 1e-5 if name == "own network" else 0.0  # its float32 products depend on how many are computed together
    fitted = model.fit(part(panel, 0, N_OLD))
    fitted.save(tmp_path / "model")
    block = load_forecaster(tmp_path / "model").update(part(panel, N_OLD, N_OLD + N_NEW))
    assert_same(block, fitted, panel, rtol)
    step = load_forecaster(tmp_path / "model")
    for t in range(N_OLD, N_OLD + N_NEW):
        step.update(part(panel, t, t + 1, (0, 1)))  # the third series is late
        if t == N_OLD + 4:
            step.update(part(panel, N_OLD, t + 1, (2,))).save(tmp_path / "model")
            assert_same(step, fitted, part(panel, 0, t + 1), rtol)
            step = load_forecaster(tmp_path / "model")
    assert_same(step.update(part(panel, t - 8, t + 1, (2,))), fitted, panel, rtol)
    assert step.moved_.left_out is not None
    assert all(own.past.tail.n_obs < panel.n_obs for own in step.trained_)


def test_the_default_lstm_goes_on_to_the_bit_and_stays_small(tmp_path):
    y = load("airline").series
    model = LSTM(max_epochs=2).fit(y[:120])
    model.save(tmp_path / "model")
    model = load_forecaster(tmp_path / "model")
    for t in range(120, 130):
        model.update(y[t : t + 1])
    model.save(tmp_path / "model")
    model = load_forecaster(tmp_path / "model").update(y[130:])
    expected = LSTM(max_epochs=2).fit(y[:120]).predict(30, history=y, level=90)
    pd.testing.assert_frame_equal(model.predict(30, level=90), expected, check_exact=True)
    assert (tmp_path / "model").stat().st_size < 1_000_000


def test_with_covariates_what_is_held_does_not_grow_with_the_series(tmp_path):
    sizes = []
    for n in (300, 3000):
        y = pd.Series(np.sin(np.arange(n) / 3.0), pd.date_range("2000", periods=n, freq="D"))
        model = LinearAR().fit(y, pd.DataFrame({"x": np.cos(np.arange(n))}, y.index))
        model.save(tmp_path / "model", overwrite=True)
        sizes.append((tmp_path / "model").stat().st_size)
        held = load_forecaster(tmp_path / "model").trained_[0]
        assert held.past.tail.n_obs == held.layout.horizon
    assert sizes[1] < 1.1 * sizes[0]


def growing():
    t = np.arange(120)
    return pd.Series(np.exp(3 + 0.02 * t + 0.3 * np.sin(t * np.pi / 6)), pd.date_range("2000", periods=120, freq="MS"))


def test_a_value_that_has_no_logarithm_needs_the_history(tmp_path):
    y = growing()
    model = LinearAR().fit(y)
    assert (model.trained_[0].prepared.transform.lambdas == 0).all()
    model.save(tmp_path / "model")
    news = pd.Series([0.0], pd.date_range("2010", periods=1, freq="MS"))
    loaded = load_forecaster(tmp_path / "model")
    expected = loaded.predict(3)
    with pytest.raises(DataError, match=r"has the value 0; the logarithm was chosen"):
        loaded.update(news)
    pd.testing.assert_series_equal(loaded.predict(3), expected, check_exact=True)
    theirs = model.predict(3, history=pd.concat([y, news]))
    pd.testing.assert_series_equal(model.update(news).predict(3), theirs, check_exact=True)
    assert model.moved_.left_out is None


def test_news_that_are_no_counts_are_an_error_and_change_nothing():
    y = ragged(counts=True).take([2])
    model = LinearAR(decoding={"loss": "negative_binomial"}).fit(part(y, 0, N_OLD, (0,)))
    news = part(y, N_OLD, N_OLD + 1, (0,))
    with pytest.raises(DataError, match=r"value 1\.5"):
        model.update(news.with_values(np.array([1.5])))
    model.update(news)


def test_parts_add_up_after_an_update():
    panel = ragged()
    model = LSTM(**QUICK).fit(part(panel, 0, N_OLD)).update(part(panel, N_OLD, N_OLD + N_NEW))
    table = model.decompose(5)
    total = table["season"] + table["linear"] + table["recurrent"]
    np.testing.assert_allclose(total, model.forecast(5).mean.reshape(-1), rtol=1e-12)
