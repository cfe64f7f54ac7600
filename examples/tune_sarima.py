"""scikit-learn's grid search over the orders of a SARIMA, with rolling origins as its splits."""

from sklearn.model_selection import GridSearchCV

from tsforecast import SARIMA, RollingOrigin, load

y = load("airline").series
grid = {"order": [(0, 1, 1), (1, 1, 0)], "seasonal_order": [(0, 1, 1), (1, 1, 0)], "target_transform": [None, "log"]}

search = GridSearchCV(SARIMA(), grid, cv=RollingOrigin(horizon=12, n_windows=2, step_size=12)).fit(y)
print(search.best_params_, f"MASE {-search.best_score_:.3f}")
