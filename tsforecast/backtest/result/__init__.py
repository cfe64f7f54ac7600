"""A finished run as data, and the analyses that take it: leaderboard, tests, kinds of series."""
