"""Hashes of models and metrics: the same in every process, different for different content."""

import copy
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.plan import content
from tsforecast.backtest.plan.content import OpaqueError, content_hash
from tsforecast.exceptions import ParameterError, RunFolderError
from tsforecast.metrics.choose import Metric

# Every case is built as "old" and as "new", which differ in one thing; {x} is what differs.
_CASES = '''
import collections, dataclasses, enum, functools, json, sys, types
import numpy as np, pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tsforecast import Ensemble, Naive, SeasonalNaive
from tsforecast.backtest.plan.content import content_hash
from tsforecast.metrics.choose import Metric

TEXT = """
import functools, types
import numpy as np
import pandas as pd

W = {x}
TABLE = {{"a": {x}, "b": {{"p", "q", "r"}}}}

def helper(y):
    return y + {x}

def calls_helper(y):
    return helper(y)

def reads_global(y):
    return y * W

def reads_table(y):
    return y * TABLE["a"]

def has_default(y, k={x}):
    return y + k

def has_keyword(y, *, k={x}):
    return y + k

def factory(n):
    def inner(y):
        return y * n
    return inner

def nested(y):
    return list(map(lambda one: one + {x}, y))

def in_set(y):
    return y in {{"alpha", "beta", "gamma", "d{x}"}}

class Hidden:
    def __init__(self, value):
        self.value, self.tags = value, {{"x", "y", "zz"}}

    def __repr__(self):
        return "Hidden()"

    def method(self, y):
        return y + self.value

class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = {x}

class Attribute:
    window = {x}

class Method:
    def run(self, y):
        return helper(y)

class Base:
    def run(self):
        return {x}

class Derived(Base):
    pass

class Static:
    @staticmethod
    def run():
        return {x}

class OutsideSet:
    k = 0

OutsideSet.k = {x}

class Calculator:
    def __init__(self, k):
        self.k = k

    def add(self, y):
        return y + self.k

    @staticmethod
    def update(y):
        return y + {x}

calculator = Calculator({x})
calculations = types.ModuleType("mine.calculations")
calculations.add = helper
SETTINGS = {{"w": {x}}}

def adds(y):
    return calculator.add(y)

def updates(y):
    return Calculator.update(y)

def adds_by_module(y):
    return calculations.add(y)

def reads_what_it_writes(y):
    SETTINGS.setdefault("w", 0)
    return y * SETTINGS["w"]

def counts_on(n):
    def inner(y):
        nonlocal n
        n += 1
        return y * n
    return inner

class Meta(type):
    def twice(cls):
        return {x}

class OfMeta(metaclass=Meta):
    pass

class OwnArray(np.ndarray):
    pass

class OwnSeries(pd.Series):
    _metadata = ["unit"]

class Property:
    @property
    def run(self):
        return {x}
"""

def module(x):
    made = types.ModuleType("mine")
    exec(TEXT.format(x=x), made.__dict__)
    return made

@dataclasses.dataclass(frozen=True)
class Options:
    size: int = 1
    extra: object = None

class Kind(enum.Enum):
    OLD = 1
    NEW = 2

class Mine(Naive):
    def __init__(self, option=None):
        self.option = option

def build(x):
    m = module(x)
    own_array, own_series = np.arange(3.0).view(m.OwnArray), m.OwnSeries([1.0])
    own_array.unit = own_series.unit = x
    record = np.zeros(1, dtype=[("a", float, (3000,))])
    record["a"][0, 1500] = x
    middle = np.arange(5000.0)
    middle[2500] = x
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["u", "v", "w"]})
    categories = pd.Series(pd.Categorical(["u", "v"], categories=["u", "v", f"w{x}"]))
    return {
        "lambda": (lambda n: lambda y: y + n)(x),
        "helper": m.calls_helper, "global": m.reads_global, "table": m.reads_table, "default": m.has_default,
        "keyword": m.has_keyword, "closure": m.factory(x), "nested": m.nested, "set in code": m.in_set,
        "hidden": m.Hidden(x), "method": m.Hidden(x).method, "slots": m.Slotted(), "attribute": m.Attribute,
        "code of a class": m.Method(), "base class": m.Derived(), "static": m.Static(), "property": m.Property(),
        "partial": functools.partial(m.helper, k=x), "partial of function": functools.partial(m.helper),
        "cached": functools.lru_cache(m.helper), "list of functions": [m.helper, len],
        "vectorized": np.vectorize(m.helper),
        "array": middle, "strided": middle[::2], "texts": np.array(["a", None, x], dtype=object),
        "record": np.array([(1, float(x))], dtype=[("a", int), ("b", float)]), "dtype": np.zeros(2, dtype=f"f{4 * x}"),
        "masked": np.ma.masked_array([1, 2], [0, x - 1]), "shape": np.zeros((2 * x, 4 // (2 * x) * 2)),
        "series": pd.Series(middle), "frame": frame.assign(b=["u", f"v{x}", "w"]),
        "name": pd.Series([1.0], name=f"n{x}"),
        "index": pd.date_range(f"200{x}-01-01", periods=3, freq="MS", tz="Europe/Berlin"), "categories": categories,
        "nullable": pd.Series([1, None, x], dtype="Int64"), "multi": pd.MultiIndex.from_product([[1, x + 1], ["a"]]),
        "estimator": make_pipeline(StandardScaler(), Ridge(x)), "dataclass": Options(x),
        "inside": Options(1, [{"a": m.helper}]),
        "enum": Kind(x), "counter": collections.Counter("ab" * x),
        "ordered": {"a": 1, "b": 2} if x == 1 else {"b": 2, "a": 1},
        "elements": {"a", "b", f"c{x}"}, "generator": np.random.default_rng(x), "bool or int": 1 if x == 1 else True,
        "int or float": 1 if x == 1 else 1.0, "nan": float("nan") if x == 1 else None,
        "offset": pd.offsets.BusinessDay(x),
        "model": Mine(m.helper), "model of models": Ensemble([Naive(), Mine(m.Hidden(x))]), "plain": SeasonalNaive(x),
        "attribute set later": m.OutsideSet(), "own object": m.adds, "own class": m.updates, "module": m.adds_by_module,
        "read and written": m.reads_what_it_writes, "counted on": m.counts_on(x), "metaclass": m.OfMeta,
        "own array": own_array, "own series": own_series, "long record": record[0],
        "long doubles": np.array([1, x], dtype=np.longdouble),
        "metric": Metric("m", m.helper), "default of a model": Mine(x), "bytes": b"%d" % x,
    }

def hashed(x):
    return {name: content_hash(value) for name, value in build(x).items()}

print(json.dumps({"old": hashed(1), "new": hashed(2)}))
'''


@pytest.fixture(scope="module")
def hashes(tmp_path_factory):
    """Hashes of all cases, old and new, from two processes that order sets differently."""
    script = tmp_path_factory.mktemp("content") / "cases.py"
    script.write_text(_CASES)
    found = []
    for seed in ("1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    return found


def test_unchanged_content_has_one_hash_in_every_process(hashes):
    first, second = hashes
    assert len(first["old"]) > 50
    assert {name for name in first["old"] if first["old"][name] != second["old"][name]} == set()
    assert {name for name in first["new"] if first["new"][name] != second["new"][name]} == set()


def test_changed_content_has_another_hash(hashes):
    first, _ = hashes
    assert {name for name in first["old"] if first["old"][name] == first["new"][name]} == set()


def test_lines_names_of_files_and_calls_do_not_count():
    source = "def f(y):\n    return y + 1\n"
    one, other = {"__name__": "mine"}, {"__name__": "mine"}
    exec(compile(source, "one.py", "exec"), one)
    exec(compile("\n\n\n" + source, "other.py", "exec"), other)
    before = content_hash(one["f"])
    for _ in range(2000):
        one["f"](1)
    assert before == content_hash(one["f"]) == content_hash(other["f"])


def test_an_object_that_was_pickled_copied_and_fitted_has_the_content_it_had():
    class Fresh(Naive):
        def _fit(self, panel):
            super()._fit(panel)

    before = content_hash(Fresh())
    copy.deepcopy(Fresh())  # which puts a note into the class, as pickling does
    clone(Fresh()).fit([1.0, 2.0, 3.0]).predict(1)
    assert "__slotnames__" in vars(Fresh) and content_hash(Fresh()) == before


class Hides:
    """Leaves a parameter and a computed value out when it is pickled."""

    def __init__(self, k, table=()):
        self.k, self._table, self.cache = k, table, None

    def __getstate__(self):
        return {}


class HidesInSlots:
    __slots__ = ("k",)

    def __init__(self, k):
        self.k = k

    def __reduce__(self):
        return HidesInSlots, (0,)


class HidesInAnEstimator(Naive):
    def __init__(self, k=1):
        self.k = k

    def __getstate__(self):
        return {}

    def __sklearn_clone__(self):
        return type(self)(self.k)


@pytest.mark.parametrize("make", [Hides, HidesInSlots, HidesInAnEstimator, lambda k: Hides(0, np.array([k]))])
def test_a_parameter_that_pickling_leaves_out_counts(make):
    assert content_hash(make(1)) == content_hash(make(1)) != content_hash(make(2))


def test_what_an_object_has_computed_and_leaves_out_of_pickling_does_not_count():
    used = Hides(1)
    used.cache = object()
    assert content_hash(used) == content_hash(Hides(1))


def test_a_hidden_parameter_that_cannot_be_compared_is_refused_by_name():
    with pytest.raises(OpaqueError) as caught:
        content_hash(Hides(n for n in range(3)))
    assert caught.value.path == ["k"]


def test_a_name_that_is_made_when_code_runs_is_not_seen_as_the_documentation_says():
    source = "K = {}\ndef f(y):\n    return y + globals()['K']\n"
    one, other = {"__name__": "mine"}, {"__name__": "mine"}
    exec(source.format(1), one)
    exec(source.format(2), other)
    assert content_hash(one["f"]) == content_hash(other["f"])
    assert "globals()" in content.__doc__ and "globals()" in backtest.__doc__


def test_what_code_counts_for_itself_is_no_setting():
    calls, seen, n = {"n": 0}, [], 0

    def spy(y):
        nonlocal n
        calls["n"] += 1
        seen.append(y)
        n += 1
        return y

    before = content_hash(spy)
    spy(1.0)
    assert content_hash(spy) == before and seen == [1.0] and n == 1


class SetLater(Naive):
    factor, fits = 1.0, 0

    def _fit(self, panel):
        type(self).fits += 1
        super()._fit(panel)


def test_an_attribute_of_a_class_that_was_set_from_outside_counts(monkeypatch):
    before = content_hash(SetLater())
    SetLater().fit(np.arange(9.0))
    assert SetLater.fits == 1 and content_hash(SetLater()) == before
    monkeypatch.setattr(SetLater, "factor", 2.0)
    assert content_hash(SetLater()) != before


def test_a_function_that_numpy_made_of_another_is_refused():
    with pytest.raises(OpaqueError):
        content_hash(np.frompyfunc(lambda y: y + 1, 1, 1))
    assert content_hash(np.exp) != content_hash(np.log)


def test_a_value_that_holds_itself_is_hashed():
    one, other = [1], [1]
    one.append(one)
    other.append(other)
    assert content_hash(one) == content_hash(other) != content_hash([1, [1]])


def test_torch_modules_are_told_apart_by_their_weights():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Linear(2, 1)
    before = content_hash(module)
    assert content_hash(torch.nn.Linear(2, 1)) != before == content_hash(module)
    with torch.no_grad():
        module.weight[0, 0] += 1
    assert content_hash(module) != before
    assert content_hash(torch.ones(2, dtype=torch.bfloat16)) != content_hash(torch.ones(2, dtype=torch.float16))


class Holds(Naive):
    """Holds anything."""

    def __init__(self, thing=None):
        self.thing = thing


@pytest.mark.parametrize("opaque", [lambda: (i for i in [1]), Path(os.devnull).open, lambda: [(i for i in [1])]])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_cannot_be_compared_is_refused_by_name_before_the_first_fit(tmp_path, opaque):
    cv = RollingOrigin(2)
    with pytest.raises(ParameterError, match=r"Model 'm': thing holds a \w+, whose content cannot be compared"):
        backtest({"m": Holds(opaque())}, np.arange(9.0), cv=cv, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(OpaqueError):
        content_hash(opaque())


def test_a_lock_is_no_content():
    lock = threading.Lock()

    def locked(y):
        with lock:
            return y

    assert content_hash(locked) == content_hash(locked)


class DefaultRepr:
    """Has the default repr: an address, without its content."""

    def __init__(self, value):
        self.value = value


def stop_and_resume(folder, before, after, metrics=lambda: ["mae"]):
    """The scores of a run that is stopped with one model and resumed with another."""
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=[*"abc"])
    cv = RollingOrigin(2, n_windows=2)

    def stop(done, total, model):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backtest({"m": before}, y, cv=cv, metrics=metrics(), level=(), output=folder, on_progress=stop, executor=None)
    return backtest({"m": after}, y, cv=cv, metrics=metrics(), level=(), output=folder, executor=None).scores


def test_a_run_with_an_object_that_shows_its_address_goes_on(tmp_path):
    assert len(stop_and_resume(tmp_path / "run", Holds(DefaultRepr(1)), Holds(DefaultRepr(1)))) == 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DefaultRepr(1), DefaultRepr(2)),
        (lambda y: y, lambda y: -y),
        (np.arange(5000.0), np.where(np.arange(5000) == 2500, 0, np.arange(5000.0))),
        (pd.Series(np.arange(5000.0)), pd.Series(np.where(np.arange(5000) == 2500, 0, np.arange(5000.0)))),
        (1, True),
        (1, 1.0),
    ],
    ids=["object", "function", "array", "series", "bool", "float"],
)
def test_a_run_does_not_go_on_with_another_model(tmp_path, before, after):
    with pytest.raises(RunFolderError, match=r"other .*content"):
        stop_and_resume(tmp_path / "run", Holds(before), Holds(after))


def test_a_run_does_not_go_on_with_another_metric(tmp_path):
    functions = iter([lambda t, p: abs(t - p).mean(1), lambda t, p: ((t - p) ** 2).mean(1)])
    with pytest.raises(RunFolderError, match="other scoring"):
        stop_and_resume(tmp_path / "run", Naive(), Naive(), lambda: [Metric("mine", next(functions))])
