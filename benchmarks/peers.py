"""Virtual environments of the peers: each has its own, built when it is first needed and kept."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

FOLDER = Path(os.environ.get("TSFORECAST_PEERS", Path(tempfile.gettempdir()) / "tsforecast-peers"))
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
TORCH = "torch==2.13.0"  # as constraints.txt has it, so that no peer brings another


def python_of(name: str, *packages: str, folder: Path = FOLDER) -> Path:
    """The interpreter of a peer's environment below ``folder``, with its packages installed."""
    home = folder / name
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        print(f"building {home} ...", file=sys.stderr)
        venv.create(home, with_pip=True)
        constraints = folder / "constraints.txt"
        constraints.write_text(TORCH + "\n")
        subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, *packages], check=True)
    return python
