"""Names of months in German, French, Spanish, Italian, Portuguese and Dutch, in English ones."""

import re
from typing import Any

import pandas as pd

from tsforecast.panel.times.dates import MONTH_NAMES

_NAMES = (  # the first letters of each month that tell it apart, by month
    "jän|janv|enero|ene|gen|genn|janeiro|januari|januar|jan",
    "fév|fev|feb|févr|fevereiro|febrero|febbraio|februari|februar|fevr",
    "mär|mrz|maerz|mars|marzo|março|marco|maart|mrt|mar",
    "avr|abr|abril|aprile|avril|april|apr",
    "mai|mayo|mag|maggio|maio|mei|may",
    "juin|junio|giu|giugno|junho|juni|jun",
    "juil|julio|lug|luglio|julho|juillet|juli|jul",
    "août|aout|ago|agosto|augustus|august|aug",
    "sept|septiembre|set|settembre|setembro|septembre|september|sep",
    "okt|oct|octubre|ott|ottobre|outubro|out|octobre|oktober|october",
    "nov|novembre|noviembre|novembro|november",
    "dez|déc|dec|dic|diciembre|dicembre|dezembro|décembre|decembre|dezember|december",
)
_WORD = re.compile(r"[^\W\d_]{3,}")


def with_english_months(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """Texts with English names of months in place of those of other languages; unchanged where some word is none.

    Examples
    --------
    >>> with_english_months(pd.Series(["März 2024", "2. Mai 2024"])).tolist()
    ['Mar 2024', '2 May 2024']
    >>> with_english_months(pd.Series(["north 2024"])).tolist()
    ['north 2024']
    """
    words = {word for text in texts for word in _WORD.findall(text)}
    months = {word: _month(word) for word in words}
    if not words or all(month is None for month in months.values()):
        return texts
    if all(word.lower()[:3] in {name.lower() for name in MONTH_NAMES} and word.isascii() for word in words):
        return texts
    return pd.Series([_translated(text, months) for text in texts], dtype=object)


def _translated(text: str, months: dict[str, int | None]) -> str:
    for word in _WORD.findall(text):
        month = months[word]
        if month is not None:
            text = re.sub(rf"(?:(?<=\d)\.)?(\s*){word}\.?", rf"\g<1>{MONTH_NAMES[month]}", text, count=1)
    return text


def _month(word: str) -> int | None:
    small = word.lower()
    for month, names in enumerate(_NAMES):
        if any(small.startswith(name) for name in names.split("|")):
            return month
    return None
