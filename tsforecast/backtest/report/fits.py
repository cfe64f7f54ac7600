"""Sentences on what the fits of a run found: the orders chosen, and the share of a network in its forecasts."""

from collections.abc import Iterator

import pandas as pd

from tsforecast.backtest.result.data import RunData

_ORDER = ("p", "d", "q", "P", "D", "Q", "season_length")
_FIT = ["model", "member", "unique_id", "cutoff", "seed"]
_SHOWN = 3  # orders that are named


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
    fits = fits.assign(member=member, fact=name)
    fits = fits[(fits["step"] == 0) & fits["fact"].isin([*_ORDER, "share"])]
    return [
        sentence
        for model in run.models
        for part, own in fits[fits["model"] == model].groupby("member")
        for sentence in _sentences(f"{model}, member {part}," if part else model, own)
    ]


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
