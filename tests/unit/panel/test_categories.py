"""Covariates of texts as levels."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, Panel
from tsforecast.exceptions import CovariateError, UnseenLevelWarning

N = 40
DAYS = pd.date_range("2024-01-01", periods=N, freq="D")
KINDS = np.array(["none", "sale"])[(np.arange(N) % 3 == 0).astype(int)]
SALES = pd.Series(10.0 + 5 * (KINDS == "sale") + np.sin(np.arange(N) ** 2), index=DAYS)


def fitted(kinds):
    return ARIMA((0, 0, 0)).fit(SALES, pd.DataFrame({"kind": kinds}, index=DAYS))


def after(kinds):
    return pd.DataFrame({"kind": kinds}, index=pd.date_range("2024-02-10", periods=len(kinds), freq="D"))


@pytest.mark.parametrize("make", [list, pd.Categorical, lambda k: pd.array(k, dtype="string")])
def test_texts_and_categories_of_any_kind_give_the_same(make):
    expected = fitted(KINDS).predict(2, after(["sale", "none"]))
    found = fitted(make(KINDS.tolist())).predict(2, after(["sale", "none"]))
    np.testing.assert_array_equal(found, expected)
    assert expected.iloc[0] - expected.iloc[1] == pytest.approx(5, abs=1)


def test_truths_are_numbers_and_not_categories():
    flags = fitted(KINDS == "sale")
    assert flags.panel_.levels == {}
    np.testing.assert_allclose(
        flags.predict(2, after([True, False])), fitted(KINDS).predict(2, after(["sale", "none"])), rtol=1e-6
    )


def test_a_level_that_training_has_not_seen_has_no_effect_and_is_told():
    model = fitted(KINDS)
    with pytest.warns(UnseenLevelWarning, match="'kind' has the level 'gift'.*'none', 'sale'"):
        forecast = model.predict(1, after(["gift"]))
    assert forecast.iloc[0] == pytest.approx(model.params_["mean"].iloc[0])


def test_what_is_no_category_is_an_error():
    for kinds, message in ((["none", 1.0] * 20, "no number"), ([f"remark {i}" for i in range(N)], None)):
        if message:
            with pytest.raises(CovariateError, match=message):
                fitted(kinds)
    many = pd.DataFrame({"ds": pd.RangeIndex(150), "y": 0.0, "note": [f"remark {i}" for i in range(150)]})
    with pytest.raises(CovariateError, match=r"150 different texts.*at most 100 levels"):
        Panel.from_frame(many, covariates=["note"])


def test_future_texts_of_a_model_of_numbers_and_arrays_for_a_model_of_texts_are_refused():
    numbers = ARIMA((0, 0, 0)).fit(SALES, pd.DataFrame({"kind": np.sin(np.arange(N))}, index=DAYS))
    with pytest.raises(CovariateError, match="holds texts; the model was fitted with numbers"):
        numbers.predict(1, after(["sale"]))
    with pytest.raises(CovariateError, match="some are texts: give a frame"):
        fitted(KINDS).predict(1, np.ones((1, 1)))
