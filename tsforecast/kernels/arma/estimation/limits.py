"""Numbers at which an ARIMA fit is told apart from rounding, or from a bound; the same for every engine."""

NO_STRUCTURE = 1e-10  # of the level: residuals below it are noise, whatever the order
ROUNDING = 2.0**-50  # of the level: residuals below it, for each difference twice as large, are 0
ON_BOUND = 1e-3  # n (1 - |pacf|) of an autoregression: that of a unit root estimated is some thousand times as large
