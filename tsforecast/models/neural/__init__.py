"""Neural forecasters: preparation of series, batches, networks, training and forecasts."""
