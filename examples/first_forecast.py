"""Three lines from a series to a forecast, and what the same model says of later data."""

from tsforecast import SARIMA, load

y = load("airline").series  # a pandas Series, 144 months

model = SARIMA(order=(0, 1, 1), seasonal_order=(0, 1, 1), target_transform="log").fit(y.iloc[:120])
print(model.predict(12, level=[80, 95]).round(1))

# A year later: nothing is estimated again, the forecast starts from the newer data.
print(model.predict(12, history=y.iloc[:132]).round(1))
