"""The library that tests find classes in, and a forecaster around its models."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tsforecast.foreign import find
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source

_HERE = Path(__file__).parent / "fake_library.py"
_SPEC = importlib.util.spec_from_file_location("fake_library", _HERE)
fake_library = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fake_library)

LIBRARY = Library(
    main=Source("fakelib", ("fakelib.models",), ("fakelib.base:Model",)),
    extra="fake",
    arguments=kept_arguments,
    inside=(
        Source(
            "fakelib", ("fakelib.models", "fakelib.losses"), ("fakelib.base:Loss", "fakelib.base:Model", "enum:Enum")
        ),
    ),
    horizon="steps",
)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """The library, freshly installed."""
    fake_library.install(tmp_path, monkeypatch)
    find._classes.cache_clear()
    yield LIBRARY
    find._classes.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] in ("fakelib", "elsewhere")]:
        del sys.modules[name]


@pytest.fixture
def mark(tmp_path):
    """The file that code leaves behind that must not run."""
    return tmp_path / "mark"
