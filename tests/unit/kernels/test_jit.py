import os
import sys

from tsforecast.kernels import _jit


def test_a_statement_runs_beside_and_its_failure_is_only_a_code(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert _jit.run_beside("import sys; sys.exit(3)").wait() == 3
    monkeypatch.setattr(sys, "frozen", True, raising=False)  # the executable is a program of its own there
    assert _jit.run_beside("pass") is None


def test_nothing_runs_beside_on_one_processor(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert _jit.run_beside("pass") is None
