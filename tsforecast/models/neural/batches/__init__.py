"""What networks are trained on: streams, windows, folders of files, as chunks."""
