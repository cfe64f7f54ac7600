"""``tsforecast models``: every model in a line with its parameters, or all about one."""

import argparse
import difflib
import re
import shutil
import textwrap

from tsforecast.cli.listing.model_docs import ModelDoc, Parameter, model_docs, plain_text

_GROUPS = {
    "model": "models",
    "wrapper": "wrappers: forecasters around others",
    "adapter": "adapters: regressors, functions and models of other libraries",
}
_FILE_WIDTH = 100  # columns where the output is no terminal
_SUCH_AS = re.compile(r"[Ss]uch as ``([^`]+)``")
_HELD = {"forecaster": "SARIMA()", "forecasters": "[Naive(), SARIMA()]", "function": "my_module:my_function"}


def show_models(arguments: list[str]) -> None:
    """Run ``tsforecast models``."""
    parser = argparse.ArgumentParser("tsforecast models", description="The models, and the parameters of each.")
    parser.add_argument("name", nargs="?", help="one model, to be shown whole: SARIMA")
    given = parser.parse_args(arguments)
    width = shutil.get_terminal_size((_FILE_WIDTH, 24)).columns
    docs = model_docs()
    print("\n".join(model_lines(docs, width) if given.name is None else page_lines(_found(given.name, docs), width)))
    if given.name is None:
        if common := _common(docs):
            print(f"\nEach takes {', '.join(common)}, too.")
        print("\ntsforecast models NAME shows one whole. In a command: --models 'SARIMA(order=(0, 1, 1))' LSTM")


def model_lines(docs: list[ModelDoc], width: int, *, with_parameters: bool = True) -> list[str]:
    """The models by group, a line or two for each, then its parameters with their defaults."""
    indent, common = max(len(doc.name) for doc in docs) + 4, _common(docs)
    lines: list[str] = []
    for group, title in _GROUPS.items():
        lines += ["", f"{title}"] if lines else [title]
        for doc in (doc for doc in docs if doc.group == group):
            needs = f" (extra {doc.extra})" if doc.extra else ""
            lines += _wrapped(f"{doc.gist}{needs}", width, f"  {doc.name}".ljust(indent), indent)
            own = [str(parameter) for parameter in doc.parameters if str(parameter) not in common]
            if with_parameters and own:
                lines += _wrapped(", ".join(own), width, " " * (indent + 2), indent + 2)
    return lines


def _common(docs: list[ModelDoc]) -> list[str]:
    """The parameters, with their defaults, that all models have."""
    shown = [list(map(str, doc.parameters)) for doc in docs]
    return [parameter for parameter in shown[0] if all(parameter in own for own in shown)]


def page_lines(doc: ModelDoc, width: int) -> list[str]:
    """All about one model: what it is, its parameters with their defaults and meanings, notes, examples."""
    lines = _wrapped(f"{doc.name}: {plain_text(doc.summary)}", width)
    if doc.extra:
        lines += ["", f"It needs an extra: pip install 'tsforecast[{doc.extra}]'"]
    lines += _prose(doc.sections[""], width)
    lines += ["", "parameters"] if doc.parameters else ["", "It has no parameters."]
    for parameter in doc.parameters:
        lines += [f"  {_headed(parameter)}", *_wrapped(plain_text(parameter.meaning), width, 6 * " ", 6)]
    if "Notes" in doc.sections:
        lines += ["", "notes", *_prose(doc.sections["Notes"], width, "  ")[1:]]
    call = example_call(doc)
    if call:
        quoted = call if "(" not in call else f'"{call}"' if "'" in call else f"'{call}'"
        other = "Naive" if doc.name == "SeasonalNaive" else "SeasonalNaive"
        lines += ["", "on the command line", f"  tsforecast backtest my.csv --models {quoted} {other}"]
    if "Examples" in doc.sections:
        text = doc.sections["Examples"].replace("  # doctest: +SKIP", "")
        imports = [f"from tsforecast import {doc.name}"]
        imports += ["import numpy as np"] if "np." in text and "import numpy" not in text else []
        lines += ["", f"in Python, after: {'; '.join(imports)}", *(f"  {line}".rstrip() for line in text.splitlines())]
    return lines


def example_call(doc: ModelDoc) -> str:
    """A model as ``--models`` takes it, with a parameter; empty where no value is known for one that it needs.

    Examples
    --------
    >>> docs = {doc.name: doc for doc in model_docs()}
    >>> example_call(docs["SARIMA"]), example_call(docs["Conformal"]), example_call(docs["Naive"])
    ('SARIMA(order=(0, 1, 1))', 'Conformal(forecaster=SARIMA())', 'Naive')
    """
    needed = {parameter.name: _value_for(parameter) for parameter in doc.parameters if parameter.default is None}
    usual = {p.name: str(p.default) for p in doc.parameters if p.default is not None and _is_plain(p.default)}
    if "" in needed.values():
        return ""
    shown = needed or dict(list(usual.items())[:1])
    return f"{doc.name}({', '.join(f'{name}={value}' for name, value in shown.items())})" if shown else doc.name


def _value_for(parameter: Parameter) -> str:
    found = _SUCH_AS.search(parameter.meaning)
    return found[1] if found else _HELD.get(parameter.name, "")


def _is_plain(default: str) -> bool:
    return default != "None" and (default[0] in "([{'" or default[0].isdigit())


def _found(name: str, docs: list[ModelDoc]) -> ModelDoc:
    """The model of this name, large or small letters."""
    by_name = {doc.name.lower(): doc for doc in docs}
    if name.lower() in by_name:
        return by_name[name.lower()]
    from tsforecast.exceptions import UnknownNameError  # which imports much

    near = [by_name[one].name for one in difflib.get_close_matches(name.lower(), by_name, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownNameError(f"No model is called {name!r}; {hint}tsforecast models lists them all.")


def _headed(parameter: Parameter) -> str:
    kind = plain_text(parameter.kind.removesuffix(", optional"))
    return f"{parameter}  ({kind})" if kind else str(parameter)


def _prose(text: str, width: int, indent: str = "") -> list[str]:
    """Paragraphs, a blank line before each; items of a list stay lines of their own."""
    lines: list[str] = []
    for paragraph in filter(None, plain_text(text).split("\n\n")):
        items = re.split(r"\n(?=- )", paragraph)
        lines.append("")
        for item in items:
            hang = len(indent) + 2 * item.startswith("- ")
            lines += _wrapped(" ".join(item.split()), width, indent, hang)
    return lines


def _wrapped(text: str, width: int, first: str = "", indent: int = 0) -> list[str]:
    wrapper = textwrap.TextWrapper(
        max(width - 1, 40),
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(text)
