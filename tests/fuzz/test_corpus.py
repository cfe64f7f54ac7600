"""Every file that fuzzing starts from, and every one that once broke a target, ends in a result or a clear error."""

import random
import sys
from pathlib import Path

import pytest

from tsforecast import LSTM

sys.path.insert(0, str(Path(__file__).parent))
from checkpoints import changed, trained_checkpoint
from targets import TARGETS, load_checkpoint

sys.path.pop(0)

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for name in TARGETS for path in (CORPUS / name).iterdir())


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_of_the_corpus_breaks_nothing(path):
    TARGETS[path.parent.name](path.read_bytes())


def one_bit(rng):
    def change(part):
        at = rng.randrange(8 * max(len(part), 1))
        return bytes(byte ^ (1 << at % 8 if k == at // 8 else 0) for k, byte in enumerate(part))

    return change


@pytest.mark.slow
def test_a_trained_checkpoint_of_which_one_thing_was_changed_breaks_nothing(tmp_path):
    trained = trained_checkpoint()
    (tmp_path / "trained.ckpt").write_bytes(trained)
    assert LSTM.from_checkpoint(tmp_path / "trained.ckpt").hidden_size == 2
    for seed in range(80):
        rng = random.Random(seed)
        load_checkpoint(changed(trained, rng, one_bit(rng)))
