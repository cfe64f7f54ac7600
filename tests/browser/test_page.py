"""The page of a run in a browser: no errors or requests, accessible, sorted and switched by clicks, fit for phones."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.page.page import html_page

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """The page of a run with failures, skipped series and a hostile name."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2015-01-01", periods=60, freq="MS")
    frame = pd.DataFrame(rng.normal(size=(60, 6)).cumsum(axis=0) + 50, index=index).add_prefix("s")
    models = {
        "Naive": Naive(), "Drift": Drift(), "HistoricAverage": HistoricAverage(), "SeasonalNaive": SeasonalNaive(),
        "<b onclick=alert(1)>": Drift(), "Long": SeasonalNaive(100),
    }  # fmt: skip
    run = backtest(models, frame, cv=RollingOrigin(6, n_windows=3), too_short="skip").run
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_page(run))
    return path


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, page_file, request):
    """Opens the page; at the end there must have been no message, and no request but that for the file itself."""
    told, contexts = [], []

    def open_page(width=1280, scheme="light", scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("request", lambda sent: None if sent.url == page_file.as_uri() else told.append(f"asked: {sent.url}"))
        page.goto(page_file.as_uri())
        picture = page_file.with_name(f"{request.node.name.replace('/', '-')}.png")
        page.screenshot(path=picture, full_page=True)
        print(f"Screenshot: {picture}")  # shown where the test fails
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_the_page_is_not_wider_than_the_screen(opened, width, scheme):
    page = opened(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_click_on_a_head_sorts_the_board_and_another_turns_it(opened):
    page = opened()

    def column():
        cells = page.locator("table.board tbody td:nth-child(3)").all()
        return [float(cell.get_attribute("data-v") or "nan") for cell in cells]

    head = page.locator("table.board thead th").nth(2)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    rising = column()
    assert rising[:-1] == sorted(rising[:-1]) and np.isnan(rising[-1])
    head.locator("button").click()
    falling = column()
    assert head.get_attribute("aria-sort") == "descending" and falling[:-1] == sorted(falling[:-1], reverse=True)
    assert np.isnan(falling[-1])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_box_hides_the_lines_of_its_model_with_and_without_scripts(opened, scripts):
    page = opened(scripts=scripts)

    for place in (1, 2):
        sync_api.expect(page.locator(f"#series .model-{place}").first).not_to_have_css("display", "none")
    page.locator("#show-1").uncheck()
    for group in page.locator("#series .model-1").all():
        sync_api.expect(group).to_have_css("display", "none")
    sync_api.expect(page.locator("#series .model-2").first).not_to_have_css("display", "none")


def test_any_series_can_be_chosen_and_all_models_switched_off(opened):
    page = opened()
    page.locator("#series-choice").select_option(index=2)
    name = page.locator("#series-choice option").nth(2).inner_text().partition(" (")[0]
    assert page.locator("#series-picture svg").get_attribute("aria-label").endswith(name)
    page.locator("#series-after").click()
    assert page.locator("#series-choice").evaluate("choice => choice.selectedIndex") == 3
    page.get_by_role("button", name="None").click()
    assert page.locator(".models input:checked").count() == 0


def test_without_scripts_everything_is_there_but_the_browser_of_series(opened):
    page = opened(scripts=False)
    assert page.locator("table.board tbody tr").count() == 6
    assert page.locator("#series figure svg").count() == 3
    assert not page.locator(".browse").is_visible()
    assert page.locator("table.board th button").count() == 0


def test_on_paper_controls_are_left_out(opened):
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible() and not page.locator(".browse").is_visible()
    assert page.locator("table.board").is_visible()
