"""Strata: divisions of the series by kind, and the scores of every model in each."""

import numpy as np
import pandas as pd

from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.exceptions import DataError


def strata_of(diagnosis: pd.DataFrame) -> dict[str, "pd.Series[object]"]:
    """Divisions of the series by name, each with a label by ``unique_id``; those with a single label are left out.

    Parameters
    ----------
    diagnosis : DataFrame
        One row a series, as `tsforecast.series.diagnose.diagnose` gives it.

    Examples
    --------
    >>> diagnosis = pd.DataFrame({"unique_id": ["a", "b"], "stationarity": ["stationary", "unit root"],
    ...                           "seasonal": [True, True], "n_obs": [50, 80]})
    >>> {name: labels.to_dict() for name, labels in strata_of(diagnosis).items()}
    {'stationarity': {'a': 'stationary', 'b': 'unit root'}, 'length': {'a': 'up to 65', 'b': 'over 65'}}
    """
    rows = diagnosis.set_index("unique_id")
    middle = float(rows["n_obs"].median())
    ways = {
        "stationarity": rows["stationarity"],
        "season": rows["seasonal"].map({True: "seasonal", False: "not seasonal"}),
        "length": pd.Series(
            np.where(rows["n_obs"] <= middle, f"up to {middle:g}", f"over {middle:g}"), index=rows.index, dtype=object
        ),
    }
    return {name: labels for name, labels in ways.items() if labels.nunique() > 1}


def scores_by_stratum(run: RunData, diagnosis: pd.DataFrame) -> pd.DataFrame:
    """Mean score of every model in every stratum: ``division``, ``stratum``, ``n_series``, then a column a model.

    Raises
    ------
    DataError
        All series are of one kind.
    """
    rows = []
    for division, labels in strata_of(diagnosis).items():
        board = leaderboard(run, labels, with_skill=False)
        metric = run.ranking_metric
        for stratum, own in board.groupby("stratum", sort=False):
            scores = own.set_index("model")[metric]
            rows.append(
                {"division": division, "stratum": stratum, "n_series": int((labels == stratum).sum()), **scores}
            )
    if not rows:
        raise DataError("All series are of one kind.")
    return pd.DataFrame(rows)[["division", "stratum", "n_series", *run.models]]
