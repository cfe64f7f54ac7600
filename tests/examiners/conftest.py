"""What pytest leaves alone here where sktime is not installed."""

import importlib.util
import sys
from pathlib import Path

collect_ignore_glob = [] if importlib.util.find_spec("sktime") else ["*sktime*"]
sys.path.insert(0, str(Path(__file__).parent))
