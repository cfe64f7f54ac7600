"""What long work says of itself where nobody looks at a terminal: plain lines, at growing intervals."""

import time
from types import SimpleNamespace

import pytest

from tsforecast.backtest.execute.progress import RunProgress
from tsforecast.cli import progress
from tsforecast.cli.progress import Bar

TOLD = RunProgress(3, 8, "SARIMA", "SARIMA, cutoff 2 of 3", left=80.0)


@pytest.fixture
def clock(monkeypatch):
    held = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: held.now))
    return held


def lines_of(bar, capsys, n_waits):
    """The waits of a bar, each of which ends at once, and what it prints."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        return len(waits) > n_waits

    bar._is_over = SimpleNamespace(wait=wait, set=lambda: None)
    bar._print_lines()
    return waits, capsys.readouterr().err


def test_a_line_says_what_is_done_what_runs_and_what_is_left(clock, capsys):
    bar = Bar("my")
    clock.now += 40
    bar.watch(TOLD)
    clock.now += 5  # the time left runs down while a job runs
    _, told = lines_of(bar, capsys, 1)
    assert told == "my: 3 of 8 jobs in 45 s; now SARIMA, cutoff 2 of 3; about 1:15 min left\n"


@pytest.mark.parametrize(
    ("left", "is_least", "words"),
    [(None, True, ""), (90.0, True, "; more than 1:30 min left"), (0.2, True, ""), (0.2, False, "; soon done")],
)
def test_what_is_not_known_of_the_time_left_is_not_told(clock, capsys, left, is_least, words):
    bar = Bar("my")
    bar.watch(RunProgress(3, 8, "m", "m", left=left, is_least=is_least))
    assert lines_of(bar, capsys, 1)[1] == f"my: 3 of 8 jobs in 0 s; now m{words}\n"


def test_after_the_last_job_checks_and_summary_are_named(clock, capsys):
    bar = Bar("my")
    bar.watch(RunProgress(8, 8, "", "", left=0.0))
    assert lines_of(bar, capsys, 1)[1] == "my: 8 of 8 jobs in 0 s; now checks and summary\n"


def test_lines_come_at_growing_intervals_without_control_characters(clock, capsys):
    bar = Bar("my")
    bar.watch(TOLD)
    waits, told = lines_of(bar, capsys, 12)
    assert waits[:5] == [5.0, 10.0, 20.0, 40.0, 80.0] and max(waits) == waits[-1] == 600.0
    assert told.count("\n") == 12
    assert told.isascii() and all(line.isprintable() for line in told.splitlines())


def test_short_work_says_nothing_and_its_thread_ends(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_FIRST_LINE", 1e6)
    with Bar("my") as bar:
        bar.watch(TOLD)
    assert capsys.readouterr().err == "" and not bar._thread.is_alive()


def test_a_long_job_is_told_of_while_it_runs(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_FIRST_LINE", 0.01)
    with Bar("my") as bar:
        bar.watch(RunProgress(0, 1, "LSTM", "LSTM"))
        limit, told = time.monotonic() + 600, ""
        while "now LSTM" not in told:
            assert time.monotonic() < limit, "waited 600 seconds for a line"
            time.sleep(0.01)
            told += capsys.readouterr().err
    assert told.startswith("my: 0 of 1 jobs in ")


def test_a_terminal_without_a_cursor_gets_lines(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    bar = Bar("my")
    bar.watch(TOLD)
    assert "\x1b" not in lines_of(bar, capsys, 1)[1]
