"""Estimates, standard errors and likelihoods against what R, Stata and gretl published.

Those of Stata and gretl ship inside statsmodels (`tsa/statespace/tests/results`, `tsa/tests/results`).
"""

import importlib
import re
import sys
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import macrodata
from statsmodels.tsa.statespace.tests.results import results_sarimax as stata
from statsmodels.tsa.tests.results import results_arima, results_arma

from tsforecast.models.arima.covariance import covariance
from tsforecast.models.arima.estimate import estimate, loglik
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.result import ArimaFit

sys.path.insert(0, str(Path(__file__).parent))
from r_examples import EXAMPLES, regressors_of, values_of

sys.path.pop(0)

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="whole fits take minutes where nothing is compiled")
ENGINES = ("numba", "statsmodels")


def standard_errors(fit, y, Z, engine="numba"):
    return np.sqrt(np.diag(covariance(fit, y, Z, engine)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_r_are_met_in_all_that_r_prints(example, engine):
    printed = EXAMPLES[example]
    y = values_of(printed.series)
    if y is None:
        pytest.skip("the folder of real series is not here")
    order = Order.of(printed.order, printed.seasonal_order, printed.season_length)
    regressors = regressors_of(printed.columns, y.size)
    Z = np.column_stack([*regressors.values(), np.empty((y.size, 0))])
    fit = estimate(y, Z, printed.columns, order, engine)
    errors = np.array(printed.standard_errors)
    # optimisers stop where the likelihood is flat, within some thousandths of a standard error
    for own, theirs, error in zip(fit.coefficients.values(), printed.estimates, errors, strict=True):
        assert own == pytest.approx(theirs, abs=5e-3 * error + 5e-5)
    np.testing.assert_allclose(standard_errors(fit, y, Z, engine), errors, rtol=5e-3, atol=1e-4)
    assert fit.sigma2 == pytest.approx(printed.sigma2, rel=1e-3)
    assert fit.loglik == pytest.approx(printed.loglik, abs=0.006)
    assert fit.aic == pytest.approx(printed.aic, abs=0.011)


def examples_of_stata():
    """Series, regressors, their names, order, results: those of ``arima, vce(oim)`` in Stata's manual."""
    wpi, air = np.array(stata.wpi1_data), np.log(np.array(stata.air2_data, dtype=float))
    money = stata.friedman2_mle
    n = wpi.size
    yield wpi, {"drift": np.arange(n, dtype=float)}, Order(1, 1, 1), stata.wpi1_stationary
    yield air, {}, Order(0, 1, 1, 0, 1, 1, 12), stata.air2_stationary
    consumption = np.array(money["data"]["consump"])
    regressors = {"mean": np.ones(consumption.size), "m2": np.array(money["data"]["m2"])}
    yield consumption, regressors, Order(1, 0, 1), money


@pytest.mark.parametrize("case", range(3))
def test_standard_errors_are_those_of_the_manual_of_stata(case):
    y, regressors, order, results = list(examples_of_stata())[case]
    Z = np.column_stack([*regressors.values(), np.empty((y.size, 0))])
    fit = estimate(y, Z, tuple(regressors), order, "numba")
    groups = ("ar", "ma", "seasonal_ma", "mean", "exog")
    estimates = [v for group in groups for v in results.get(f"params_{group}", [])]
    errors = [v for group in groups for v in results.get(f"se_{group}_oim", [])]
    assert fit.loglik == pytest.approx(results["loglike"], abs=1e-4)
    deviations = (np.array(list(fit.coefficients.values())) - estimates) / errors
    np.testing.assert_allclose(deviations, 0.0, atol=2e-3)
    np.testing.assert_allclose(standard_errors(fit, y, Z), errors, rtol=2e-3)


def models_of_gretl():
    """The exact maximum likelihood fits of gretl: name, series, regressors, order, results."""
    table = pd.read_csv(Path(results_arma.__file__).parent / "y_arma_data.csv")
    for name in table.columns:
        y, results = table[name].to_numpy(), getattr(results_arma, name.replace("y", "Y", 1))()
        constant = {"mean": np.ones(y.size)} if name.endswith("c") else {}
        yield name, y, constant, Order(int(name[6]), 0, int(name[7])), results
    prices = macrodata.load_pandas().data["cpi"].to_numpy()
    drift = {"drift": np.arange(prices.size, dtype=float)}
    yield "cpi", prices, drift, Order(1, 1, 1), results_arima.ARIMA111()


GRETL = {name: (y, regressors, order, results) for name, y, regressors, order, results in models_of_gretl()}


@pytest.mark.parametrize("name", GRETL)
def test_fits_of_gretl_are_met_with_their_standard_errors(name):
    y, regressors, order, results = GRETL[name]
    Z = np.column_stack([*regressors.values(), np.empty((y.size, 0))])
    fit = estimate(y, Z, tuple(regressors), order, "numba")
    first = len(regressors)  # gretl has the constant first
    estimates, errors = np.roll(results.params, -first), np.roll(results.bse, -first)
    assert fit.loglik == pytest.approx(float(np.squeeze(results.llf)), abs=1e-3)
    deviations = (np.array(list(fit.coefficients.values())) - estimates) / errors
    np.testing.assert_allclose(deviations, 0.0, atol=5e-3)
    np.testing.assert_allclose(standard_errors(fit, y, Z), errors, rtol=0.03)  # gretl's are by differences too


@pytest.mark.parametrize("constant", ["", "nc"])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 1), (1, 2)])
def test_fits_of_stata_to_consumer_prices_have_its_likelihood_and_are_no_better_than_ours(p, q, constant):
    y = macrodata.load_pandas().data["cpi"].to_numpy(np.float32).astype(np.float64)  # Stata keeps seven digits
    results = importlib.import_module(f"statsmodels.tsa.tests.results.arima{p}1{q}{constant}_results").results
    names = () if constant else ("drift",)
    Z = np.column_stack([*(np.arange(float(y.size)) for _ in names), np.empty((y.size, 0))])
    value, order = float(results.llf[0]), Order(p, 1, q)
    assert loglik(published(order, names, results.params), y, Z, "numba") == pytest.approx(value, abs=1e-4)
    assert estimate(y, Z, names, order, "numba").loglik > value - 1e-3


# Stata's own start for a differenced state, of a large variance in place of a flat one, is another likelihood.
NOT_OURS = "diffuse"


def coverage_of_stata():
    """The 53 models of the wholesale prices: name, series, regressors, names, order, log-likelihood, parameters."""
    table = pd.read_csv(Path(stata.__file__).parent / "results_sarimax_coverage.csv")
    prices = np.array(stata.wpi1_data)
    t = np.arange(1.0, prices.size + 1)
    columns = {
        "c": np.ones(t.size), "t": t, "t3": t**3, "t32": (t - 1) ** 3, "x": (prices - np.floor(prices)) ** 2
    }  # fmt: skip
    for command, value, parameters in table.itertuples(index=False):
        series, names, options = re.fullmatch(r"arima (\S+)((?: \w+)*), ?(.*)", command).groups()
        own = re.search(r"(?<!s)arima\((\d),(\d),(\d)\)", options)
        seasonal = re.search(r"sarima\((\d),(\d),(\d),(\d)\)", options)
        order = Order(*map(int, own.groups() if own else (0, 0, 0)), *map(int, seasonal.groups() if seasonal else ()))
        y, names = prices, tuple(names.split())
        Z = np.column_stack([*(columns[name] for name in names), np.empty((y.size, 0))])
        if series == "D.wpi2":  # ten values are missing, and the series alone is differenced
            y = prices.copy()
            y[9:19] = np.nan
            y, Z = np.diff(y), Z[1:]
        yield command, y, Z, names, order, value, np.array(parameters.split(","), dtype=float)


def published(order, names, parameters):
    """The fit that published parameters stand for: regressors, lag polynomials, standard deviation."""
    sizes = np.cumsum([len(names), order.p, order.q, order.P, order.Q])
    beta, phi, theta, seasonal_phi, seasonal_theta, sigma = np.split(parameters, sizes)
    polynomials = (phi, theta, seasonal_phi, seasonal_theta)
    return ArimaFit(order, *polynomials, beta, names, float(sigma[0]) ** 2, 0.0, 1, True, 0)


STATA = {command: case for command, *case in coverage_of_stata() if NOT_OURS not in command}


def test_all_models_of_stata_but_those_of_another_likelihood_are_compared():
    assert len(STATA) == 46  # of 53: seven begin with a large variance


@pytest.mark.parametrize("command", STATA)
def test_likelihood_at_parameters_of_stata_is_what_stata_says(command):
    y, Z, names, order, value, parameters = STATA[command]
    fit = published(order, names, parameters)
    own = loglik(fit, y, Z, "numba")
    if (np.abs(np.roots([1.0, *-fit.seasonal_phi])) > 1.0).any():  # two are not stationary: there is no such process
        assert np.isnan(own)
        assert np.isnan(loglik(fit, y, Z, "statsmodels"))
        return
    assert own == pytest.approx(value, abs=1e-3)  # they are printed with seven digits
    assert loglik(fit, y, Z, "statsmodels") == pytest.approx(own, abs=1e-6 * abs(own))


@pytest.mark.parametrize("command", STATA)
def test_optimum_is_not_below_that_of_stata(command):
    y, Z, names, order, value, _ = STATA[command]
    fit = estimate(y, Z, names, order, "numba")
    assert fit.loglik > value - 1e-3
    assert fit.converged
