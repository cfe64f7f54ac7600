"""ARMA, ARIMA and SARIMA by exact Gaussian likelihood."""
