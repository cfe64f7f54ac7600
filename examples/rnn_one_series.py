"""Does an LSTM beat seasonal naive on airline passengers? Four cutoffs, refitted at each."""

import numpy as np

from tsforecast.data.catalog import load
from tsforecast.models.naive import SeasonalNaive
from tsforecast.models.neural.forecaster import LSTM

airline = load("airline").series
for model in (SeasonalNaive(), LSTM()):
    errors = []
    for cutoff in (96, 108, 120, 132):
        forecast = model.fit(airline.iloc[:cutoff]).predict(12)
        errors.append(np.abs(forecast - airline.iloc[cutoff : cutoff + 12]).mean())
    print(f"{type(model).__name__:14} mean absolute error {np.mean(errors):5.1f} thousand passengers")
