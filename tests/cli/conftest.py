"""What holds for tests that write run folders."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def plain_pages():
    """Pages of runs are empty here: their pictures take a second. The page has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsforecast.backtest.backtest_result.html_page", lambda run: "<!DOCTYPE html>\n")
        yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What a command remembers of files that it wrote stays in the folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
