"""BacktestResult: the result of a backtest, in memory or read from its run folder."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd

from tsforecast.backtest.compare.decision import Decision
from tsforecast.backtest.compare.verdict import Verdict
from tsforecast.backtest.report.latex import latex_table
from tsforecast.backtest.report.page.page import html_page
from tsforecast.backtest.report.page.pdf import pdf_pages
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.report.timings import timings_page
from tsforecast.backtest.result import analysis, leaderboard
from tsforecast.backtest.result.cube import Cube
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.labels import By
from tsforecast.backtest.result.leaderboard import OnFailure
from tsforecast.backtest.result.plot_methods import PlotMethods
from tsforecast.backtest.result.winner import best_model
from tsforecast.backtest.store.run_files import PAGE, SUMMARY, TIMINGS_PAGE, has_summary, load_run, save_run, write_page
from tsforecast.base import BaseForecaster
from tsforecast.metrics.metric import ScoreFacts


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BacktestResult(PlotMethods):
    """Forecasts, scores, timings and failures of a backtest.

    Attributes
    ----------
    run : RunData
        The tables, the settings and the scores as an array, for analyses of your own. The methods here call functions
        of `tsforecast.backtest.result`, which take it.
    forecasters : mapping of str to BaseForecaster
        The models as they were given, where this process ran them; `best` makes others from the configuration.

    Examples
    --------
    >>> import numpy as np
    >>> from tsforecast import Naive
    >>> from tsforecast.backtest import RollingOrigin, backtest
    >>> backtest(Naive(), np.arange(9.0), cv=RollingOrigin(2, n_windows=2), metrics=["mae"], level=())
    BacktestResult(models=['Naive'], n_series=1, n_windows=2, metrics=['mae'], n_failures=0)
    """

    run: RunData
    forecasters: Mapping[str, BaseForecaster] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"BacktestResult(models={self.models}, n_series={self.n_series}, n_windows={self.run.n_windows}, "
            f"metrics={self.metrics}, n_failures={len(self.failures)})"
        )

    @property
    def timings(self) -> pd.DataFrame:
        """``model``, ``cutoff``, ``seed``, ``n_series``, ``fit_seconds``, ``predict_seconds``.

        A fit that serves several cutoffs is charged to the first.
        """
        return self.run.timings

    @property
    def failures(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``seed``, ``error``, ``message``."""
        return self.run.failures

    @property
    def warnings(self) -> pd.DataFrame:
        """``model``, ``seed``, ``warning``, ``count``."""
        return self.run.warnings

    @property
    def config(self) -> dict[str, Any]:
        """All settings of the run, as `tsforecast backtest --config` reads them."""
        return self.run.config

    @property
    def manifest(self) -> dict[str, Any]:
        """Fingerprint of the data and package versions."""
        return self.run.manifest

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order they were given."""
        return self.run.models

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics as they stand in ``scores``."""
        return self.run.metrics

    @property
    def n_series(self) -> int:
        """Number of series."""
        return self.run.n_series

    @property
    def scores(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``seed``, ``metric``, ``value``.

        One row for every metric of every series and cutoff that a model finished. ``seed`` is the model's
        ``random_state``, 0 for a deterministic one. A value is nan where the metric is not defined (see the metric).
        A pooled metric has two rows, what stands above the line and, as ``NAME:below``, what stands below it. Read from
        the run folder where there is one, at each call: keep what you use.
        """
        return self.run.large.scores()

    @property
    def parts(self) -> pd.DataFrame:
        """``model``, ``part``, ``unique_id``, ``cutoff``, ``seed``, ``metric``, ``value``.

        Scores of the point forecasts of parts of the fitted models (`BaseForecaster.parts`): of a network that starts
        from a linear autoregression, the ``"linear part"``, which is the same fit with the network switched off, and
        ``"season"``, with the autoregression off, too. Parts are not ranked and not in the times. Read from the run
        folder where there is one; no rows in one of an earlier version.
        """
        return self.run.parts

    def fits(self, facts: Collection[str] | None = None) -> pd.DataFrame:
        """What fits tell of themselves (`BaseForecaster.fit_facts`), all or only these ``facts``, one row a number.

        ``model``, ``unique_id`` (as text, empty for what all series share), ``cutoff`` and ``seed`` of the fit,
        ``fact``, ``step`` (0 for a single number, else the epoch or lag, from 1), ``value``. Those of residuals and of
        training are of the first 100 series at the last fit, or of what all series share. Those whose names begin with
        ``part:`` and ``input:`` tell what the forecasts of the first series at the last fit are made of, step by step
        (`BaseForecaster.explain`). Read from the run folder
        where there is one; no rows in one of an earlier version.

        Examples
        --------
        >>> from tsforecast import ARIMA, load
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest(ARIMA(order=(1, 1, 0)), load("nile").series, cv=RollingOrigin(5, n_windows=2), level=())
        >>> result.fits(["converged", "ljung_box_lags"])["value"].tolist()
        [1.0, 1.0, 10.0]
        """
        return self.run.large.fits(facts)

    @property
    def facts(self) -> dict[str, ScoreFacts]:
        """Title, meaning and best value of each column of scores, as saved with the run."""
        return self.run.facts

    @property
    def ranking_metric(self) -> str:
        """The default metric to rank by: the first for which smaller, or greater, is better."""
        return self.run.ranking_metric

    @property
    def cells(self) -> pd.DataFrame:
        """The scores with one row a forecast: ``model``, ``unique_id``, ``cutoff``, ``seed``, then the metrics."""
        return self.run.cells

    @property
    def cube(self) -> Cube:
        """The scores as an array by metric, model, series and cutoff."""
        return self.run.cube

    @property
    def overlap(self) -> int:
        """Number of successive cutoffs whose horizons overlap, so that they are not independent."""
        return self.run.overlap

    @property
    def diagnosis(self) -> pd.DataFrame | None:
        """What kind of series each is (see `tsforecast.series.diagnose`), where the run folder holds it."""
        return self.run.large.diagnosis()

    @property
    def forecasts(self) -> pd.DataFrame:
        """``model``, ``unique_id``, ``cutoff``, ``ds``, ``h``, ``seed``, ``y``, ``mean``, then interval columns.

        Read from the run folder where there is one, at each call: keep what you use.
        """
        full = [frame for model in self.models if len(frame := self.forecasts_of(model))]
        return pd.concat(full, ignore_index=True) if full else self.forecasts_of(self.models[0])

    def forecasts_of(self, model: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of ``forecasts`` of one model; with ``columns`` only these, the names in them as categories."""
        return self.run.large.forecasts_of(model, columns)

    def leaderboard(
        self,
        by: By = None,
        *,
        metric: str | None = None,
        baseline: str | None = None,
        on_failure: OnFailure = "exclude",
    ) -> pd.DataFrame:
        """One row a model, best first, on the series and cutoffs that all models finished.

        Parameters
        ----------
        by : str, mapping or Series, optional
            One leaderboard for each stratum: the name of a static column of the data, or the stratum of each
            ``unique_id``. Series without a value are in no stratum and left out.
        metric : str, optional
            What to rank by; by default the first metric of the run for which smaller, or greater, is better.
        baseline : str, optional
            Model that ``skill`` is measured against; SeasonalNaive or Naive, where they ran, when it is None.
        on_failure : {"exclude", "worst", "baseline"}
            How a failed forecast counts: its series and cutoff are left out for every model; or it gets the score of
            the worst model, or of the baseline, there.

        Returns
        -------
        DataFrame
            With ``by`` first ``stratum``. ``rank``, ``model``, the mean of every metric (over the cutoffs of a series,
            then over series; seeds are averaged first; a pooled metric is one ratio of sums) and, beside the metric
            that ranks, its standard deviation over seeds, called ``mase_sd`` for ``mase`` (of the scores of each seed
            alone on the same series and cutoffs, divided by n - 1; nan for a model with one seed); ``mean_rank`` and
            ``median`` over series by ``metric``, ``skill`` (by how many percent of the baseline's score the score is
            better; nan where scores have both signs) with the ends ``skill_low`` and ``skill_high`` of its 95%
            bootstrap interval (see `tsforecast.backtest.compare.bootstrap`), ``n_cells`` (series x cutoffs that
            count), ``n_missing`` (those that the model did not finish), ``fit_seconds`` and ``predict_seconds`` (of
            all seeds and cutoffs).

        Raises
        ------
        UnknownNameError
            No model, metric or static column has that name.
        ParameterError
            ``metric`` cannot rank, or the static column has over 50 different values.
        DataError
            ``by`` gives no series of the run a stratum.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> from tsforecast.panel import Panel
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> result.leaderboard()[["rank", "model", "mae", "skill"]]
           rank  model  mae  skill
        0     1  Drift  0.0  100.0
        1     2  Naive  1.5    0.0
        >>> regions = pd.DataFrame({"unique_id": ["y0", "y1"], "region": ["north", "south"]})
        >>> panel = Panel.from_array(np.arange(18.0).reshape(9, 2)).with_static(regions)
        >>> result = backtest([Naive(), Drift()], panel, cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> result.leaderboard("region")["stratum"].tolist()
        ['north', 'north', 'south', 'south']
        """
        return leaderboard.leaderboard(self.run, by, metric=metric, baseline=baseline, on_failure=on_failure)

    def to_latex(
        self,
        by: By = None,
        *,
        metric: str | None = None,
        columns: Sequence[str] | None = None,
        caption: str | None = None,
        label: str | None = None,
    ) -> str:
        r"""The leaderboard as a LaTeX table, which needs the package ``booktabs``.

        The best of each column is bold, as are others that read the same: the smallest, the greatest or the one nearest
        to the level of an interval, as the metric says. A model with several seeds has its metrics as mean and standard
        deviation over seeds. Strata stand one beneath the other. All names are escaped; a character that LaTeX has no
        command for, such as a Chinese one, is set by XeLaTeX and LuaLaTeX, and its code is printed by pdfLaTeX.

        Parameters
        ----------
        by, metric
            As for `leaderboard`.
        columns : sequence of str, optional
            Columns of the leaderboard to show; by default those that `tsforecast report` prints, without seconds.
        caption, label : str, optional
            With either of them the ``tabular`` stands in a ``table``. The caption is plain text and is escaped.

        Raises
        ------
        UnknownNameError
            The leaderboard has no such column; otherwise as for `leaderboard`.
        ParameterError
            ``columns`` is empty or names one twice, or ``label`` has a character that LaTeX takes for a command.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> print(result.to_latex(columns=["mae"]))
        \begin{tabular}{lr}
        \toprule
        Model & MAE \\
        \midrule
        Drift & \textbf{0.000} \\
        Naive & 1.500 \\
        \bottomrule
        \end{tabular}
        """
        return latex_table(self.run, by, metric=metric, columns=columns, caption=caption, label=label)

    def best(self, metric: str | None = None) -> BaseForecaster:
        """The model that ranks first, not fitted, with the parameters that it had and the first of its seeds.

        Parameters
        ----------
        metric : str, optional
            What to rank by, as in `leaderboard`.

        Raises
        ------
        DataError
            No model has a rank.
        UnknownNameError, ParameterError
            A run that was loaded does not tell how to make the model: its class is not found or is of a module that was
            not imported, or one of its parameters holds what a configuration cannot, such as a function.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.arange(9.0)
        >>> result = backtest([Naive(), Drift()], y, cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> result.best().fit(y).predict(2).tolist()
        [9.0, 10.0]
        """
        return best_model(self.run, self.forecasters, metric)

    def dm(self, a: str, b: str) -> pd.DataFrame:
        """Diebold-Mariano tests of two models, for each step ahead and for all steps together (``h`` 0).

        The loss is the absolute error over the seasonal scale of the series, seeds averaged; differences are averaged
        over series at each cutoff before they are tested. See `tsforecast.backtest.compare.diebold_mariano`.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.random.default_rng(0).normal(size=60)
        >>> result = backtest([Naive(), Drift()], y, cv=RollingOrigin(2, n_windows=10), metrics=["mase"])
        >>> result.dm("Naive", "Drift")[["h", "n_obs"]].values.tolist()
        [[1, 10], [2, 10], [0, 10]]
        """
        return analysis.diebold_mariano_tests(self.run, a, b)

    def decision(self, metric: str | None = None) -> Decision:
        """Which models are better than which, by a metric: what every verdict, interval and group here rests on.

        All pairs are compared on the series and cutoffs that all models finished, at one error rate of 5% for all of
        them together. See `tsforecast.backtest.compare.decision`.

        Raises
        ------
        DataError
            Fewer than two models finished anything.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import HistoricAverage, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.random.default_rng(0).normal(size=(40, 30))
        >>> result = backtest([Naive(), HistoricAverage()], y, cv=RollingOrigin(2, n_windows=9), metrics=["mase"])
        >>> result.decision().confidence_set()
        ['HistoricAverage']
        """
        return decision_of(self.run, metric)

    def mcs(self, metric: str | None = None) -> pd.DataFrame:
        """The model confidence set: the best model is among those included with a probability of 95%.

        A model is out where another is better, by the `decision`. Columns ``model``, ``mean_loss`` (minus the metric
        where more of it is better) and ``included``, best first.
        """
        return analysis.confidence_set(self.run, metric)

    def verdict(self, a: str | None = None, b: str | None = None, metric: str | None = None) -> Verdict:
        """Whether ``a`` is better than ``b``, worse, or this is undecided, by the `decision`; ``sentence`` says so.

        Without names the best model is compared with the baseline, or with the second best if it is the baseline.
        See `tsforecast.backtest.compare.verdict`.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Naive, SeasonalNaive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> y = np.random.default_rng(0).normal(size=(40, 30)) + np.tile([1.0, 9.0], 20)[:, None]
        >>> cv = RollingOrigin(2, n_windows=3)
        >>> result = backtest([Naive(), SeasonalNaive(2)], y, cv=cv, season_length=2, metrics=["mase"])
        >>> result.verdict("Naive", "SeasonalNaive").conclusion
        'worse'
        """
        return analysis.verdict_of(self.run, a, b, metric)

    def ranks(self, metric: str | None = None) -> pd.DataFrame:
        """Mean ranks over series, and groups of models that the `decision` does not tell apart.

        Columns ``model``, ``mean_rank`` (1 is best, ties share), ``mean_loss`` and ``groups`` (two models that share a
        letter are not told apart), best first.
        """
        return analysis.ranks_of(self.run, metric)

    def pairs(self, metric: str | None = None) -> pd.DataFrame:
        """Every pair of models, by the `decision`.

        Columns ``model_a``, ``model_b``, ``skill`` (percent by which the mean score of a is better) with ``skill_low``
        and ``skill_high``, ``pvalue`` (corrected for all pairs), ``conclusion`` (a is ``"better"``, ``"worse"`` or
        ``"undecided"``) and ``share`` (of series on which a is better).
        """
        return analysis.pairs_of(self.run, metric)

    def calibration(self) -> pd.DataFrame:
        """Coverage of the intervals by model, level and step (``h`` 0: all), with 95% binomial intervals."""
        return analysis.calibration_of(self.run)

    def pit(self, model: str) -> pd.DataFrame:
        """Share of truths between neighbouring quantiles of a model, observed and expected."""
        return analysis.pit_of(self.run, model)

    def steps(self) -> pd.DataFrame:
        """Mean scaled absolute error of every model (a row) at every step ahead (a column), on common cells."""
        return analysis.errors_by_step(self.run)

    def cost(self, metric: str | None = None) -> pd.DataFrame:
        """Accuracy against cost: ``model``, ``score``, ``seconds`` (fit and predict), ``on_front``.

        A model is on the Pareto front where no other is both at least as accurate and at least as fast, and better in
        one of the two. ``seconds`` are per series and cutoff, seeds averaged.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> bool(result.cost().set_index("model").loc["Drift", "on_front"])
        True
        """
        return leaderboard.cost(self.run, metric)

    def seconds(self) -> pd.DataFrame:
        """``model``, ``fit_seconds``, ``predict_seconds``: total seconds of each model."""
        return leaderboard.seconds(self.run)

    def save(self, folder: str | Path) -> Path:
        """Write the result into a new folder: tables, settings, summary and HTML page; the path of the folder.

        Raises
        ------
        RunFolderError
            The folder is not empty, or cannot be written.
        """
        target = Path(folder)
        save_run(self.run, target)
        self.write_summary(target)
        return target

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The result in a run folder; every file is checked against its checksum first.

        A folder written by a version without checksums is read with a warning.

        Raises
        ------
        RunFolderError
            There is none, it is not finished, or a file of it is missing or was changed; the message names it.
        """
        return cls(load_run(Path(folder)))

    @property
    def has_summary(self) -> bool:
        """Whether the manifest lists summary and page; False for a run that was killed just before it was written."""
        return has_summary(self.run)

    def write_summary(self, folder: Path) -> None:
        """Write ``timings.md``, ``summary.md`` and ``report.html``, unless the same texts are there and listed.

        Equal runs have equal summaries to the byte; all that depends on the machine and its load, seconds above all,
        stands in ``timings.md`` and in one section of the page.
        """
        write_page(self.run, folder, TIMINGS_PAGE, timings_page(self.run))
        write_page(self.run, folder, SUMMARY, markdown(self.run))
        write_page(self.run, folder, PAGE, self.to_html())

    def to_html(self) -> str:
        """The result as one HTML page that needs no other file and no network; see ``report.html`` in a run folder."""
        return html_page(self.run)

    def to_pdf(self) -> bytes:
        """The result as a PDF of A4 pages: the verdict, the ranking, and the pictures of the page."""
        return pdf_pages(self.run)
