"""Let AutoARIMA choose the order, look at what it chose, and serve a later cutoff without fitting again."""

from tsforecast.data.catalog import load
from tsforecast.models.arima.auto import AutoARIMA
from tsforecast.models.arima.forecaster import SARIMA

panel = load("airline").panel
train = panel.slice(panel.lengths * 0, panel.lengths - 24)

model = AutoARIMA(target_transform="log").fit(train)
print(model.summary())

name = panel.ids[0]
statistic, p_value = model.ljung_box(name, 24)
print(f"Ljung-Box of 24 lags: {statistic:.1f}, p = {p_value:.2f}")

print(model.predict(12, level=80).to_frame(level=[80]))

a_year_later = panel.slice(panel.lengths * 0, panel.lengths - 12)
print(model.predict(12, history=a_year_later).to_frame())

by_hand = SARIMA((0, 1, 1), (0, 1, 1), target_transform="log").fit(train)
print(by_hand.params_[["loglik", "aicc"]])
