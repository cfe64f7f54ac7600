"""Recurrent networks trained by truncated backpropagation through time: RNN, LSTM, GRU."""
