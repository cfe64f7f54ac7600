"""``python -m tsforecast``: the command line."""

import sys

from tsforecast.cli.main import main

sys.exit(main())
