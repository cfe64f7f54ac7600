"""What a backtest will compute: checked settings, the list of jobs, and hashes that identify a run."""
