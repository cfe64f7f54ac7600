"""What holds for tests that write run folders."""

import pytest


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch):
    """Pages of runs are empty here: their pictures take a second. A module that tests pages has its own fixture."""
    monkeypatch.setattr("tsforecast.backtest.backtest_result.html_page", lambda run: "<!DOCTYPE html>\n")
