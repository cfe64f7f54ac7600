"""Every file that fuzzing starts from, and every one that once broke a target, ends in a result or a clear error."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from targets import TARGETS

sys.path.pop(0)

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for name in TARGETS for path in (CORPUS / name).iterdir())


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_of_the_corpus_breaks_nothing(path):
    TARGETS[path.parent.name](path.read_bytes())
