"""NotFittedError, which is scikit-learn's too: in a module of its own, as importing scikit-learn takes long."""

import sklearn.exceptions

from tsforecast.exceptions import TSForecastError


class NotFittedError(TSForecastError, sklearn.exceptions.NotFittedError):
    """``predict`` or ``score`` was called before ``fit``."""
