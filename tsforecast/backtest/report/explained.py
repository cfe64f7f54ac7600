"""Sentences on what the last forecasts of the best models of a run are made of."""

import numpy as np
import pandas as pd

from tsforecast._facts import INPUT_FACT, PART_FACT
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.explanation import inputs_text, parts_text

_MOST = 2  # models that are told of


def explanation_section(run: RunData) -> list[str]:
    """The heading of a section and its sentences, for a Markdown page; nothing where no model tells."""
    told = explanation_sentences(run)
    return ["## What forecasts are made of", "\n".join(f"- {sentence}" for sentence in told)] if told else []


def explanation_sentences(run: RunData) -> list[str]:
    """What the forecasts of the best models are made of, for the first series of the run at its last fit."""
    fits = run.large.fits()
    told = fits[fits["fact"].str.startswith((PART_FACT, INPUT_FACT))] if len(fits) else fits
    having = set(told["model"])
    best = [model for model in leaderboard(run)["model"] if model in having][:_MOST] if having else []
    return [_explanation(model, told[told["model"] == model]) for model in best]


def _explanation(model: str, own: pd.DataFrame) -> str:
    """Two sentences, from the facts of the first seed."""
    own = own[own["seed"].isna() | (own["seed"] == own["seed"].min())].sort_values("step", kind="stable")
    values = {str(fact): part.to_numpy(dtype=np.float64) for fact, part in own.groupby("fact", sort=False)["value"]}
    parts, inputs = (
        {fact[len(kind) :]: part for fact, part in values.items() if fact.startswith(kind)}
        for kind in (PART_FACT, INPUT_FACT)
    )
    text = f"The last forecasts of {own['unique_id'].iloc[0]} by {model} are made of: {parts_text(parts)}."
    return f"{text} {inputs_text(inputs)}" if inputs else text
