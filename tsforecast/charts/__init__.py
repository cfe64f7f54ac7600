"""Pictures of a caller's series: containers in, matplotlib Axes out, drawn by `tsforecast.plots`."""
