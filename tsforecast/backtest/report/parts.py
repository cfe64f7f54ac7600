"""Sentences on what the parts of a model are worth, such as the linear autoregression that a network starts from."""

import math
from collections.abc import Collection, Sequence

import pandas as pd

from tsforecast.backtest.report.markdown_table import markdown_table
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.parts import PartSkill, part_skills
from tsforecast.metrics.metric import ScoreFacts


def part_section(run: RunData, winners: Collection[str] = ()) -> list[str]:
    """The heading of a section, its sentences and a table of skills, for a Markdown page; nothing without parts."""
    told = part_sentences(run, winners)
    if not told:
        return []
    return ["## What their parts are worth", "\n".join(f"- {sentence}" for sentence in told), *_tables(run)]


def part_table(skills: Sequence[PartSkill]) -> pd.DataFrame:
    """Skill of each model against the baseline with more and more of it, ready to print: one row a model.

    Examples
    --------
    >>> known = {"model": "LSTM", "metric": "mase", "baseline": "Naive", "whole": 33.0, "added": 0.0, "n_cells": 30}
    >>> part_table([PartSkill(part="season", alone=4.1, **known), PartSkill(part="linear part", alone=27.0, **known)])
      Model season linear part whole
    0  LSTM    +4%        +27%  +33%
    """
    names = list(dict.fromkeys(one.part for one in skills))
    rows: dict[str, dict[str, str]] = {}
    for one in skills:
        rows.setdefault(one.model, dict.fromkeys(names, "-") | {"whole": _percent(one.whole)})
        rows[one.model][one.part] = _percent(one.alone)
    return pd.DataFrame([{"Model": model, **row} for model, row in rows.items()])


def _tables(run: RunData) -> list[str]:
    """The table of skills in Markdown, where there is a baseline."""
    skills = [one for one in part_skills(run) if one.baseline is not None]
    if not skills:
        return []
    told = f"Skill vs {skills[0].baseline} with only so much of the model, each part with those to the left of it:"
    return [told, markdown_table(part_table(skills))]


def part_sentences(run: RunData, winners: Collection[str] = ()) -> list[str]:
    """One sentence for each model with parts: how much of its skill is that of the largest part, the last.

    Parameters
    ----------
    run : RunData
    winners : collection of str
        Models of which a verdict says that they beat the baseline; the others at most have a smaller average error.
    """
    if not run.metrics or run.cells.empty:
        return []
    largest = {one.model: one for one in part_skills(run)}
    told = [part_sentence(one, run.facts[one.metric], beats=one.model in winners) for one in largest.values()]
    return [sentence for sentence in told if sentence]


def part_sentence(skill: PartSkill, about: ScoreFacts, *, beats: bool = False) -> str:
    """How much of a model's skill against the baseline is that of a part of it; empty where neither has a skill.

    Percents are those of the average score, rounded. ``beats`` says that the model is better than the baseline beyond
    chance; otherwise it is called ahead of it.

    Examples
    --------
    >>> from tsforecast.metrics.choose import usual_facts
    >>> known = {"model": "LSTM", "part": "linear part", "metric": "mase", "baseline": "SeasonalNaive", "n_cells": 30}
    >>> part_sentence(PartSkill(**known, whole=33.1, alone=27.2, added=8.1), usual_facts("mase"), beats=True)
    'Of the 33% by which LSTM beats SeasonalNaive, 27 are its linear part.'
    >>> part_sentence(PartSkill(**known, whole=20.0, alone=26.0, added=-8.1), usual_facts("mase"))
    'LSTM is ahead of SeasonalNaive by 20%, its linear part alone by 26%: the rest of it makes the forecasts worse.'
    >>> part_sentence(PartSkill(**known, whole=-4.0, alone=3.0, added=-7.2), usual_facts("mase"))
    'LSTM is 4% worse than SeasonalNaive on average; its linear part alone is 3% better.'
    >>> part_sentence(PartSkill(**known | {"baseline": None}, whole=math.nan, alone=math.nan, added=4.0),
    ...               usual_facts("mase"))
    'LSTM has 4% less error than its linear part alone.'
    """
    if skill.baseline is None or not (math.isfinite(skill.whole) and math.isfinite(skill.alone)):
        return _against_part(skill, about)
    whole, alone = round(skill.whole), round(skill.alone)
    if whole <= 0:
        named = "as good as" if whole == 0 else f"{-whole}% worse than"
        return f"{skill.model} is {named} {skill.baseline} on average; its {skill.part} alone is {_compared(alone)}."
    verb = "beats" if beats else "is ahead of"
    if alone > whole:
        return (
            f"{skill.model} {verb} {skill.baseline} by {whole}%, its {skill.part} alone by {alone}%: the rest of it "
            "makes the forecasts worse."
        )
    if alone < 0:
        return (
            f"{skill.model} {verb} {skill.baseline} by {whole}%, though its {skill.part} alone is {_compared(alone)}: "
            "all of that is the rest of it."
        )
    told = {0: "none is", whole: "all are"}.get(alone, f"{alone} {'is' if alone == 1 else 'are'}")
    return f"Of the {whole}% by which {skill.model} {verb} {skill.baseline}, {told} its {skill.part}."


def _percent(skill: float) -> str:
    return f"{skill:+.0f}%" if math.isfinite(skill) else "-"


def _compared(skill: int) -> str:
    """A skill against the baseline, named before."""
    return "as good" if skill == 0 else f"{abs(skill)}% {'better' if skill > 0 else 'worse'}"


def _against_part(skill: PartSkill, about: ScoreFacts) -> str:
    """The model against its own part, where there is no baseline."""
    if not math.isfinite(skill.added):
        return ""
    added = round(skill.added)
    if added == 0:
        return f"{skill.model} is as good as its {skill.part} alone."
    less, more = (
        ("less error", "more error") if about.best == "smallest" else (f"more {about.title}", f"less {about.title}")
    )
    return f"{skill.model} has {abs(added)}% {less if added > 0 else more} than its {skill.part} alone."
