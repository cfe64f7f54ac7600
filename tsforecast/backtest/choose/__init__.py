"""A model chosen by a quick backtest, and how wrong its forecasts were in it."""
