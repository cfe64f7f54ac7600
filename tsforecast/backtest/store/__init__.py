"""Where finished jobs are kept: memory, or a run folder whose manifest holds a checksum of every file."""
