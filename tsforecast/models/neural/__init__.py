"""Neural forecasters: from values to batches, networks, training and forecasts."""
