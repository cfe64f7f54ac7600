"""Models on the command line: calls inside calls."""

import pytest

from tsforecast import Conformal, Drift, Ensemble, Naive, SeasonalNaive
from tsforecast.backtest.plan.describe import describe
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import ParameterError, TSForecastError


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("Conformal(forecaster=Drift())", Conformal(Drift())),
        ("Conformal(forecaster=Drift, calibration_size=12)", Conformal(Drift(), calibration_size=12)),
        ("Ensemble(forecasters=[Naive(), SeasonalNaive(season_length=4)])", Ensemble([Naive(), SeasonalNaive(4)])),
        ("Ensemble(forecasters=(tsforecast.Naive(), Drift))", Ensemble([Naive(), Drift()])),
    ],
)
def test_an_argument_may_be_a_model_in_turn(text, model):
    assert describe(parse_models([text])[text]) == describe(model)


@pytest.mark.parametrize(
    "text",
    [
        "Conformal(forecaster=Drift(3))",
        "Conformal(forecaster=Drift(**{}))",
        "Conformal(forecaster=(lambda: Drift)())",
        "Conformal(forecaster=[Drift][0])",
        "Conformal(forecaster=Drift().fit)",
        "Conformal(forecaster=Drift() or 1)",
        "Conformal(forecaster=f'{1}')",
        "SeasonalNaive(4)",
    ],
)
def test_what_is_neither_a_call_by_name_nor_a_value_is_refused(text):
    with pytest.raises(ParameterError, match="neither a class name nor one with arguments by name"):
        parse_models([text])


@pytest.mark.parametrize("text", ["Conformal(forecaster=open())", "Conformal(forecaster=os.system(command='ls'))"])
def test_a_call_inside_a_call_is_looked_up_as_any_class(text):
    with pytest.raises(TSForecastError, match="No class is called"):
        parse_models([text])
