"""What the pages of the documentation show is what happens: every block of code and every command is run."""

import re
import sys
from pathlib import Path
from unittest import SkipTest

import matplotlib
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pages import DOCS, PAGES, blocks

sys.path.pop(0)

RUN_ELSEWHERE = {DOCS / "add_a_network.md"}  # tests/contract/test_add_a_network.py


def _named(page):
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", [page for page in PAGES if page not in RUN_ELSEWHERE], ids=_named)
def test_the_blocks_of_a_page_run_and_print_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    matplotlib.use("agg")
    for block in blocks(page):
        try:
            block.evaluate()
        except SkipTest:
            continue
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_a_block_that_is_not_run_says_why(page):
    for mark in re.findall(r"<!--+ *skip:.*?-->", page.read_text(encoding="utf-8"), flags=re.S):
        assert re.search(r'skip: next "[^"]{10,}"', mark), mark
