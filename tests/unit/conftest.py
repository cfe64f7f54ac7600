import pytest

from tsforecast import load


@pytest.fixture(scope="session")
def airline():
    """Monthly airline passengers 1949-1960, Box & Jenkins (1976) series G: thousands, (144,)."""
    return load("airline").panel.series(0).copy()
