"""On simulated series the truth is known: how far is each model from the best possible forecast?"""

from tsforecast import ARMA, LSTM, Naive, TrueModel, load
from tsforecast.backtest import RollingOrigin, backtest

data = load("simulated/arma21")
result = backtest(
    {"true model": TrueModel(data.process), "ARMA(2, 1)": ARMA(order=(2, 1)), "LSTM": LSTM(), "naive": Naive()},
    data.panel,
    cv=RollingOrigin(horizon=10, n_windows=5, step_size=10),
    metrics=["rmse", "coverage"],
    refit="never",
)
print(result.leaderboard(baseline="true model").to_string(index=False, float_format="%.3f"))
