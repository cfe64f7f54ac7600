"""A frame as a Markdown table."""

import pandas as pd


def markdown_table(frame: pd.DataFrame) -> str:
    r"""The frame as a Markdown table of texts; a name with a bar or a line break stays in its cell.

    Examples
    --------
    >>> print(markdown_table(pd.DataFrame({"Model": ["a|b"], "MASE": ["0.9"]})))
    | Model | MASE |
    | --- | --- |
    | a\|b | 0.9 |
    """
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    head, *body = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    rule = "|" + "|".join(" --- " for _ in frame.columns) + "|"
    return "\n".join([head, rule, *body])


def _cell(value: object) -> str:
    return " ".join(str(value).split("\n")).replace("|", "\\|")
