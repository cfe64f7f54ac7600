"""Runs a recurrent network of one library, in that library's environment: a JSON job a line in, an answer a line out.

A job holds ``cell``, ``data`` (a CSV file of unique_id, ds, y), ``freq``, ``horizon``, ``season_length``, ``length``
(steps of a window, or between two cuts of the gradient), ``hidden_size``, ``batch_size``, ``steps``, ``lr`` (0 for the
library's own) and ``seed``. The answer holds processor seconds of an optimiser step, of the fit and of the forecast of
every series, and the forecasts in the order of the ids. Everything runs on one thread; scaling is the library's own
where it has any, else series are standardised. No library validates.
"""

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from unittest import mock

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

QUIET = {"enable_progress_bar": False, "logger": False, "enable_model_summary": False, "enable_checkpointing": False}
ENDLESS = 100_000  # epochs: the number of steps ends the training


class Ticks:
    """Processor time at the end of every optimiser step."""

    def __init__(self):
        self.times = []

    def __call__(self, *_):
        self.times.append(time.process_time())

    @property
    def step(self):
        """Seconds a step, the first of which is not counted."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)


def callback(base, ticks):
    return type("Clock", (base,), {"on_train_batch_end": lambda self, *_: ticks()})()


def ours(job, frame, ticks):
    from tsforecast import GRU, LSTM
    from tsforecast.models.neural.options import Training
    from tsforecast.models.neural.training.engines import CompiledEngine

    move = CompiledEngine.move
    training = Training(
        validation_size=0, max_steps=job["steps"], batch_size=job["batch_size"], kind=job.get("kind", "bptt")
    )
    lr = {"lr": job["lr"]} if job["lr"] else {}
    model = {"lstm": LSTM, "gru": GRU}[job["cell"]](
        job["hidden_size"], n_members=job.get("n_members", 1), season_length=job["season_length"],
        bptt_length=job["length"], training=training, random_state=job["seed"], **lr,
    )  # fmt: skip
    with mock.patch.object(CompiledEngine, "move", lambda self, lr: (move(self, lr), ticks())):  # the end of a step
        fitted = model.fit(frame)
    yield fitted
    yield fitted.predict(job["horizon"])["mean"].to_numpy()


def neuralforecast(job, frame, ticks):
    from neuralforecast import NeuralForecast
    from neuralforecast.models import GRU, LSTM
    from pytorch_lightning import Callback

    lr = {"learning_rate": job["lr"]} if job["lr"] else {}
    model = {"lstm": LSTM, "gru": GRU}[job["cell"]](
        h=job["horizon"], input_size=job["length"], encoder_n_layers=1, encoder_hidden_size=job["hidden_size"],
        decoder_hidden_size=job["hidden_size"], decoder_layers=1, max_steps=job["steps"], val_check_steps=ENDLESS,
        batch_size=job["batch_size"], windows_batch_size=job["batch_size"], start_padding_enabled=True,
        random_seed=job["seed"] + 1, callbacks=[callback(Callback, ticks)], accelerator="cpu", **lr, **QUIET,
    )  # fmt: skip
    library = NeuralForecast([model], freq=job["freq"])
    yield library.fit(frame)
    yield library.predict()[type(model).__name__].to_numpy()


def darts_series(job, frame):
    import numpy as np
    import pandas as pd
    from darts import TimeSeries

    groups = [part for _, part in frame.groupby("unique_id", sort=True)]
    centre = [part["y"].mean() for part in groups]
    spread = [part["y"].std() for part in groups]
    clock = [part["ds"].to_numpy() for part in groups]
    values = [(part["y"].to_numpy() - c) / s for part, c, s in zip(groups, centre, spread, strict=True)]
    series = [
        TimeSeries(pd.DatetimeIndex(t, freq=job["freq"]), v.astype(np.float32)[:, None, None], components=["y"])
        for t, v in zip(clock, values, strict=True)
    ]
    return series, np.array(centre), np.array(spread)


def darts(job, frame, ticks, *, block):
    import numpy as np
    from darts.models import BlockRNNModel, RNNModel
    from pytorch_lightning import Callback

    series, centre, spread = darts_series(job, frame)
    trainer = {"accelerator": "cpu", "max_steps": job["steps"], "callbacks": [callback(Callback, ticks)], **QUIET}
    common = {
        "model": job["cell"].upper(), "hidden_dim": job["hidden_size"], "n_rnn_layers": 1, "n_epochs": ENDLESS,
        "batch_size": job["batch_size"], "random_state": job["seed"], "pl_trainer_kwargs": trainer,
    }  # fmt: skip
    if job["lr"]:
        common["optimizer_kwargs"] = {"lr": job["lr"]}
    if block:
        model = BlockRNNModel(job["length"], job["horizon"], **common)
    else:
        inputs = job["length"] - job["horizon"]
        model = RNNModel(inputs, training_length=job["length"], **common)
    yield model.fit(series)
    forecasts = model.predict(job["horizon"], series=series)
    yield np.concatenate([f.values()[:, 0] * s + c for f, c, s in zip(forecasts, centre, spread, strict=True)])


def gluonts(job, frame, ticks):
    if job["cell"] != "lstm":
        raise ValueError("its network is an LSTM.")
    import numpy as np
    from gluonts.dataset.pandas import PandasDataset
    from gluonts.torch.model.deepar import DeepAREstimator
    from lightning.pytorch import Callback

    dataset = PandasDataset.from_long_dataframe(
        frame, item_id="unique_id", timestamp="ds", target="y", freq={"MS": "M"}.get(job["freq"], job["freq"])
    )
    lr = {"lr": job["lr"]} if job["lr"] else {}
    trainer = {"max_epochs": 1, "accelerator": "cpu", "callbacks": [callback(Callback, ticks)], **QUIET}
    del trainer["enable_checkpointing"]  # it loads its own checkpoint back
    estimator = DeepAREstimator(
        freq={"MS": "M"}.get(job["freq"], job["freq"]), prediction_length=job["horizon"],
        context_length=job["length"] - job["horizon"], num_layers=1, hidden_size=job["hidden_size"],
        batch_size=job["batch_size"], num_batches_per_epoch=job["steps"],
        trainer_kwargs={**trainer, "default_root_dir": tempfile.mkdtemp()}, **lr,
    )  # fmt: skip
    predictor = estimator.train(dataset)
    yield predictor
    forecasts = {f.item_id: f.quantile(0.5) for f in predictor.predict(dataset)}
    yield np.concatenate([forecasts[i] for i in sorted(forecasts)])


def pytorch_forecasting(job, frame, ticks):
    import lightning.pytorch as pl
    import numpy as np
    import pandas as pd
    from pytorch_forecasting import RecurrentNetwork, TimeSeriesDataSet
    from pytorch_forecasting.metrics import MAE

    frame = frame.assign(t=frame.groupby("unique_id").cumcount())
    data = TimeSeriesDataSet(
        frame, time_idx="t", target="y", group_ids=["unique_id"], max_encoder_length=job["length"],
        max_prediction_length=job["horizon"], time_varying_unknown_reals=["y"], static_categoricals=[],
    )  # fmt: skip
    lr = {"learning_rate": job["lr"]} if job["lr"] else {}
    network = RecurrentNetwork.from_dataset(
        data, cell_type=job["cell"].upper(), hidden_size=job["hidden_size"], rnn_layers=1, dropout=0, loss=MAE(),
        log_interval=-1, **lr,
    )  # fmt: skip
    trainer = pl.Trainer(max_steps=job["steps"], accelerator="cpu", callbacks=[callback(pl.Callback, ticks)], **QUIET)
    yield trainer.fit(network, data.to_dataloader(train=True, batch_size=job["batch_size"], num_workers=0))
    parts = []
    for which, part in frame.groupby("unique_id", sort=True):
        after = pd.DataFrame({"unique_id": which, "t": len(part) + np.arange(job["horizon"]), "y": 0.0})
        parts.append(pd.concat([part, after]))
    ahead = TimeSeriesDataSet.from_dataset(data, pd.concat(parts, ignore_index=True), predict=True)
    loader = ahead.to_dataloader(train=False, batch_size=1024, num_workers=0)
    yield network.predict(loader, trainer_kwargs={"accelerator": "cpu", **QUIET}).numpy().reshape(-1)


LIBRARIES = {
    "tsforecast": ours,
    "neuralforecast": neuralforecast,
    "darts BlockRNN": lambda *a: darts(*a, block=True),
    "darts RNN": lambda *a: darts(*a, block=False),
    "GluonTS DeepAR": gluonts,
    "pytorch-forecasting": pytorch_forecasting,
}


def clocked(iterator):
    """Processor seconds of the next stage, and what it gave."""
    began = time.process_time()
    result = next(iterator)
    return time.process_time() - began, result


def answer(job, library):
    import pandas as pd

    frame = pd.read_csv(job["data"], parse_dates=["ds"])
    ticks = Ticks()
    stages = LIBRARIES[library](job, frame, ticks)
    fit, _ = clocked(stages)
    predict, forecast = clocked(stages)
    return {
        "step": ticks.step,
        "fit": fit,
        "predict": predict,
        "n_steps": len(ticks.times),
        "forecast": forecast.tolist(),
    }


def main():
    warnings.simplefilter("ignore")
    import logging

    import torch

    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = answer(job, job["library"])
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB
        print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
