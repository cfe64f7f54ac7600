"""The blocks of the documentation's pages as examples that can be run: code, commands, and what they print."""

import contextlib
import doctest
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from tsforecast.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
_PRINTED = "__printed__"  # what the last block printed, in the names that the blocks of a page share
_run_python = PythonEvaluator()


def blocks(page: Path) -> list[Example]:
    """Return the blocks of a page that are run or compared, from top to bottom; they share one namespace."""
    parsers = [SkipParser()] + [CodeBlockParser(language, run) for language, run in _BY_LANGUAGE.items()]
    document = Document.parse(str(page), *parsers)
    document.namespace["__name__"] = page.stem
    return list(document.examples())


def _python(example: Example) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        _run_python(example)
    example.namespace[_PRINTED] = printed.getvalue()


def _output(example: Example) -> str | None:
    return _difference(example.parsed, example.namespace.get(_PRINTED, ""))


def _console(example: Example) -> str | None:
    """Run each line that begins with ``$``, and compare what it prints with the lines beneath, where there are any."""
    for part in ("\n" + example.parsed).split("\n$ ")[1:]:
        command, _, shown = part.replace("\\\n", " ").partition("\n")
        status, printed = _run_command(command)
        if status != 0 and "error:" not in shown:
            return f"{command} ended with {status}:\n{printed}"
        if shown.strip() and (told := _difference(shown, printed)):
            return told
        example.namespace[_PRINTED] = printed
    return None


def _run_command(command: str) -> tuple[int, str]:
    if not command.startswith("tsforecast "):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # python is the one that runs the tests
        environment = os.environ | {"PATH": path}
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, timeout=60, check=False, env=environment
        )
        return done.returncode, done.stdout + done.stderr
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = main(shlex.split(command, comments=True)[1:])
    return status, printed.getvalue()


def _difference(shown: str, printed: str) -> str | None:
    """Return how a text differs from the one shown, where ``...`` stands for anything; None where it does not."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    shown, printed = shown.rstrip() + "\n", printed.strip() + "\n"
    if doctest.OutputChecker().check_output(shown, printed, options):
        return None
    return f"The page shows:\n{shown}\nIt was printed:\n{printed}"


_BY_LANGUAGE = {"python": _python, "output": _output, "console": _console}
