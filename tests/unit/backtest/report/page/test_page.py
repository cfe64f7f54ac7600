"""The HTML page of a run: what it holds, that it is escaped, small, whole and the same for equal runs."""

import html.parser
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.cautions import cautions
from tsforecast.backtest.report.page.page import html_page
from tsforecast.backtest.report.page.pdf import pdf_pages
from tsforecast.backtest.report.sentences import set_sentence, verdicts, who_wins
from tsforecast.exceptions import FitError

CV = RollingOrigin(4, n_windows=2)
HOSTILE = "<script>alert('x')</script> \"q\" & $x_1$ שלום 🎈"
VOID = {"meta", "input", "br", "hr", "img", "link"}


class Noisy(HistoricAverage):
    """An average with noise from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        found = super()._predict(panel, horizon, X, levels)
        found.mean[:] += np.random.default_rng(self.random_state).normal(size=found.mean.shape)
        return found


class Failing(Naive):
    """Fails on every series, with a hostile message, and warns."""

    def _fit(self, panel):
        warnings.warn(HOSTILE, RuntimeWarning, stacklevel=1)
        raise FitError(HOSTILE, failures=dict.fromkeys(panel.ids, HOSTILE))


class Reader(html.parser.HTMLParser):
    """The texts, ids, and sections of a page; raises where an element is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.texts, self.tags, self.sections = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.tags.append((tag, told))
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "section":
            self.sections.append(told["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.texts.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    return reader


def walks(n_series=5, n_obs=40):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        rng.normal(size=(n_obs, n_series)).cumsum(axis=0) + 50, columns=[f"s{k}" for k in range(n_series)]
    )
    frame.index = pd.date_range("2020-01-01", periods=n_obs, freq="MS")
    return frame


@pytest.fixture(scope="module")
def run():
    models = {"Naive": Naive(), "Drift": Drift(), "Noisy": Noisy(), "SeasonalNaive": SeasonalNaive(4)}
    return backtest(models, walks(), cv=CV, seeds=2).run


@pytest.fixture(scope="module")
def page(run):
    return html_page(run)


def test_the_page_is_well_formed_and_has_every_section_in_its_order(page):
    reader = read(page)
    assert reader.sections == [
        "verdict", "board", "series", "errors", "steps", "intervals", "ranks", "cost", "seeds", "data", "metrics",
        "repeat",
    ]  # fmt: skip
    links = [told["href"] for tag, told in reader.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links} <= set(reader.ids)


def test_the_sentences_are_those_of_the_summary(run, page):
    told = " ".join("".join(read(page).texts).split())
    board = BacktestResult(run).leaderboard()
    shares = [f"{one.sentence} {one.share_sentence}".strip() for one in verdicts(run, board, most=6)]
    for sentence in [who_wins(run, board), *shares, set_sentence(run), *cautions(run, board)]:
        assert " ".join(sentence.split()) in told


def test_nothing_is_loaded_from_elsewhere(page):
    for tag, told in read(page).tags:
        assert tag not in ("link", "iframe", "object", "embed", "img")
        for name in ("src", "href", "action", "data"):
            assert told.get(name, "#").startswith("#")
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    assert "default-src 'none'" in page


def test_equal_runs_have_equal_pages_apart_from_the_section_on_cost():
    pages = [html_page(backtest([Naive(), Drift()], walks(3), cv=CV).run) for _ in range(2)]
    cost = re.compile(r'<section id="cost".*?</section>', re.DOTALL)
    assert all(cost.search(page) for page in pages)
    assert cost.sub("", pages[0]) == cost.sub("", pages[1])


def test_hostile_names_and_messages_are_text():
    frame = walks(3).rename(columns={"s0": HOSTILE, "s1": "y" * 10_000})
    models = {HOSTILE: Naive(), "z" * 10_000: Drift(), "Failing": Failing()}
    page = html_page(backtest(models, frame, cv=CV).run)
    reader = read(page)
    scripts = [told for tag, told in reader.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "series-data"}, {}]
    assert "<script>alert" not in page
    assert HOSTILE in "".join(reader.texts)
    assert len(page.encode()) < 1_000_000
    json.loads(re.search(r'id="series-data">(.*?)</script>', page, re.DOTALL).group(1))


@pytest.mark.parametrize(
    "given",
    [
        {"models": {"Naive": Naive()}, "data": walks(1)},
        {"models": {"Naive": Naive()}, "data": walks(1), "cv": RollingOrigin(1), "level": ()},
        {"models": {"Failing": Failing()}, "data": walks(2)},
        {"models": {"Naive": Naive(), "Failing": Failing()}, "data": walks(2)},
        {"models": {"Naive": Naive(), "Drift": Drift()}, "data": walks(2) * 0},
        {"models": {"Naive": Naive(), "Drift": Drift()}, "data": walks(2), "metrics": ["wape", "bias"], "level": (50,)},
        {"models": {"Naive": Naive(), "Drift": Drift()}, "data": walks(2), "cv": RollingOrigin(5, 3, step_size=2)},
        {"models": {"Naive": Naive(), "Drift": Drift()}, "data": walks(2), "cv": RollingOrigin(2, 3, step_size=5)},
        {"models": {"Naive": Naive(), "Drift": Drift()}, "data": walks(3), "audit": True, "quantiles": [0.1, 0.9]},
    ],
    ids=["one series", "one step", "all failed", "one failed", "zeros", "pooled", "overlap", "gap", "audit"],
)
def test_every_run_gives_a_sound_page(given):
    reader = read(html_page(backtest(**{"cv": CV, **given}).run))
    assert {"verdict", "board", "data", "repeat"} <= set(reader.sections)


def test_a_run_with_failures_and_hostile_names_gives_a_pdf():
    run = backtest({"$x_1": Naive(), "Failing": Failing()}, walks(2), cv=CV).run
    assert pdf_pages(run).startswith(b"%PDF")
    assert pdf_pages(backtest({"Failing": Failing()}, walks(1), cv=CV).run).startswith(b"%PDF")


def test_failures_and_warnings_are_told():
    page = html_page(backtest({"Naive": Naive(), "Failing": Failing()}, walks(2), cv=CV).run)
    told = "".join(read(page).texts)
    assert "FitError" in told and "RuntimeWarning" in told and "forecasts failed, see below" in told


def test_every_model_can_be_switched_and_has_a_colour(run, page):
    reader = read(page)
    boxes = [told for tag, told in reader.tags if tag == "input"]
    assert [box["id"] for box in boxes] == [f"show-{k}" for k in [int(b["id"][5:]) for b in boxes]]
    assert len(boxes) == len(run.models) and all("checked" in box for box in boxes)
    for k in range(len(run.models)):
        assert f".colour-{k} {{" in page and f"model-{k}" in page


def test_the_page_of_a_hundred_series_is_bounded_and_says_what_was_left_out():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 100)).cumsum(axis=0))
    models = {f"m{k}": Drift() if k % 2 else Naive() for k in range(12)}
    cv = RollingOrigin(12, n_windows=20, step_size=3)
    page = html_page(backtest(models, frame, cv=cv, metrics=["mae"], level=(80,)).run)
    assert len(page.encode()) < 1_000_000
    assert "To keep this page small the first" in "".join(read(page).texts)


def test_the_pdf_of_a_run_is_the_same_each_time(run):
    assert pdf_pages(run) == pdf_pages(run)
