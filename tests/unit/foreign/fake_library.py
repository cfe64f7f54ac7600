"""A small library in a folder, in place of one that may not be installed."""

import importlib
import sys

MODELS = """
import enum
from fakelib.base import Model, Loss

class Mode(enum.Enum):
    ADD = "additive"
    MULTIPLY = "multiplicative"

class Mean(Model):
    def __init__(self, window=3, mode=Mode.ADD, loss=None, orders=(1, 2), seed=None, parts=()):
        made.append(type(self).__name__)
        self.window, self.mode, self.loss, self.orders, self.seed, self.parts = window, mode, loss, orders, seed, parts
        self.state = []

class Network(Model):
    def __init__(self, steps, size=2, **others):
        made.append(type(self).__name__)
        self.steps, self.size, self.others = steps, size, others

class _Hidden(Model):
    pass

class NoModel:
    pass

made = []
"""
BASE = """
class Model:
    pass

class Loss:
    pass
"""
LOSSES = """
from fakelib.base import Loss

class Absolute(Loss):
    def __init__(self, weight=1.0):
        self.weight = weight
"""


def install(tmp_path, monkeypatch):
    """Write the library, and a module of it and one beside it that leave a mark when they are imported."""
    files = {"__init__": "", "base": BASE, "models": MODELS, "losses": LOSSES}
    mark = f"import pathlib\npathlib.Path({str(tmp_path / 'mark')!r}).touch()\n"
    files |= {"danger": mark + "from fakelib.base import Model\nclass Danger(Model): pass\n"}
    (tmp_path / "fakelib").mkdir()
    for name, text in files.items():
        (tmp_path / "fakelib" / f"{name}.py").write_text(text)
    (tmp_path / "elsewhere.py").write_text(mark + "class Mean: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] in ("fakelib", "elsewhere")]:
        monkeypatch.delitem(sys.modules, name)
    importlib.invalidate_caches()
