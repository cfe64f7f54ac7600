"""Checkpoints to begin with, and changed ones that are still whole enough for what comes after the first checks."""

import io
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_ODD = (None, True, 0, -1, 1, 10**12, 2**63, 0.5, float("nan"), float("inf"), "", "text", [], [1], {}, {"a": 1}, ())
Change = Callable[[bytes], bytes]


def trained_checkpoint() -> bytes:
    """The checkpoint of a small LSTM after one epoch on thirty-six numbers."""
    import pytorch_lightning as pl

    from tsforecast.models.neural.batches.datamodule import StreamDataModule
    from tsforecast.models.neural.training.quiet import quiet_torch
    from tsforecast.models.neural.training.stock_module import recurrent_module

    with tempfile.TemporaryDirectory() as name, quiet_torch(0):
        source, path = Path(name) / "series.csv", Path(name) / "trained.ckpt"
        rows = [f"{2000 + k // 12}-{k % 12 + 1:02d}-01,{k * k % 17}" for k in range(36)]
        source.write_text("\n".join(["ds,y", *rows]))
        data = StreamDataModule(str(source), bptt_length=8)
        module = recurrent_module("lstm", data.input_size, data.horizon, hidden_size=2, n_members=1)
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=name, **quiet)
        trainer.fit(module, datamodule=data)
        trainer.save_checkpoint(path)
        return path.read_bytes()


def changed(content: bytes, rng: random.Random, change: Change) -> bytes:
    """A checkpoint with one value, or the bytes of one member of its archive, changed; of no archive, all bytes."""
    try:
        return with_odd_value(content, rng) if rng.random() < 0.5 else with_changed_member(content, rng, change)
    except Exception:  # it is no checkpoint any more, in any of many ways
        return change(content)


def with_changed_member(content: bytes, rng: random.Random, change: Change) -> bytes:
    """The archive with other bytes in one member, or without it, and with checksums that are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    victim = rng.choice(sorted(members))
    if rng.random() < 0.1:
        del members[victim]
    else:
        members[victim] = change(members[victim])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member)
    return buffer.getvalue()


def with_odd_value(content: bytes, rng: random.Random) -> bytes:
    """The checkpoint with one of its values left out, or another in its place."""
    import torch

    checkpoint = torch.load(io.BytesIO(content), weights_only=True)
    at, key = rng.choice([place for place in _places(checkpoint) if place[1] != "version"])
    value = at[key]
    if rng.random() < 0.1:
        del at[key]
    elif isinstance(value, torch.Tensor) and rng.random() < 0.7:
        at[key] = rng.choice([_other_number, lambda x, _: x[:1], lambda x, _: x[..., None], lambda x, _: x.int()])(
            value, rng
        )
    elif isinstance(value, (int, float)) and rng.random() < 0.5:
        at[key] = value + rng.choice([-1, 1, 2, 7])
    else:
        at[key] = rng.choice(_ODD)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    return buffer.getvalue()


def _places(held: dict[Any, Any]) -> Iterator[tuple[dict[Any, Any], Any]]:
    """Where values stand in nested mappings, but for what only Lightning looks at."""
    for key, value in held.items():
        if key in ("tsforecast", "state_dict") or not isinstance(held.get("tsforecast"), dict):
            yield held, key
            if isinstance(value, dict):
                yield from _places(value)


def _other_number(tensor: Any, rng: random.Random) -> Any:
    flat = tensor.reshape(-1).clone()
    flat[rng.randrange(flat.numel())] = rng.choice([0, 1, -1, 255, 1e30, float("nan"), float("inf")])
    return flat.reshape(tensor.shape)
