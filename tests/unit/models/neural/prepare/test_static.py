"""What does not change in a series, as an input of the network."""

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl

from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import CovariateError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.prepare.static import static_code_of
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.stock_module import recurrent_module
from tsforecast.panel import Panel

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 2}


def kinds(n_series=24, n=60):
    """Series whose next change is +1 or -1 with their kind: noise hides it from the values alone."""
    rng = np.random.default_rng(0)
    up = np.arange(n_series) % 2 == 0
    values = (
        100 + 3 * rng.standard_normal((n, n_series)).cumsum(axis=0) + np.where(up, 1.0, -1.0) * np.arange(n)[:, None]
    )
    y = pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])
    about = pd.DataFrame(
        {"unique_id": y.columns, "kind": np.where(up, "up", "down"), "area": np.arange(n_series) * 1.0}
    )
    return y, about


def test_a_category_that_tells_the_trend_is_used():
    y, about = kinds()
    model = LSTM(8, n_members=2, preparation={"transform": "none", "level": "last"}).fit(
        y, about[["unique_id", "kind"]]
    )
    other = about.assign(kind=about["kind"].map({"up": "down", "down": "up"}))
    swapped = model.predict(10, history=Panel.from_wide(y).with_static(other)).mean[:, -1]
    own = model.predict(10).iloc[-1].to_numpy()
    up = (about["kind"] == "up").to_numpy()
    assert (own - swapped)[up].mean() > 5
    assert (own - swapped)[~up].mean() < -5


def test_series_that_were_not_fitted_on_tell_theirs():
    y, about = kinds(8)
    model = GRU(**QUICK).fit(y, about)
    new = y.rename(columns={"s0": "new"})[["new"]]
    with pytest.raises(CovariateError, match="static columns"):
        model.predict(3, history=new)
    row = pd.DataFrame({"unique_id": ["new"], "kind": ["sideways"], "area": [np.nan]})  # unknown, and missing
    assert np.isfinite(model.predict(3, history=Panel.from_wide(new).with_static(row)).mean).all()
    np.testing.assert_array_equal(model.predict(3, history=y), model.predict(3))


def test_the_code_is_learnt_from_training_alone():
    y, about = kinds(4)
    panel = Panel.from_wide(y).with_static(about)
    code = static_code_of(panel.take([0, 2]))
    assert code.levels == (("up",), None)
    np.testing.assert_allclose(code.encode(panel), [[1, -1], [0, 0], [1, 1], [0, 2]])


def test_a_checkpoint_and_a_backtest_keep_what_is_static(tmp_path):
    y, about = kinds(4)
    panel = Panel.from_wide(y).with_static(about)
    data = StreamDataModule()
    data.use(panel)
    module = recurrent_module("lstm", data.input_size, data.horizon, hidden_size=4, n_members=2)
    options = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    with quiet_torch(0):
        trainer = pl.Trainer(max_epochs=1, enable_checkpointing=False, **options)
        trainer.fit(module, datamodule=data)
        trainer.save_checkpoint(tmp_path / "some.ckpt")
    loaded = LSTM.from_checkpoint(tmp_path / "some.ckpt")
    np.testing.assert_array_equal(loaded.predict(3).mean, loaded.predict(3, history=panel).mean)
    with pytest.raises(CovariateError, match="static columns"):
        loaded.predict(3, history=panel.with_static(None).take([0]).with_static(about[["unique_id", "area"]]))
    result = backtest({"lstm": LSTM(**QUICK)}, panel, cv=RollingOrigin(horizon=3, n_windows=2))
    assert result.failures.empty
    assert len(result.forecasts) == 4 * 2 * 3
