"""Where finished jobs are kept: memory or a run folder, sealed by a manifest."""
