"""Sentences on what the fits of a run found: orders chosen, shares of networks, and what forecasts are made of."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tsforecast._facts import INPUT_FACT, PART_FACT
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.explanation import inputs_text, parts_text

_ORDER = ("p", "d", "q", "P", "D", "Q", "season_length")
_FIT = ["model", "member", "unique_id", "cutoff", "seed"]
_SHOWN = 3  # orders that are named
_EXPLAINED = 2  # best models whose forecasts are told of


def fit_section(run: RunData) -> list[str]:
    """The heading of a section and its sentences, for a Markdown page; nothing where no fit tells of itself."""
    told = fit_sentences(run)
    return ["## What the fits found", "\n".join(f"- {sentence}" for sentence in told)] if told else []


def fit_sentences(run: RunData) -> list[str]:
    """For each model, or member of one, the orders chosen most often, or the share of the network, over its fits."""
    fits = run.large.fits()
    if fits.empty:
        return []
    member, _, name = zip(*(fact.rpartition("__") for fact in fits["fact"]), strict=True)
    explained = explanation_sentences(run, fits)
    fits = fits.assign(member=member, fact=name)
    fits = fits[(fits["step"] == 0) & fits["fact"].isin([*_ORDER, "share"])]
    found = [
        sentence
        for model in run.models
        for part, own in fits[fits["model"] == model].groupby("member")
        for sentence in _sentences(f"{model}, member {part}," if part else model, own)
    ]
    return found + explained


def explanation_sentences(run: RunData, fits: pd.DataFrame) -> list[str]:
    """What the last forecasts of the best models are made of, for the first series of the run; of at most two."""
    told = fits[fits["fact"].str.startswith((PART_FACT, INPUT_FACT))]
    told = told[(told["seed"].isna()) | (told["seed"] == told["seed"].min())]
    having = set(told["model"])
    best = [model for model in leaderboard(run)["model"] if model in having][:_EXPLAINED] if having else []
    return [_explanation(model, told[told["model"] == model]) for model in best]


def _explanation(model: str, own: pd.DataFrame) -> str:
    """Two sentences, from the facts of one fit."""
    of = own.sort_values("step", kind="stable").groupby("fact", sort=False)["value"]
    values = {str(fact): part.to_numpy(dtype=np.float64) for fact, part in of}
    parts, inputs = (
        {fact[len(kind) :]: part for fact, part in values.items() if fact.startswith(kind)}
        for kind in (PART_FACT, INPUT_FACT)
    )
    text = f"The last forecasts of {own['unique_id'].iloc[0]} by {model} are made of: {parts_text(parts)}."
    return f"{text} {inputs_text(inputs)}" if inputs else text


def _sentences(name: str, own: pd.DataFrame) -> Iterator[str]:
    table = own.drop_duplicates([*_FIT, "fact"]).pivot(index=_FIT, columns="fact", values="value")
    if set(_ORDER) <= set(table):
        yield _orders(name, table)
    if "share" in table:
        share = table["share"]
        spread = (
            "" if len(share) == 1 else f" on average ({share.min():.2f} to {share.max():.2f} over {len(share)} fits)"
        )
        yield (
            f"{name} uses a share of {share.mean():.2f} of its network's output{spread}: at 0 it is the linear "
            "autoregression that it starts from."
        )


def _orders(name: str, table: pd.DataFrame) -> str:
    chosen = table[list(_ORDER)].astype(int).apply(lambda row: _order_text(*row), axis=1)
    counts = chosen.value_counts().rename_axis("order").reset_index(name="n")
    counts = counts.sort_values(["n", "order"], ascending=[False, True])
    if len(table) == 1:
        return f"{name} chose {counts['order'].iloc[0]}."
    shown = ", ".join(f"{order} in {n}" for order, n in counts.head(_SHOWN).itertuples(index=False))
    others = len(counts) - _SHOWN
    rest = f", and {others} other order{'s' * (others > 1)}" if others > 0 else ""
    return f"{name} chose, over {len(table)} fits: {shown}{rest}."


def _order_text(p: int, d: int, q: int, P: int, D: int, Q: int, season_length: int) -> str:
    """An order as it is written.

    Examples
    --------
    >>> _order_text(0, 1, 1, 0, 1, 1, 12), _order_text(2, 0, 0, 0, 0, 0, 1)
    ('(0,1,1)(0,1,1)[12]', '(2,0,0)')
    """
    return f"({p},{d},{q})" + (f"({P},{D},{Q})[{season_length}]" if P + D + Q else "")
