"""Parser: an option parser that reports errors in one line, and its help."""

import re
import sys
from argparse import Action
from typing import NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter

_NOUNS = {"int": "whole number", "float": "number", "NoneType": "whole number", "str": "text", "bool": "yes or no"}


class PlainHelp(DefaultHelpFormatter):
    """Help texts as written, without the types that jsonargparse adds."""

    def _get_help_string(self, action: Action) -> str:
        return (action.help or "").replace("%%", "%")  # as argparse itself shows them


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
