"""The stock recurrent stack (rnn, lstm, gru): its definition, compiled passes, and torch layers on a GPU."""
