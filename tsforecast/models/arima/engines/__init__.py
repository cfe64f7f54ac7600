"""The two ways in which a likelihood is computed and maximised."""
