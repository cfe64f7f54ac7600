"""Kernels of recurrent networks: the recurrences of a layer, the readout with its loss, the optimiser step."""
