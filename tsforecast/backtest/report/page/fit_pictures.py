"""Pictures of what fits tell of themselves: training curves, gradients, the share of a network, residuals of ARIMAs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tsforecast._texts import number_text
from tsforecast._types import Floats
from tsforecast.backtest.report.page.pictures import Picture
from tsforecast.backtest.result.data import RunData
from tsforecast.plots.canvas import drawing, label, legend_outside, new_figure, shown_name
from tsforecast.plots.rows import draw_seeds, rows_height
from tsforecast.plots.style import FAINT, ModelStyle, model_styles

_CURVES = {
    "loss": ("Training loss", "Mean loss in training by epoch; dashed on the tails that training does not see."),
    "gradient_norm": ("Gradient norms", "Mean norm of the gradient by epoch, before it is clipped."),
}
_SHARE = "Share of the recurrent part in the forecasts, a dot a fit: at 0 only the linear autoregression is left."
_ACF = "Autocorrelation of residuals by lag: the middle over series, and the band that holds 80% of them."
_WIDTH, _HEIGHT = 4.9, 2.7
_ALPHA = 0.05
_TESTS = {"ljung_box_pvalue": "Ljung-Box", "jarque_bera_pvalue": "Jarque-Bera"}


def fit_pictures(run: RunData) -> list[Picture]:
    """Pictures of the fits of networks and of ARIMAs; none where no fit tells of itself."""
    fits = _facts(run, ["loss", "validation_loss", "gradient_norm", "share", "residual_acf"])
    found = [_curve_picture(run, fits, name) for name in _CURVES]
    found += [_share_picture(run, fits), _acf_picture(run, fits)]
    return [picture for picture in found if picture is not None]


def fit_table(run: RunData) -> pd.DataFrame | None:
    """For each model with residual diagnostics, the share of fits that each test of them rejects at 5%."""
    fits = _facts(run, [*_TESTS, "converged"])
    rows = []
    for (_, name), own in fits.groupby(["place", "name"], sort=True):
        values = {fact: part["value"].dropna() for fact, part in own.groupby("fact")}
        tested = {title: values.get(fact, pd.Series(dtype=float)) for fact, title in _TESTS.items()}
        converged = values.get("converged", pd.Series(dtype=float))
        row = {"Model": name, "Fits": str(len(converged)), "At a maximum": _percent(converged == 1.0)}
        row |= {f"{title} below 5%": _percent(one < _ALPHA) for title, one in tested.items()}
        rows.append(row | {"Tested": str(max(len(one) for one in tested.values()))})
    return pd.DataFrame(rows) if rows else None


def _facts(run: RunData, names: list[str]) -> pd.DataFrame:
    """Facts with the name of the model, or of the member of one, and the place of the model in the run."""
    every = run.large.fits()
    member, fact = every["fact"].str.rpartition("__")[[0, 2]].to_numpy(dtype=object).T if len(every) else ([], [])
    fits = every.assign(fact=fact, member=member)
    fits = fits[fits["fact"].isin(names)]
    of_member = np.where(fits["member"] == "", "", ", member " + fits["member"].astype(str))
    return fits.assign(
        name=fits["model"].astype(str) + of_member, place=[run.models.index(model) for model in fits["model"]]
    )


def _percent(values: "pd.Series[bool]") -> str:
    return f"{number_text(100 * float(values.mean()), 0)}%" if len(values) else "-"


def _by_step(own: pd.DataFrame, fact: str) -> "dict[str, Floats]":
    """Steps, and the 10%, 50% and 90% points over fits at each, ``(n_steps,)``; empty where there are no values."""
    groups = own[own["fact"] == fact].dropna(subset=["value"]).groupby("step")["value"]
    if not groups.ngroups:
        return {}
    table = groups.quantile([0.1, 0.5, 0.9]).unstack()
    low, middle, high = (table[q].to_numpy(dtype=np.float64) for q in (0.1, 0.5, 0.9))
    return {"steps": table.index.to_numpy(dtype=np.float64), "low": low, "middle": middle, "high": high}


def _named(run: RunData, fits: pd.DataFrame, fact: str) -> dict[str, tuple[pd.DataFrame, ModelStyle]]:
    """The rows of each model, or member, that has a fact, with its style, in the order of the run."""
    styles = model_styles(run.models)
    having = fits[fits["fact"] == fact]
    names = having.drop_duplicates("name").sort_values(["place", "name"])
    return {
        name: (fits[fits["name"] == name], styles[run.models[place]])
        for name, place in zip(names["name"], names["place"], strict=True)
    }


def _curve_picture(run: RunData, fits: pd.DataFrame, fact: str) -> Picture | None:
    named = _named(run, fits, fact)
    title, about = _CURVES[fact]
    return _lines_picture(named, fact, title, about, "epoch") if named else None


def _acf_picture(run: RunData, fits: pd.DataFrame) -> Picture | None:
    named = _named(run, fits, "residual_acf")
    return _lines_picture(named, "residual_acf", "Residuals", _ACF, "lag") if named else None


def _lines_picture(
    named: Mapping[str, tuple[pd.DataFrame, ModelStyle]], fact: str, title: str, about: str, step: str
) -> Picture:
    """One line a model with the band that holds 80% of its fits."""
    from matplotlib.ticker import MaxNLocator

    is_acf = fact == "residual_acf"
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = figure.add_subplot()
        handles, least = [], np.inf
        for own, style in named.values():
            found = _by_step(own, fact)
            marker = style.marker if found["steps"].size < 30 else ""
            axes.fill_between(found["steps"], found["low"], found["high"], color=style.colour, alpha=0.14, linewidth=0)
            handles += axes.plot(
                found["steps"], found["middle"], color=style.colour, linestyle=style.line, marker=marker, markersize=3.5
            )
            if fact == "loss" and (tails := _by_step(own, "validation_loss")):
                axes.plot(tails["steps"], tails["middle"], color=style.colour, linestyle=(0, (2, 2)), linewidth=1.1)
            least = min(least, float(np.min(found["low"])))
        if is_acf:
            axes.axhline(0.0, color=FAINT[0], linewidth=1.0)
        elif least > 0:
            axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        label(axes, "", step, "autocorrelation" if is_acf else title.lower())
        legend_outside(axes, handles, [shown_name(name) for name in named])
    return Picture(title, about, figure)


def _share_picture(run: RunData, fits: pd.DataFrame) -> Picture | None:
    named = _named(run, fits, "share")
    if not named:
        return None
    values = [own.loc[own["fact"] == "share", "value"].to_numpy(dtype=np.float64) for own, _ in named.values()]
    most = [np.sort(one)[np.unique(np.linspace(0, one.size - 1, 200).astype(int))] for one in values]
    with drawing():
        figure = new_figure(_WIDTH, rows_height(len(named)))
        axes = figure.add_subplot()
        draw_seeds(axes, list(named), most, [style for _, style in named.values()], "share")
        axes.set_xlim(left=min(0.0, *(float(one.min()) for one in most)) - 0.03)
    return Picture("Share of the recurrent part", _SHARE, figure)
