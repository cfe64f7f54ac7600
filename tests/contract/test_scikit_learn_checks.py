"""scikit-learn's own estimator checks: of constructors on the forecasters themselves, of the rest through a thin view.

A regressor takes rows of features and forecasts row by row; a forecaster takes series and forecasts the steps after
them. The view turns the one into the other: rows are steps in time, features are covariates, and ``predict(X)``
forecasts as many steps as there are rows.
"""

import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted, validate_data

import tsforecast
from tsforecast import (
    ARIMA,
    LSTM,
    Conformal,
    Drift,
    Ensemble,
    FunctionForecaster,
    HistoricAverage,
    Naive,
    SeasonalNaive,
    SklearnForecaster,
    Tuned,
)

ALL = [
    *(getattr(tsforecast, name)() for name in ("Naive", "SeasonalNaive", "Drift", "HistoricAverage")),
    *(getattr(tsforecast, name)() for name in ("ARMA", "ARIMA", "SARIMA", "AutoARIMA", "RNN", "LSTM", "GRU")),
    Conformal(Naive()),
    Ensemble([Naive(), Drift()]),
    Tuned(SeasonalNaive()),
    SklearnForecaster(Ridge()),
    FunctionForecaster(len),
]
OF_CONSTRUCTORS = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_get_params_invariance",
    "check_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
)
NEEDS_ARGUMENTS = {
    "Conformal": "its forecaster has no default",
    "Ensemble": "its forecasters have no default",
    "Tuned": "its forecaster has no default",
    "SklearnForecaster": "its regressor has no default",
    "FunctionForecaster": "its function has no default",
}
EXEMPT_CONSTRUCTORS = {
    "check_parameters_default_constructible": NEEDS_ARGUMENTS,
    "check_no_attributes_set_in_init": NEEDS_ARGUMENTS,
    "check_do_not_raise_errors_in_init_or_set_params": NEEDS_ARGUMENTS,
}
EXEMPT_VIEW = {
    "check_methods_sample_order_invariance": "rows are steps in time: another order is another forecast",
    "check_methods_subset_invariance": "rows are steps in time: the first row of a part is the first step",
}
FLAT = (Naive, HistoricAverage)  # every step has the same forecast: they need no exemption
SHORT_OF_NETWORKS = (  # of some fifty; the others fit as often and look at what the view does
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_estimators_unfitted",
    "check_estimators_pickle",
    "check_estimators_nan_inf",
    "check_dict_unchanged",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_fit2d_1sample",
    "check_readonly_memmap_input",
)


class AsRegressor(RegressorMixin, BaseEstimator):
    """A forecaster as a regressor of one series."""

    def __init__(self, forecaster=None):
        self.forecaster = forecaster

    def fit(self, X, y):
        X, y = validate_data(self, X, y, y_numeric=True, ensure_min_samples=2)
        model = clone(Naive() if self.forecaster is None else self.forecaster)
        self.forecaster_ = model.fit(y.astype(float), X.astype(float) if model.uses_covariates else None)
        return self

    def predict(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.forecaster_.predict(len(X), X.astype(float) if self.forecaster_.uses_covariates else None)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # the checks draw rows that have no order in time
        return tags


def named(check):
    return getattr(check, "func", check).__name__


def of_the_view(model, names=None):
    exempt = {} if isinstance(model, FLAT) else EXEMPT_VIEW
    checks = estimator_checks.estimator_checks_generator(
        AsRegressor(model), expected_failed_checks=exempt, mark="xfail", xfail_strict=True
    )
    for case in checks:
        estimator, check = getattr(case, "values", case)
        if names is None or named(check) in names:
            marks = getattr(case, "marks", ())
            yield pytest.param(estimator, check, marks=marks, id=f"{type(model).__name__}-{named(check)}")


NETWORK = LSTM(hidden_size=2, n_members=1, max_epochs=1, decoding={"horizon": 3})
VIEWS = [
    *(case for model in (Naive(), HistoricAverage(), ARIMA((1, 0, 0))) for case in of_the_view(model)),
    *of_the_view(NETWORK, SHORT_OF_NETWORKS),
]


@pytest.mark.filterwarnings("ignore")  # numbers without order in time: optimisers say that they find little
@pytest.mark.parametrize(("estimator", "check"), VIEWS)
def test_scikit_learn_finds_nothing_through_a_thin_view(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", OF_CONSTRUCTORS)
@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
def test_scikit_learn_finds_nothing_in_a_constructor(model, check):
    name = type(model).__name__
    if name in EXEMPT_CONSTRUCTORS.get(check, {}):
        pytest.skip(EXEMPT_CONSTRUCTORS[check][name])
    getattr(estimator_checks, check)(name, clone(model))


@pytest.mark.parametrize("model", ALL, ids=lambda model: type(model).__name__)
def test_no_forecaster_is_taken_for_something_else(model):
    for method in ("transform", "fit_transform", "decision_function", "predict_proba", "fit_predict", "partial_fit"):
        assert not hasattr(model, method)
