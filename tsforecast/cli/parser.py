"""Parser: an option parser that reports errors in one line."""

import re
import sys
from typing import NoReturn

from jsonargparse import ArgumentParser

_NOUNS = {"int": "whole number", "float": "number", "NoneType": "whole number", "str": "text", "bool": "yes or no"}


class Parser(ArgumentParser):
    """A parser of jsonargparse that reports errors in one plain line, without types and the list of options."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the error in one line and exit with code 2."""
        text = " ".join(message.split())
        wrong = re.search(r'Parser key "(\w+)".*?Expected a <class \'(\w+)\'>.*(?:Given|Got) value: (.*)', text)
        if wrong is not None:
            text = f"--{wrong[1]} {wrong[3]}: this is no {_NOUNS.get(wrong[2], wrong[2])}"
        text = re.sub(r'Parser key "(\w+)"', r"--\1", text)
        print(f"{self.prog}: error: {text}", file=sys.stderr)
        raise SystemExit(2)
