"""Pictures: arrays and frames in, matplotlib Axes out. matplotlib is imported when a picture is drawn."""
