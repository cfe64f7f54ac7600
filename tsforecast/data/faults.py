"""Faults of a file: collected while it is read, and told in one message with the options that mend them."""

import dataclasses
import re
import shlex
from collections.abc import Sequence

from tsforecast.exceptions import DataError

_MOST = 12  # faults that a message lists
_SHOWN = 3  # examples of a fault
_LONGEST = 60  # characters of a cell in a message


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong, how to mend it, and one choice of options of the command line that does.

    Attributes
    ----------
    what : str
        What was found and where, without a full stop.
    hint : str
        How to mend it, in whole sentences.
    options : tuple of str
        Words of the command line that mend it; none where the file itself must be corrected.
    kind : type of DataError
        Raised where this is the only fault.
    """

    what: str
    hint: str = ""
    options: tuple[str, ...] = ()
    kind: type[DataError] = DataError

    def __str__(self) -> str:
        end = "" if self.what.endswith((".", "!", "?")) else "."
        return f"{self.what}{end} {self.hint}".strip()


class Faults:
    """The faults of one file, in the order in which they were found, each once.

    Examples
    --------
    >>> faults = Faults("sales.csv")
    >>> faults.add(Fault("line 3 is bad", "Leave it out: --skip_lines 3.", ("--skip_lines", "3")))
    >>> faults.raise_if_any()
    Traceback (most recent call last):
    tsforecast.exceptions.DataError: sales.csv: line 3 is bad. Leave it out: --skip_lines 3.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, fault: Fault) -> None:
        """Remember a fault."""
        if fault not in self._found:
            self._found.append(fault)

    def advised(self) -> list[str]:
        """The options that mend all faults that options can mend; values of one option stand together."""
        given: dict[str, list[str]] = {}
        for fault in self._found:
            for option, values in _split(fault.options):
                known = given.setdefault(option, [])
                if option in _LISTS:
                    known += [value for value in values if value not in known]
                else:
                    given[option] = known or values
        return [word for option, values in given.items() for word in (option, *values)]

    def raise_if_any(self) -> None:
        """Raise one error for all faults: of the kind of the fault where there is one, else a `DataError`."""
        if not self._found:
            return
        if len(self._found) == 1:
            fault = self._found[0]
            name = "" if str(fault).startswith(self.name) else f"{self.name}: "
            error = fault.kind(f"{name}{fault}")
        else:
            kinds = {fault.kind for fault in self._found}
            error = (kinds.pop() if len(kinds) == 1 else DataError)("\n".join(self._lines()))
        error.advice = tuple(self.advised())
        raise error

    def _lines(self) -> list[str]:
        count = len(self._found)
        lines = [f"{self.name} has {count} faults:"]
        lines += [f"  {i}. {fault}" for i, fault in enumerate(self._found[:_MOST], 1)]
        if count > _MOST:
            lines.append(f"  and {count - _MOST} more")
        words = self.advised()
        if words:
            rest = [str(i) for i, fault in enumerate(self._found, 1) if not fault.options]
            also = f" (and correct number {', '.join(rest)} in the file)" if rest else ""
            lines.append(f"Options that mend them at once: {_shell(words)}{also}")
        return lines


_LISTS = ("--missing", "--skip_lines", "--drop", "--units")


def _split(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Options and the values that follow each."""
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if word.startswith("--"):
            found.append((word, []))
        else:
            found[-1][1].append(word)
    return found


def _shell(words: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, words))


def shown(parts: Sequence[str], count: int) -> str:
    """A few examples and how many more there are.

    Examples
    --------
    >>> shown(["line 3", "line 9", "line 12"], 5)
    'line 3, line 9, line 12 and 2 more'
    >>> shown(["line 3"], 1)
    'line 3'
    """
    few = list(parts[:_SHOWN])
    return f"{', '.join(few)} and {count - len(few)} more" if count > len(few) else ", ".join(few)


def cut_text(text: str) -> str:
    """A text as one line of at most 60 characters."""
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
