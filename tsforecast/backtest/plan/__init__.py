"""What a backtest is to do: plan, jobs, and their identity by content."""
