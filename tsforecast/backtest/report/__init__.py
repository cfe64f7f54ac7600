"""A finished run in words: sentences, and a Markdown page."""
