"""Objects of another library are checked before anything of it runs, and come back from their description."""

import importlib

import pytest

from tsforecast import Naive
from tsforecast.backtest.plan.content import content_hash
from tsforecast.backtest.plan.describe import describe
from tsforecast.exceptions import MissingDependencyError, ParameterError, UnknownNameError
from tsforecast.foreign.build import Made, build_foreign, taken_apart
from tsforecast.foreign.library import Library, Source

PLACE = "Adapter.model"


def of(class_path, **arguments):
    return {"class_path": class_path, "init_args": arguments}


def made():
    return importlib.import_module("fakelib.models").made


@pytest.mark.parametrize(
    "wrong",
    [
        of("fakelib.danger.Danger"),
        of("Danger"),
        of("elsewhere.Mean"),
        of("elsewhere:Mean"),
        of("subprocess.Popen", args=["ls"]),
        of("subprocess:Popen", args=["ls"]),
        of("fakelib.models._Hidden"),
        of("_Hidden"),
        of("NoModel"),
        of("fakelib.models.made"),
        of("fakelib.base.Model"),
        of("Absolute"),  # of the library, but no model
        of("Mode.ADD"),
        of(""),
        of("a b"),
        of(3),
        of("Mean" * 200),
        of("Mean", loss=of("Danger")),
        of("Mean", loss=of("elsewhere.Mean")),
        of("Mean", loss=of("Mode.ODD")),
        of("Mean", parts=[of("Mean"), of("subprocess.Popen")]),
        of("Mean", parts={"a": of("Danger")}),
        of("Mean", windw=3),
        of("Mean", loss=of("Absolute", wieght=2.0)),
        {"class_path": "Mean", "init_args": [3]},
        {"class_path": "Mean", "arguments": {"window": 3}},
        {"class_path": "Network", "init_args": {"steps": 1, "sizes": 3}},
    ],
    ids=str,
)
def test_a_class_that_does_not_belong_there_is_refused_before_anything_is_made(library, mark, wrong):
    before = list(made())
    with pytest.raises((ParameterError, UnknownNameError)):
        build_foreign(wrong, library, PLACE)
    assert made() == before and not mark.exists()


def test_an_object_is_made_with_the_objects_inside_it(library):
    loss = of("Absolute", weight=2.0)
    description = of("Mean", window=5, mode=of("Mode.MULTIPLY"), loss=loss, parts=[["a", of("Mean")], ["b", loss]])
    model = build_foreign(description, library, PLACE)
    assert (model.window, model.mode.name, model.loss.weight) == (5, "MULTIPLY", 2.0)
    assert [(name, type(part).__name__) for name, part in model.parts] == [("a", "Mean"), ("b", "Absolute")]


@pytest.mark.parametrize(
    "form", ["Mean", {"Mean": None}, {"Mean": {}}, of("fakelib.models.Mean"), of("fakelib.models:Mean")]
)
def test_a_class_may_be_named_in_several_ways(library, form):
    assert type(build_foreign(form, library, PLACE)).__name__ == "Mean"


def test_a_list_is_a_tuple_where_the_default_is_one(library):
    model = build_foreign(of("Mean", orders=[3, 4], loss=[5]), library, PLACE)
    assert model.orders == (3, 4) and model.loss == [5]


def test_only_a_required_horizon_that_is_not_given_is_that_of_the_run(library):
    assert build_foreign(of("Network"), library, PLACE, 7).steps == 7
    assert build_foreign(of("Network", steps=3), library, PLACE, 7).steps == 3
    assert not hasattr(build_foreign(of("Mean"), library, PLACE, 7), "steps")
    with pytest.raises(ParameterError, match=r"could not make Network: TypeError.*steps"):
        build_foreign(of("Network"), library, PLACE)


def test_an_error_says_which_names_come_near(library):
    with pytest.raises(UnknownNameError, match=r"Adapter.model: fakelib has no class 'Maen'; did you mean Mean\?"):
        build_foreign("Maen", library, PLACE)
    with pytest.raises(ParameterError, match=r"Mean has no argument 'windw'; did you mean window\?"):
        build_foreign(of("Mean", windw=3), library, PLACE)
    with pytest.raises(ParameterError, match=r"Network has no argument 'sizes'; did you mean size\?"):
        build_foreign(of("Network", steps=1, sizes=3), library, PLACE)
    assert build_foreign(of("Network", steps=1, depth=3), library, PLACE).others == {"depth": 3}


def test_what_is_no_object_of_the_library_is_refused(library):
    for wrong in (3, Naive(), Naive):
        with pytest.raises(ParameterError, match=r"Adapter: model=.* is no model of fakelib"):
            build_foreign(wrong, library, PLACE)


def test_a_library_that_is_not_there_is_one_line_that_tells_how_to_install_it():
    absent = Library(Source("no_such_library", ("no_such_library",), ()), extra="none", arguments=vars)
    with pytest.raises(
        MissingDependencyError, match=r"Adapter needs no_such_library.*pip install 'tsforecast\[none\]'"
    ):
        build_foreign("Mean", absent, PLACE)


def test_an_object_is_taken_apart_into_arguments_that_are_not_at_default_whatever_its_state(library):
    description = of("Mean", window=5, mode=of("Mode.MULTIPLY"), loss=of("Absolute"))
    model, again = (build_foreign(description, library, PLACE) for _ in range(2))
    again.state.append(1)
    apart = taken_apart(model, library)
    assert isinstance(apart, Made) and set(apart.arguments) == {"window", "mode", "loss"}
    assert describe(apart) == {
        "class_path": "fakelib.models.Mean",
        "init_args": {
            "window": 5,
            "mode": {"class_path": "fakelib.models.Mode.MULTIPLY"},
            "loss": {"class_path": "fakelib.losses.Absolute"},
        },
    }
    assert describe(taken_apart(build_foreign(describe(apart), library, PLACE), library)) == describe(apart)
    assert content_hash(apart) == content_hash(taken_apart(again, library))
    again.window = 6
    assert content_hash(apart) != content_hash(taken_apart(again, library))


def test_what_has_no_known_arguments_stays_as_it_is(library):
    model = build_foreign("Mean", library, PLACE)
    del model.window
    assert taken_apart(model, library) is model
    assert taken_apart(3, library) == 3
