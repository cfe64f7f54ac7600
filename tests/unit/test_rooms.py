"""Private names stay within their room (folder), and a public name is defined once in the whole package."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import tsforecast

PACKAGE = Path(tsforecast.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_bundled" not in path.parts)

# Private names that a module uses from another room, with the reason. An entry that nothing needs any more fails.
PRIVATE_ELSEWHERE = {
    ("tsforecast.models.arima.engines.kernels", "tsforecast.kernels._jit"): "calls kernels through their addresses",
    ("tsforecast.models.arima.search.search", "tsforecast.kernels._jit"): "calls kernels through their addresses",
}

# Public names that are defined in two modules, with the reason. An entry that nothing needs any more fails.
TWICE = {
    "fit": "the two engines of ARIMA have one interface, and their module is chosen by name",
    "forecast": "the two engines of ARIMA have one interface, and their module is chosen by name",
    "one_step": "the two engines of ARIMA have one interface, and their module is chosen by name",
    "loglik": "the two engines of ARIMA have one interface, and their module is chosen by name",
    "load": "a data set, and lanes from memory",
    "Plan": "of a backtest, of a kernel, and of a fit",
    "beginning": "a module's kernel, and what calls it",
    "levels": "a kernel, and what calls it",
    "to_panel": "a table of a kernel, and a caller's series",
    "whiten": "a kernel, and what calls it",
}


def module_of(path):
    parts = ("tsforecast", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(path):
    """The folder of a module, as a dotted name."""
    return ".".join(("tsforecast", *path.relative_to(PACKAGE).parent.parts))


def owner_of(name):
    """The room that the first private part of a dotted name belongs to; None where no part is private."""
    parts = name.split(".")
    private = [k for k, part in enumerate(parts) if part.startswith("_") and not part.endswith("__")]
    if not private:
        return None
    above = ".".join(parts[: private[0]])
    is_module = (PACKAGE.parent / (above.replace(".", "/") + ".py")).exists()
    return above.rpartition(".")[0] if is_module else above


def uses(source):
    """Dotted names of the package that a module imports, or takes as attributes of what it imports."""
    names, known = set(), {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tsforecast":
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "tsforecast"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            names.add(f"{known[node.value.id]}.{node.attr}")
    return names | set(known.values())


def private_uses(path, source):
    """Private names of other rooms that a module uses."""
    room = room_of(path)
    owners = {name: owner_of(name) for name in uses(source)}
    return {n for n, owner in owners.items() if owner is not None and not f"{room}.".startswith(f"{owner}.")}


def test_no_room_uses_a_private_name_of_another():
    wrong, needed = [], set()
    for path in FILES:
        for name in sorted(private_uses(path, path.read_text(encoding="utf-8"))):
            allowed = {(module_of(path), name), (module_of(path), name.rpartition(".")[0])} & set(PRIVATE_ELSEWHERE)
            needed |= allowed
            if not allowed:
                wrong.append(f"{module_of(path)} uses {name}")
    assert wrong == []
    assert set(PRIVATE_ELSEWHERE) - needed == set(), "entries of PRIVATE_ELSEWHERE that nothing uses: remove them"


@pytest.mark.parametrize(
    "source",
    [
        "from tsforecast.panel.panel import _join",
        "from tsforecast.kernels._jit import njit",
        "from tsforecast.panel import panel\nx = panel._join",
        "from tsforecast.panel.panel import Panel\nx = Panel._made",
    ],
)
def test_a_private_name_of_another_room_is_seen(source):
    assert len(private_uses(PACKAGE / "metrics" / "point.py", source)) == 1
    assert private_uses(PACKAGE / "metrics" / "point.py", "from tsforecast._types import Floats") == set()


def public_names(source):
    """Functions, classes and constants at the top of a module that begin with no underscore."""
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def test_a_public_name_stands_at_the_top_of_one_module():
    modules = defaultdict(set)
    for path in FILES:
        for name in public_names(path.read_text(encoding="utf-8")):
            modules[name].add(module_of(path))
    twice = {name: sorted(where) for name, where in modules.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in TWICE} == {}
    assert set(TWICE) - set(twice) == set(), "entries of TWICE that are defined once only: remove them"
