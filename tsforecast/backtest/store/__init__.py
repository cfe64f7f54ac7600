"""Storage of finished jobs: in memory, or in a run folder whose manifest holds a checksum of every file."""
