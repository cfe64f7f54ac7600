"""Reports on a finished run: sentences, a short table and a Markdown page."""
