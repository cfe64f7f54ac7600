import os
import sys

from tsforecast.kernels import _jit


@_jit.njit
def one_more(x):
    return x + 1


def test_a_kernel_is_compiled_once_it_was_called():
    if not hasattr(one_more, "signatures"):
        return  # nothing is compiled here
    assert not _jit.is_compiled(one_more)
    assert one_more(1) == 2
    assert _jit.is_compiled(one_more)


def test_a_statement_runs_beside_and_its_failure_is_only_a_code(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert _jit.run_beside("import sys; sys.exit(3)").wait() == 3
    monkeypatch.setattr(sys, "frozen", True, raising=False)  # the executable is a program of its own there
    assert _jit.run_beside("pass") is None


def test_nothing_runs_beside_on_one_processor(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert _jit.run_beside("pass") is None
