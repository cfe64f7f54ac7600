"""News with covariates of all roles: the forecasts are those from the whole history."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, LSTM
from tsforecast.exceptions import CovariateError

N, NEW = 130, 9
DAYS = pd.date_range("2024-01-01", periods=N + NEW + 3, freq="D")
X = pd.DataFrame(
    {
        "temp": np.random.default_rng(0).normal(size=len(DAYS)),
        "kind": np.random.default_rng(1).choice(["a", "b", "c"], len(DAYS)),
    },
    index=DAYS,
)
Y = (10 + 3 * X["temp"].shift(1, fill_value=0.0) + 5 * (X["kind"] == "b"))[: N + NEW]


@pytest.mark.parametrize(
    "model", [ARIMA((1, 0, 0)), LSTM(n_members=2, max_epochs=1, decoding={"horizon": 3})], ids=["ARIMA", "LSTM"]
)
@pytest.mark.parametrize("roles", [{"past_covariates": ["temp"], "calendar": "DE"}, {"calendar": "DE"}])
def test_news_with_covariates_of_all_roles_give_the_forecast_from_the_whole_history(model, roles):
    columns = ["temp", "kind"] if "past_covariates" in roles else ["kind"]
    model.fit(Y[:N], X[columns][:N], **roles)
    expected = model.predict(3, X[columns], history=Y)
    with pytest.raises(CovariateError, match="update needs X_new"):
        model.update(Y[N : N + 4])
    model.update(Y[N : N + 4], X[columns][N : N + 4])
    model.update(Y[N + 4 :], X[columns][N + 4 :])
    np.testing.assert_allclose(model.predict(3, X[["kind"]][N + NEW :]), expected, rtol=1e-9)
