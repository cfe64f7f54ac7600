"""What pytest leaves alone here: the tests of a library that is not installed."""

import importlib.util
import sys
from pathlib import Path

LIBRARIES = ("darts", "neuralforecast", "sktime", "statsforecast")

collect_ignore_glob = [f"*{name}*" for name in LIBRARIES if importlib.util.find_spec(name) is None]
sys.path.insert(0, str(Path(__file__).parent))
