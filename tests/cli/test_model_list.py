"""``tsforecast models``: every model with its parameters, as the classes themselves have them."""

import inspect
import shlex

import pytest

import tsforecast
from tsforecast.base import BaseForecaster
from tsforecast.cli.listing.model_docs import model_docs
from tsforecast.cli.listing.model_list import example_call
from tsforecast.cli.main import main
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import TSForecastError

DOCS = {doc.name: doc for doc in model_docs()}


def shown(capsys, *arguments, columns=80):
    assert main(["models", *arguments]) == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_every_public_forecaster_is_listed_and_nothing_else():
    kinds = {name: getattr(tsforecast, name) for name in tsforecast.__all__}
    forecasters = {n for n, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, BaseForecaster)}
    assert set(DOCS) == forecasters - {"BaseForecaster"}


@pytest.mark.parametrize("name", DOCS)
def test_parameters_are_those_of_the_constructor(name):
    signature = inspect.signature(getattr(tsforecast, name))
    assert [p.name for p in DOCS[name].parameters] == list(signature.parameters)
    for parameter in DOCS[name].parameters:
        default = signature.parameters[parameter.name].default
        if default is inspect.Parameter.empty:
            assert parameter.default is None
        else:
            assert parameter.default == getattr(default, "__name__", repr(default))


@pytest.mark.parametrize("name", DOCS)
def test_every_model_has_a_summary_and_of_every_parameter_something_is_told(name):
    assert DOCS[name].gist and not DOCS[name].gist.endswith((".", ";"))
    assert all(parameter.kind or parameter.meaning for parameter in DOCS[name].parameters)


@pytest.mark.parametrize("name", [name for name in DOCS if not DOCS[name].extra or DOCS[name].group == "wrapper"])
def test_the_example_of_a_command_is_one(name):
    call = example_call(DOCS[name])
    if name == "TrueModel":
        assert call == ""
    elif name == "FunctionForecaster":
        assert call == "FunctionForecaster(function=my_module:my_function)"
    else:
        (model,) = parse_models([call]).values()
        assert type(model).__name__ == name


@pytest.mark.parametrize("name", DOCS)
def test_a_page_has_what_is_known_in_lines_that_fit(name, capsys):
    page = shown(capsys, name.lower())
    doc = DOCS[name]
    assert page.startswith(f"{name}: ")
    for parameter in doc.parameters:
        assert f"  {parameter}" in page
    assert f"from tsforecast import {name}" in page and ">>>" in page
    assert "`" not in page.partition("in Python")[0]
    prose = page.partition("on the command line")[0].partition("in Python")[0]
    assert max(map(len, prose.splitlines())) <= 80
    for line in page.splitlines():
        if line.startswith("  tsforecast backtest"):
            assert shlex.split(line)[4] == example_call(doc)


def test_the_list_names_each_model_with_its_parameters_and_the_extras(capsys):
    text = shown(capsys)
    assert max(map(len, text.splitlines()[:-1])) <= 80
    flat = " ".join(text.split())
    assert "SARIMA Seasonal ARIMA(p, d, q)(P, D, Q)[s] with regressors" in flat
    assert "order=(0, 1, 1), seasonal_order=(0, 1, 1), season_length=None" in flat
    assert "Darts A model of darts (extra darts)" in flat and "Tuned" in flat.partition("adapters:")[0]
    positions = [text.index(f"\n  {name} ") for name in DOCS if DOCS[name].group == "model"]
    assert positions == sorted(positions)


def test_gru_has_the_meanings_that_lstm_gives_its_parameters():
    assert DOCS["GRU"].parameters == DOCS["RNN"].parameters == DOCS["LSTM"].parameters
    assert all(parameter.meaning for parameter in DOCS["GRU"].parameters)
    told = {parameter.name: parameter.meaning for parameter in DOCS["NeuralForecaster"].parameters}
    assert told["bptt_length"] == {p.name: p.meaning for p in DOCS["LSTM"].parameters}["bptt_length"]


def test_an_unknown_model_is_bad_usage_with_near_names_and_the_command(capsys):
    assert main(["models", "SARMIA"]) == 2
    told = capsys.readouterr().err
    assert "'SARMIA'; did you mean SARIMA" in told and "tsforecast models lists" in told
    with pytest.raises(TSForecastError, match="`tsforecast models` lists the models"):
        parse_models(["SARMIA"])


def test_help_of_backtest_lists_the_models_and_the_defaults_within_the_width(capsys):
    with pytest.raises(SystemExit) as leave:
        main(["backtest", "--help"])
    assert not leave.value.code
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert all(f"\n  {name} " in text for name in DOCS)
    assert "without --models: Naive, SeasonalNaive" in text and "without --horizon" in text
    assert "\n  tsforecast backtest my.csv\n" in text
