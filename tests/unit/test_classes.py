"""A configuration names classes; they are checked before anything of them is run."""

import dataclasses
import sys

import pytest
from sklearn.linear_model import Ridge

from tsforecast import LSTM, Conformal, Ensemble, Naive, SeasonalNaive, Training, TrueModel, Tuned
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.base import BaseForecaster
from tsforecast.data.process import ArimaProcess
from tsforecast.exceptions import ParameterError, TSForecastError

POPEN = {"class_path": "subprocess:Popen", "init_args": {"args": ["touch", "{target}"]}}
FILE = {"class_path": "io:FileIO", "init_args": {"file": "{target}", "mode": "w"}}
DOTTED = {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", "{target}"]}}
IMPORTED = {"class_path": "evil_module:Evil"}
IMPORTED_DOTTED = {"class_path": "evil_module.Evil"}
RUN_MODULE = {"class_path": "tsforecast.__main__.main"}
PATH = {"class_path": "tsforecast.backtest.store.files.Path", "init_args": {}}
WRITER = {"class_path": "tsforecast.backtest.store.files:FrameWriter", "init_args": {"path": "{target}", "empty": 1}}
ATTACKS = [POPEN, FILE, DOTTED, IMPORTED, IMPORTED_DOTTED, RUN_MODULE, PATH, WRITER]


def of(class_path, **arguments):
    return {"class_path": class_path, "init_args": arguments}


PLACES = {
    "model": lambda bad: bad,
    "argument": lambda bad: of("SeasonalNaive", season_length=bad),
    "list": lambda bad: of("Ensemble", forecasters=[of("Naive"), bad]),
    "conformal": lambda bad: of("Conformal", forecaster=bad),
    "tuned": lambda bad: of("Tuned", forecaster=bad),
    "space": lambda bad: of("Tuned", forecaster=of("Naive"), space={"training": [bad]}),
    "options": lambda bad: of("LSTM", training=bad),
    "inside options": lambda bad: of("LSTM", training=of("Training", optimizer=bad)),
    "preparation": lambda bad: of("LSTM", preparation=of("tsforecast.Preparation", transform=bad)),
    "decoding in a mapping": lambda bad: of("GRU", decoding={"loss": bad}),
    "deep": lambda bad: of("Ensemble", forecasters=[of("Conformal", forecaster=of("Tuned", forecaster=bad))]),
    "process": lambda bad: of("TrueModel", process=bad),
}


def filled(value, target):
    if isinstance(value, dict):
        return {key: filled(item, target) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, target) for item in value]
    return value.replace("{target}", str(target)) if isinstance(value, str) else value


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A module that can be imported and must not be."""
    (tmp_path / "evil_module.py").write_text(
        f"import pathlib\npathlib.Path({str(tmp_path / 'harm')!r}).touch()\n"
        "from tsforecast import Naive\nclass Evil(Naive): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "evil_module", raising=False)
    yield tmp_path
    sys.modules.pop("evil_module", None)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["class_path"])
@pytest.mark.parametrize("place", PLACES)
def test_no_code_is_run_by_the_name_of_a_class(evil, attack, place):
    target = evil / "target"
    target.write_text("precious")
    with pytest.raises(TSForecastError):
        build(PLACES[place](filled(attack, target)), expected=(BaseForecaster,))
    assert target.read_text() == "precious" and not (evil / "harm").exists()


def test_a_trusted_module_is_imported_and_its_forecasters_are_made(evil):
    with pytest.raises(ParameterError, match="--own_code evil_module"):
        build(IMPORTED)
    assert type(build(IMPORTED, expected=(BaseForecaster,), trusted=["evil_module"])).__name__ == "Evil"
    with pytest.raises(TSForecastError):
        build(of("evil_module:open", file="x"), trusted=["evil_module"])


@pytest.mark.parametrize(
    ("description", "told"),
    [
        (of("Panel"), "Panel could not be made: it is no forecaster"),
        (of("RollingOrigin", horizon=1), "no forecaster"),
        (of("Training"), "no forecaster"),
        (of("BacktestResult"), "no forecaster"),
        (of("LSTM", training=of("Naive")), "is no Training"),
        (of("Conformal", forecaster=of("Training")), "is no forecaster"),
        (of("SeasonalNaive", season_length=of("Naive")), "no value of that parameter"),
        (of("sklearn.linear_model:LinearRegression"), "forecaster"),
        (of("BaseForecaster"), "could not be made"),
        (of("SeasonalNaive", season=3), "did you mean season_length"),
        ({"class_path": "Naive", "init_arg": {}}, "init_arg"),
        ({"class_path": "Naive", "init_args": [1]}, "init_args"),
        ({"class_path": "Naive", "init_args": {1: 2}}, "init_args"),
        ({"class_path": 3}, "no name of a class"),
        ({"class_path": None}, "no name of a class"),
        ({"class_path": ["Naive"]}, "no name of a class"),
        ({"class_path": "x" * 10_000}, "no name of a class"),
        ({"class_path": ""}, "No class is called"),
        ({"class_path": "my.Mine"}, "my:Mine"),
        ({"class_path": "tsforecast.nothing.Naive"}, "No class"),
        ({"class_path": "tsforecast..Naive"}, "No class"),
        ({"class_path": "__init__"}, "No class"),
        ({"class_path": "load"}, "No class"),
        ({"class_path": ":Naive"}, "module"),
        ({"class_path": "builtins:eval"}, "No class"),
    ],
    ids=range(25),
)
def test_what_does_not_belong_there_is_refused(description, told):
    with pytest.raises(TSForecastError, match=told):
        build(description, expected=(BaseForecaster,))


@dataclasses.dataclass(frozen=True)
class Width:
    """Options of one's own."""

    value: int = 1


class Own(Naive):
    """A forecaster of one's own, which takes others."""

    def __init__(self, inner=None, width: Width = Width(), regressor: Ridge | None = None):
        self.inner = inner
        self.width = width
        self.regressor = regressor


@pytest.mark.parametrize(
    "model",
    [
        SeasonalNaive(4),
        Ensemble([Naive(), Conformal(SeasonalNaive(2))], how="median"),
        LSTM(training=Training(optimizer="sgd")),
        LSTM(training={"optimizer": "sgd"}),
        TrueModel(ArimaProcess(phi=(0.5,))),
        Tuned(LSTM(), {"training": [Training(), Training(optimizer="sgd")]}),
        Own(SeasonalNaive(3)),
        Own(regressor=Ridge(2.0)),
        Conformal(Own(Own())),
    ],
    ids=repr,
)
def test_what_is_described_can_be_built_again(model):
    sys.modules.setdefault(__name__, sys.modules[type(Own()).__module__])
    assert describe(build(describe(model), expected=(BaseForecaster,))) == describe(model)
