"""The built wheel works outside the repository and contains the bundled data and configurations."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder with the package as the wheel installs it; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


def run(installed, code):
    env = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=installed.parent, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_is_the_installed_one(installed):
    assert str(installed) in run(installed, "import tsforecast; print(tsforecast.__file__)")


def test_bundled_data_are_found(installed):
    code = "import tsforecast; print(tsforecast.load('airline').panel, tsforecast.load('seasonal').panel.n_series)"
    assert "Panel(n_series=1, n_obs=144, freq='MS')" in run(installed, code)


def test_bundled_configs_are_found(installed):
    code = (
        "from tsforecast._resources import bundled; print(sorted(p.name for p in bundled('configs').rglob('*.yaml')))"
    )
    listed = run(installed, code)
    assert "quickstart-seasonal.yaml" in listed
    assert "lstm.yaml" in listed


def test_the_command_runs(installed):
    code = "import sys, tsforecast.cli.main as cli; sys.argv = ['tsforecast', 'datasets', 'list']; sys.exit(cli.main())"
    assert "airline" in run(installed, code)


def test_the_page_finds_its_templates(installed):
    code = (
        "from tsforecast.backtest.report.page.environment import asset, environment; "
        "print(environment().list_templates(), len(asset('style.css')) > 0)"
    )
    listed = run(installed, code)
    assert "page.html" in listed and "script.js" in listed and "True" in listed
