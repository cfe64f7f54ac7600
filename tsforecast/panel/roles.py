"""Roles of covariates: known into the future, known up to the present, or computed from the times."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tsforecast._types import Floats, Index
from tsforecast.exceptions import CovariateError
from tsforecast.panel.categories import Coded, expand, expanded_names, given_names
from tsforecast.panel.covariates import CovariateGaps, check_all_finite, check_gaps_option, check_names, fill_covariates
from tsforecast.panel.times.holiday_columns import holiday_names, holiday_table

if TYPE_CHECKING:
    from tsforecast.panel.panel import Panel

AnyPanel = TypeVar("AnyPanel", bound="Panel")


def with_coded(panel: AnyPanel, coded: Coded, past: Sequence[str] = (), gaps: CovariateGaps = "error") -> AnyPanel:
    """The panel with these covariates, of which those named in ``past`` are known up to the present only.

    Missing values are filled as `Panel.with_covariates` says, those of categories by the last one before in any case.
    """
    check_gaps_option(gaps)
    if not coded.names:
        return panel
    check_names(coded.names)
    texts = [j for j, name in enumerate(coded.names) if name in coded.levels]
    table = fill_covariates(coded.table, panel.indptr, gaps)
    if texts and gaps == "interpolate":
        table[:, texts] = fill_covariates(coded.table[:, texts], panel.indptr, "ffill")
    check_all_finite(table, coded.names, panel.times, panel.indptr, panel.ids, gaps)
    columns, names = expand(coded._replace(table=table))
    levels = {**panel.levels, **coded.levels}
    filled = dataclasses.replace(panel, covariates=columns, covariate_names=check_names(names), levels=levels)
    return with_past(filled, past)


def with_past(panel: AnyPanel, names: Sequence[str]) -> AnyPanel:
    """The panel with some of its covariates as known up to the present only: see `Panel.with_past_covariates`."""
    wanted = expanded_names(names_of(names), panel.levels)
    absent = [name for name in wanted if name not in (*panel.covariate_names, *panel.past_names)]
    if absent:
        known = list(given_names((*panel.covariate_names, *panel.past_names), panel.levels))
        raise CovariateError(f"past_covariates: {absent[0]!r} is no covariate; the data have {known or 'none'}.")
    moved = [j for j, name in enumerate(panel.covariate_names) if name in wanted]
    if not moved or panel.covariates is None:
        return panel
    stay = [j for j in range(len(panel.covariate_names)) if j not in moved]
    past = panel.covariates[:, moved]
    if panel.past_covariates is not None:
        past = np.column_stack([panel.past_covariates, past])
    return dataclasses.replace(
        panel,
        covariates=panel.covariates[:, stay] if stay else None,
        covariate_names=tuple(panel.covariate_names[j] for j in stay),
        past_covariates=past,
        past_names=(*panel.past_names, *(panel.covariate_names[j] for j in moved)),
    )


def with_calendar(panel: AnyPanel, calendar: str | None) -> AnyPanel:
    """The panel with the holidays of a country among its covariates: see `Panel.with_calendar`."""
    if panel.calendar is not None:
        own = holiday_names(panel.freq)
        stay = [j for j, name in enumerate(panel.covariate_names) if name not in own]
        table = np.asarray(panel.covariates)[:, stay] if stay else None
        names = tuple(panel.covariate_names[j] for j in stay)
        panel = dataclasses.replace(panel, covariates=table, covariate_names=names, calendar=None)
    if calendar is None:
        return panel
    table = holiday_table(panel.times, panel.freq, calendar)
    columns = [table] if panel.covariates is None else [panel.covariates, table]
    names = check_names((*panel.covariate_names, *panel.past_names, *holiday_names(panel.freq)))
    n_past = len(panel.past_names)
    ahead = (*names[: len(panel.covariate_names)], *names[len(panel.covariate_names) + n_past :])
    return dataclasses.replace(
        panel, covariates=np.column_stack(columns), covariate_names=ahead, calendar=calendar.strip()
    )


def has_covariates(panel: "Panel") -> bool:
    """Whether a panel has covariates that change over time."""
    return panel.covariates is not None or panel.past_covariates is not None


def like_trained(panel: "Panel", trained: "Panel", what: str = "history has", needed: str = "") -> "Panel":
    """The panel with the roles, the levels and the order of the covariates that training had.

    Raises
    ------
    CovariateError
        Its covariates differ from those of the training series.
    """
    past = given_names(trained.past_names, trained.levels)
    have = given_names((*panel.covariate_names, *panel.past_names), panel.levels)
    if not panel.past_names and set(past) <= set(have):
        panel = with_past(panel, past)
    if trained.calendar is not None:
        panel = with_calendar(panel, trained.calendar)
    panel = with_levels(panel, {**panel.levels, **trained.levels})
    got, wanted = (panel.covariate_names, panel.past_names), (trained.covariate_names, trained.past_names)
    if (set(got[0]), set(got[1])) != (set(wanted[0]), set(wanted[1])):
        shown = [list(given_names((*p.covariate_names, *p.past_names), p.levels)) for p in (panel, trained)]
        raise CovariateError(f"{what} the covariates {shown[0]}; the model was fitted with {shown[1]}{needed}.")
    if got == wanted:
        return panel
    return dataclasses.replace(
        panel,
        covariates=_picked(panel.covariates, got[0], wanted[0], panel.n_obs),
        covariate_names=wanted[0],
        past_covariates=_picked(panel.past_covariates, got[1], wanted[1], panel.n_obs),
        past_names=wanted[1],
    )


def computed_names(panel: "Panel") -> tuple[str, ...]:
    """Names of the columns that follow from the times."""
    return holiday_names(panel.freq) if panel.calendar is not None else ()


def asked_names(panel: "Panel") -> tuple[str, ...]:
    """Names of the columns that a forecast must be given: known ahead, and not computed from the times."""
    own = computed_names(panel)
    return tuple(name for name in panel.covariate_names if name not in own)


def with_holidays(table: Floats | None, panel: "Panel", times: Index) -> Floats:
    """Columns of `asked_names` at some times, ``(n, n_asked)``, completed to those of all covariates of the panel."""
    if panel.calendar is None:
        return np.asarray(table)
    asked, own = asked_names(panel), computed_names(panel)
    computed = holiday_table(times, panel.freq, panel.calendar)
    both = computed if table is None else np.column_stack([table, computed])
    names = (*asked, *own)
    return both[:, [names.index(name) for name in panel.covariate_names]]


def without_unseen(panel: "Panel") -> "Panel":
    """The panel without the levels of categories that no row of it holds."""
    if not panel.levels:
        return panel
    seen = set()
    for table, names in ((panel.covariates, panel.covariate_names), (panel.past_covariates, panel.past_names)):
        seen |= {name for j, name in enumerate(names) if np.any(np.asarray(table)[:, j])}
    levels = {}
    for name, kinds in panel.levels.items():
        columns = expanded_names([name], panel.levels)
        levels[name] = tuple(kind for kind, column in zip(kinds, columns, strict=True) if column in seen)
    return with_levels(panel, levels)


def with_levels(panel: "Panel", levels: dict[str, tuple[str, ...]]) -> "Panel":
    """The panel with other levels of its categories: those that it lacks never occur, those that it loses are 0."""
    ahead = expanded_names(given_names(panel.covariate_names, panel.levels), levels)
    past = expanded_names(given_names(panel.past_names, panel.levels), levels)
    if (ahead, past) == (panel.covariate_names, panel.past_names):
        return dataclasses.replace(panel, levels=levels)
    return dataclasses.replace(
        panel,
        covariates=_picked(panel.covariates, panel.covariate_names, ahead, panel.n_obs),
        covariate_names=ahead,
        past_covariates=_picked(panel.past_covariates, panel.past_names, past, panel.n_obs),
        past_names=past,
        levels=levels,
    )


def _picked(table: Floats | None, names: Sequence[str], wanted: Sequence[str], n_obs: int) -> Floats | None:
    """Columns by name, zeros where there is none; None without names."""
    if not wanted:
        return None
    none = np.zeros(n_obs)
    return np.column_stack([none if n not in names else np.asarray(table)[:, names.index(n)] for n in wanted])


def names_of(names: Sequence[str] | str) -> tuple[str, ...]:
    """Names of columns as a tuple; one name may stand alone."""
    return (names,) if isinstance(names, str) else tuple(str(name) for name in names)
