"""Reading, naming, simulating and describing time series."""
