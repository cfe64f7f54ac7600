"""A parser of options whose errors are one line of plain words."""

import re
import sys
from typing import NoReturn

from jsonargparse import ArgumentParser

_NOUNS = {"int": "whole number", "float": "number", "NoneType": "whole number", "str": "text", "bool": "yes or no"}


class Parser(ArgumentParser):
    """As jsonargparse's, which tells types and the list of all options."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell what was wrong in one line, without the list of all options, and leave with 2."""
        told = " ".join(message.split())
        wrong = re.search(r'Parser key "(\w+)".*?Expected a <class \'(\w+)\'>.*(?:Given|Got) value: (.*)', told)
        if wrong is not None:
            told = f"--{wrong[1]} {wrong[3]}: this is no {_NOUNS.get(wrong[2], wrong[2])}"
        told = re.sub(r'Parser key "(\w+)"', r"--\1", told)
        print(f"{self.prog}: error: {told}", file=sys.stderr)
        raise SystemExit(2)
