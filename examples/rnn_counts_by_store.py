"""Daily counts of many stores: a negative binomial distribution, and what is known of each store beside its counts."""

import numpy as np
import pandas as pd

from tsforecast import LSTM
from tsforecast.models.neural.options import Decoding

rng = np.random.default_rng(0)
days = pd.date_range("2024-01-01", periods=200, freq="D")
stores = pd.DataFrame({"unique_id": [f"store {i}" for i in range(8)], "kind": ["city", "village"] * 4})
means = np.where(stores["kind"] == "city", 40.0, 4.0) * (1 + 0.5 * (days.day_of_week.to_numpy()[:, None] == 5))
counts = pd.DataFrame(rng.negative_binomial(5, 5 / (5 + means)), index=days, columns=stores["unique_id"])

model = LSTM(n_members=2, decoding=Decoding(loss="negative_binomial", horizon=7)).fit(counts, stores)
print(model.predict(7, level=80)[["store 0", "store 1"]])
