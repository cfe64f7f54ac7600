"""Kernels on disk: whoever fills the folder, whatever befalls it, a kernel gives what it should."""

import importlib.util
import os
import subprocess
import sys

import filelock
import pytest
from numba.core import config

from tsforecast.kernels import _cache

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")

_KERNELS = """
from tsforecast.kernels._jit import njit, is_compiled

@njit
def twice(x):
    return x + x

@njit
def squared(x):
    return x * x
"""
_FILL = """
import random, sys
import numpy as np
import kernels

arguments = [2, 2.0, 2j, np.float32(2), np.ones(2), np.ones((2, 2)), np.ones(2, dtype=np.int64), np.ones(2) * 1j]
pairs = [(kernel, x) for kernel in (kernels.twice, kernels.squared) for x in arguments]
random.Random(int(sys.argv[1])).shuffle(pairs)
for kernel, x in pairs:
    found, wanted = kernel(x), (x + x if kernel is kernels.twice else x * x)
    assert np.array_equal(found, wanted), (kernel, x, found)
print(sum(sum(kernel.stats.cache_misses.values()) for kernel in (kernels.twice, kernels.squared)))
"""

_FILL_ONE = """
import sys
import numpy as np
import kernels

some, others = [2, np.ones(2), np.ones((2, 2)), np.ones(2) * 1j], [2.0, np.ones(2, int), 2j, np.ones(2, np.float32)]
for x in (some, others)[int(sys.argv[1])]:
    assert np.array_equal(kernels.twice(x), x + x)
print(sum(kernels.twice.stats.cache_misses.values()))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kernels.py").write_text(_KERNELS)
    (tmp_path / "fill.py").write_text(_FILL)
    return tmp_path


def start(folder, seed, **environment):
    command = [sys.executable, str(folder / "fill.py"), str(seed)]
    given = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")} | environment
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given)


def n_compiled(run):
    told, wrong = run.communicate(timeout=600)
    assert run.returncode == 0, wrong
    return int(told)


@pytest.mark.slow
def test_processes_that_fill_one_empty_folder_at_once_leave_it_whole(folder):
    runs = [start(folder, seed) for seed in range(4)]
    assert max([n_compiled(run) for run in runs]) <= 16
    assert n_compiled(start(folder, 9)) == 0  # all of it is there, and it is right


def test_kernels_work_where_no_folder_can_be_written(folder):
    nowhere = {"NUMBA_CACHE_DIR": str(folder / "kernels.py" / "cache")}  # below a file
    only = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    assert n_compiled(start(folder, 0, **nowhere, **only)) == 16


@pytest.fixture
def load(folder, monkeypatch):
    """Import the kernels as a new process would."""
    monkeypatch.setattr(config, "CACHE_DIR", str(folder / "cache"))

    def import_anew():
        spec = importlib.util.spec_from_file_location("kernels", folder / "kernels.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return import_anew


def misses(kernel):
    return sum(kernel.stats.cache_misses.values())


def test_a_kernel_is_compiled_once_and_known_to_be(load):
    kernels = load()
    assert not kernels.is_compiled(kernels.twice)
    assert kernels.twice(1) == 2 and misses(kernels.twice) == 1
    assert kernels.is_compiled(kernels.twice)
    again = load()
    assert again.is_compiled(again.twice) and not again.is_compiled(again.squared)
    assert again.twice(3) == 6 and misses(again.twice) == 0


@pytest.mark.parametrize("content", [b"", b"\x80", b"no pickle at all", None], ids=["empty", "cut", "other", "half"])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_anew_and_mended(folder, load, kind, content):
    assert load().twice(1) == 2
    (path,) = (folder / "cache").rglob(f"*.{kind}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    kernels = load()
    assert kernels.twice(1) == 2 and misses(kernels.twice) == 1
    mended = load()
    assert mended.twice(1) == 2 and misses(mended.twice) == 0


def test_a_kernel_that_cannot_be_kept_is_compiled_all_the_same(folder, load):
    kernels = load()
    (folder / "cache").rename(folder / "moved")
    (folder / "cache").write_text("a file where the folder was")
    assert kernels.twice(1.5) == 3.0


def test_a_process_that_holds_the_lock_and_was_stopped_delays_nobody_for_long(load, monkeypatch):
    monkeypatch.setattr(_cache, "_WAIT", 0.05)
    kernels = load()
    with filelock.FileLock(f"{kernels.twice._cache.cache_path}/kernels.lock"):
        assert kernels.twice(1) == 2
    kernels = load()
    assert kernels.twice(1) == 2 and misses(kernels.twice) == 1


def test_a_kernel_is_compiled_anew_when_the_source_of_any_kernel_has_changed(load, monkeypatch):
    assert load().twice(1) == 2
    monkeypatch.setattr(_cache, "_stamp_of_kernels", lambda: b"another")
    kernels = load()
    assert kernels.twice(1) == 2 and misses(kernels.twice) == 1


def test_the_stamp_changes_with_the_source_of_a_kernel_in_any_room(tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "__file__", str(tmp_path / "_cache.py"))
    stamp = _cache._stamp_of_kernels.__wrapped__
    seen = {stamp()}
    for path in ("lanes.py", "arma/whitening.py", "arma/estimation/panel.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        for content in ("one", "two"):
            (tmp_path / path).write_text(content)
            seen.add(stamp())
    assert len(seen) == 7


@pytest.mark.slow
def test_two_processes_that_compile_one_kernel_for_other_numbers_at_once_keep_both(folder):
    (folder / "fill.py").write_text(_FILL_ONE)
    assert [n_compiled(run) for run in [start(folder, seed) for seed in (0, 1)]] == [4, 4]
    assert [n_compiled(start(folder, seed)) for seed in (0, 1)] == [0, 0]  # each finds its own, and it is right


def test_a_kernel_that_another_process_keeps_in_between_does_not_get_the_others_code(load, monkeypatch):
    monkeypatch.setattr(_cache, "_WAIT", 0.05)
    one, other = load(), load()
    files = one.twice._cache._cache_file
    load_index, told = files._load_index, []

    def load_index_while_another_writes():
        overloads = load_index()
        if not told:
            told.append(other.twice(1.5))
        return overloads

    assert one.is_compiled(one.twice) is False
    files._load_index = load_index_while_another_writes
    one.twice._cache.load_overload = lambda sig, context: None  # so that the index is read when it is written
    assert one.twice(1) == 2 and told == [3.0]
    kernels = load()
    assert (kernels.twice(2), kernels.twice(2.5)) == (4, 5.0) and misses(kernels.twice) <= 1
