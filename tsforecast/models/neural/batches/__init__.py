"""Training data of networks: series, or folders of files, cut into chunks of streams or windows."""
