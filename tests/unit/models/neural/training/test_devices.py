"""Two processes train one network: each has streams of its own, and both end with the same weights."""

import json
import subprocess
import sys

import numpy as np
import pytest

RUN = """
import json, sys, warnings
from pathlib import Path
import numpy as np, pandas as pd, pytorch_lightning as pl, torch
from tsforecast import Panel
from tsforecast.models.neural.training.best_weights import BestWeights
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.stock_module import recurrent_module
warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
torch.set_num_threads(1)
rng = np.random.default_rng(0)
lengths = [30, 17, 24, 12, 40]
steps = np.concatenate([np.arange(n) for n in lengths])
frame = pd.DataFrame({"unique_id": np.repeat(list("abcde"), lengths), "ds": steps,
                      "y": np.cumsum(rng.standard_normal(sum(lengths)))})
data = StreamDataModule(bptt_length=6, validation_size=0.2, batch_size=1)
data.use(Panel.from_frame(frame))
module = recurrent_module("lstm", data.input_size, data.horizon, hidden_size=4, n_members=2,
                          training=Training(refit=sys.argv[2] == "refit"))

class Watch(pl.Callback):
    rows, losses = [], []
    def on_train_epoch_start(self, trainer, pl_module):
        self.rows.append([])
    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.rows[-1].append(batch.rows.flatten().tolist())
    def on_validation_epoch_end(self, trainer, pl_module):
        self.losses.append(pl_module.validation_loss.tolist())

watch = Watch()
trainer = pl.Trainer(strategy="ddp", accelerator="cpu", devices=2, max_epochs=2, gradient_clip_val=1.0,
                     num_sanity_val_steps=-1, callbacks=[watch, BestWeights(10)], use_distributed_sampler=False,
                     logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
trainer.fit(module, datamodule=data)
weights = {name: value.flatten().tolist() for name, value in module.network.named_parameters()}
seen = {"rows": watch.rows, "losses": watch.losses, "weights": weights, "n_obs": data.panel.n_obs,
        "train": (np.asarray(data.panel.lengths) - data.n_kept).tolist(), "indptr": data.panel.indptr.tolist(),
        "holdout": module.holdout}
(folder / f"{trainer.global_rank}.json").write_text(json.dumps(seen))
"""


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["validate", "refit"])
def test_streams_are_split_between_two_processes_that_end_with_the_same_weights(tmp_path, recipe):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    done = subprocess.run(
        [sys.executable, script, tmp_path, recipe],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    wanted = [row for first, n in zip(one["indptr"], one["train"], strict=False) for row in range(first, first + n)]
    for mine, theirs in zip(one["rows"], other["rows"], strict=True):
        assert len(mine) == len(theirs)  # as many batches each: none waits for the other
        rows = np.array([row for chunk in mine + theirs for row in chunk])
        assert sorted(rows[rows < one["n_obs"]].tolist()) == wanted  # every series before its tail, once
    assert one["losses"] == other["losses"]
    assert one["weights"] == other["weights"]
    assert any(abs(value) > 0 for value in one["weights"]["members.readout"])
    assert one["holdout"] == other["holdout"]
    assert (one["holdout"][1] is not None) == (recipe == "refit")
    assert bool(one["losses"]) == (recipe == "validate")
