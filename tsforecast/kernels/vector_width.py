"""The width of a vector of the kernels, which weights are laid out for."""

N_BYTES = 64  # of one vector: 16 numbers of float32, 8 of float64
