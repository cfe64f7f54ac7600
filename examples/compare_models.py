"""Does a recurrent network beat SARIMA on this panel, and by how much? Your own frame goes in the same way."""

from tsforecast import LSTM, SARIMA, SeasonalNaive, load
from tsforecast.backtest import RollingOrigin, backtest

frame = load("seasonal").frame  # long: unique_id, ds, y

result = backtest(
    {"seasonal naive": SeasonalNaive(), "SARIMA": SARIMA(), "LSTM": LSTM(max_epochs=20)},
    frame,
    cv=RollingOrigin(horizon=12, n_windows=2, step_size=12),
    metrics=["mase", "smape", "coverage"],
)
print(result.leaderboard().to_string(index=False, float_format="%.3f"))
