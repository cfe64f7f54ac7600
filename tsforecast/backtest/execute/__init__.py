"""How jobs are run: one job, the workers, their heartbeats, and the driver that hands out the jobs."""
