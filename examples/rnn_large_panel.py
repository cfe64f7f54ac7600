"""A panel in a folder of Parquet files, which may be larger than memory, trains one network; any series is forecast."""

import tempfile
from pathlib import Path

from tsforecast import LSTM, load

panel = load("seasonal").panel
with tempfile.TemporaryDirectory() as folder:
    for part in range(0, panel.n_series, 2):  # as many files as there are, each with whole series one after another
        some = panel.take(range(part, min(part + 2, panel.n_series)))
        some.to_frame().to_parquet(Path(folder) / f"part-{part}.parquet")
    model = LSTM(max_epochs=2).fit_folder(folder)

print(model.predict(5, history=panel.take([0]), level=80).to_frame(level=[80]))
