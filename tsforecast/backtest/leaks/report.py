"""AuditReport: what an audit found, as a table and as sentences."""

import dataclasses

import pandas as pd

from tsforecast.backtest.leaks.finding import LEAKS, OTHER_FAULTS
from tsforecast.exceptions import LeakError


@dataclasses.dataclass(frozen=True, repr=False)
class AuditReport:
    """What an audit found.

    Attributes
    ----------
    frame : DataFrame
        One row for each model, seed, check and what was changed in it: ``model, seed, check, changed, found, series,
        cutoff, difference, message``. ``found`` is empty where the forecast did not move, else ``"future"`` (it uses
        values after the cutoff), ``"state"`` (it remembers other fits), ``"truth"`` (it knows the future from
        elsewhere), ``"covariate"`` (it uses covariates that are not known at the cutoff), ``"input"`` (it changes the
        data it is given), ``"random"`` (it draws numbers without a seed) or ``"failed"``. ``difference`` is how far the
        first forecast that moved did, in the unit of the series.

    Examples
    --------
    >>> from tsforecast import Naive, audit
    >>> report = audit(Naive(), [3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 2.0, 3.0])
    >>> report.passed
    True
    >>> print(report.sentence)
    Naive: no forecast moved in 10 checks.
    """

    frame: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether nothing was found in any model: no leak, no chance, no failure."""
        return bool((self.frame["found"] == "").all())

    @property
    def leaks(self) -> bool:
        """Whether a leak was found in any model; numbers drawn without a seed, and failures, are none."""
        return bool(self.frame["found"].isin(list(LEAKS)).any())

    @property
    def models(self) -> pd.DataFrame:
        """One row a model: ``model``, ``found`` (all that was, comma-separated, empty if nothing) and ``sentence``."""
        return pd.DataFrame(
            [
                {
                    "model": name,
                    "found": ", ".join(_kinds(rows)),
                    "sentence": _sentence(str(name), rows),
                }
                for name, rows in self.frame.groupby("model", sort=False)
            ]
        )

    @property
    def sentence(self) -> str:
        """What was found in each model, one line each."""
        return "\n".join(self.models["sentence"])

    def raise_for_leaks(self) -> "AuditReport":
        """The report itself, unless a leak was found.

        Raises
        ------
        LeakError
            A leak was found; the message is the sentences of the models that leak.
        """
        if self.leaks:
            models = self.models
            leaky = models["found"].map(lambda found: bool({*found.split(", ")} & {*LEAKS}))
            raise LeakError("\n".join(models["sentence"][leaky]))
        return self

    def __repr__(self) -> str:
        return f"AuditReport(passed={self.passed})\n{self.sentence}"


def _kinds(rows: pd.DataFrame) -> list[str]:
    found = set(rows["found"])
    return [kind for kind in (*LEAKS, *OTHER_FAULTS) if kind in found]


def _sentence(name: str, rows: pd.DataFrame) -> str:
    kinds = _kinds(rows)
    if not kinds:
        untried = rows["message"].str.startswith("Not possible").sum()
        not_all = f"; {untried} more were not possible" if untried else ""
        return f"{name}: no forecast moved in {len(rows) - untried} checks{not_all}."
    said = []
    for kind in kinds:
        worst = rows[rows["found"] == kind].sort_values("difference", kind="stable").iloc[-1]
        seen = "" if worst["changed"] == "nothing" else f" (seen with {worst['changed']})"
        why = str(worst["message"]).replace("\n", " ")
        said.append(f"{({**LEAKS, **OTHER_FAULTS})[kind]}{seen}. {why}")
    return f"{name} " + " It ".join(said)
