"""Running jobs: a single job, worker processes and their heartbeats, and the driver that hands out jobs."""
