"""A finished run as data, and functions of it: leaderboard, statistical tests, scores by kind of series."""
