"""Reads YAML: plain values only, with an error where a text is ambiguous, refers to itself or is too large."""

import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from tsforecast.exceptions import DataError, MissingFileError

_MOST_BYTES = 300_000
_MOST_VALUES = 30_000  # with every alias written out
_DEEPEST = 40
_TOO_MANY = f"YAML of more than {_MOST_VALUES} values, its aliases written out."


def read_yaml(path: str | Path) -> Any:
    """The plain values in a YAML file.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        It is no file of text, or `parse_yaml` refuses what is in it; the message begins with the path.
    """
    place = Path(path)
    try:
        if not place.exists():
            raise MissingFileError(f"{place} is not there.")
        if not stat.S_ISREG(place.stat().st_mode):
            raise DataError(f"{place} is no file of text.")
        with place.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is no text in UTF-8: {error}.") from error
    except (OSError, ValueError) as error:
        if isinstance(error, (DataError, MissingFileError)):
            raise
        raise DataError(f"{place} could not be read: {error}.") from error
    try:
        return parse_yaml(text)
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


def parse_yaml(text: str) -> Any:
    """The plain values in a YAML text.

    Raises
    ------
    DataError
        It is no YAML, asks for an object (a tag such as ``!!python/name``), gives a key twice, refers to itself, nests
        deeper than 40 levels, or is larger than 300,000 characters or, its aliases written out, than 30,000 values.

    Examples
    --------
    >>> parse_yaml("{horizon: 3, level: [80, 95]}")
    {'horizon': 3, 'level': [80, 95]}
    """
    if len(text) > _MOST_BYTES:
        raise DataError(f"YAML of {len(text)} characters is too long; {_MOST_BYTES} are allowed.")
    try:
        return _plain_values(text)
    except yaml.YAMLError as error:
        raise DataError(f"no YAML that can be used: {' '.join(str(error).split())}.") from error
    except RecursionError as error:
        raise DataError(f"YAML nested deeper than {_DEEPEST} levels.") from error
    except DataError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:  # a value its tag belies
        raise DataError(f"YAML with a value that cannot be read: {error}.") from error


def _plain_values(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _size(node, {}, 0)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, and brackets without end before it looks for their end."""

    n_composed = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.n_composed += 1
        if self.n_composed > _MOST_VALUES:
            raise DataError(_TOO_MANY)
        return super().compose_node(parent, index)

    def fetch_flow_collection_start(self, TokenClass: type[yaml.Token]) -> None:
        if self.flow_level > _DEEPEST:
            raise DataError(f"YAML nested deeper than {_DEEPEST} levels.")
        super().fetch_flow_collection_start(TokenClass)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:  # what is not hashable is refused below
                line = key_node.start_mark.line + 1
                raise DataError(f"the key {key!r} stands twice in one mapping (line {line}); keep one of them.")
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _size(node: yaml.Node, known: dict[int, int | None], depth: int) -> int:
    """Values of a node, with aliases written out."""
    if depth > _DEEPEST:
        raise DataError(f"YAML nested deeper than {_DEEPEST} levels.")
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            raise DataError("YAML that refers to itself (an alias inside what it names).")
        return size
    known[id(node)] = None
    children = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1
    for child in children:
        total += _size(child, known, depth + 1)
        if total > _MOST_VALUES:
            raise DataError(_TOO_MANY)
    known[id(node)] = total
    return total
