"""The page in a real browser: readable on a phone, in both schemes, without a request, a script or an overlap."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from cost.estimate import estimate
from offline import diff
from offline.against import Baseline, Revision
from offline.plan import Plan
from offline.report import Report
from policy import rules
from report.checkout import Checkout
from report.page import picture, render
from tests.conftest import Planner
from tests.report_plans import network

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # A process for each page takes longer than the page.
    "--renderer-process-limit=1",
]  # fmt: skip
EXECUTABLE = next(filter(None, map(shutil.which, BROWSERS)), None)
HOSTILE = "</pre><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed: apt-get install chromium")
SCRIPT = (Path(__file__).parent / "report_page.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser(files: dict[str, Path]) -> Iterator[BrowserContext]:
    # After the files: Playwright has a loop of its own running, and so has the evaluation of a plan.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield browser.new_context()
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, dev: Plan, prod: Plan, planned: Planner) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    before = network(2, nat="one", stores=["database"])
    after = network(3, nat="none", stores=["cache"], text=HOSTILE)
    texts = {
        "dev": page(dev),
        "prod": page(prod),
        "local": page(planned("local")),
        "hostile": page(planned("dev", {"message": HOSTILE})),
        "changed": page(after, before),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    (folder / "picture.svg").write_text(picture(prod), "utf-8")
    return {**{name: folder / f"{name}.html" for name in texts}, "picture": folder / "picture.svg"}


def page(plan: Plan, before: Plan | None = None) -> str:
    baseline = Baseline(Revision("main", "f" * 40), before) if before else None
    change = diff.compare(before, plan) if before else None
    costs = estimate(plan), estimate(before) if before else None
    return render(Report(plan, rules.check(plan.resources, plan.stack), baseline, change, *costs), Checkout("a" * 40))


def opened(browser: BrowserContext, file: Path, wide: int = 1440, scheme: Any = "light") -> Page:
    page = browser.new_page()
    page.set_viewport_size({"width": wide, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(file.as_uri())
    page.evaluate(SCRIPT)
    return page


EACH = pytest.mark.parametrize("name", ["dev", "prod", "local", "hostile", "changed"])


@EACH
def test_no_request_leaves_and_nothing_is_complained_of(
    browser: BrowserContext, files: dict[str, Path], name: str
) -> None:
    page = browser.new_page()
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(files[name].as_uri(), wait_until="networkidle")
    # The icon is in the page itself.
    assert [url for url in requests if not url.startswith("data:")] == [files[name].as_uri()]
    assert said == []
    page.close()


@EACH
@pytest.mark.parametrize("wide", [360, 800])
def test_the_page_does_not_scroll_sideways(
    browser: BrowserContext, files: dict[str, Path], name: str, wide: int
) -> None:
    page = opened(browser, files[name], wide)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == wide
    # What is wider scrolls within itself, and a keyboard gets there.
    wider = page.evaluate("wider()")
    assert wider
    assert [each for each in wider if not each["reachable"]] == []
    page.close()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
@pytest.mark.parametrize("name", ["dev", "prod", "changed"])
def test_both_schemes_have_their_ground_and_texts_stand_out(
    browser: BrowserContext, files: dict[str, Path], name: str, scheme: str, dark: bool
) -> None:
    page = opened(browser, files[name], scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(ground) < 60) if dark else (min(ground) > 230)
    contrasts = page.evaluate("contrasts()")
    assert len(contrasts) > 200
    assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []
    page.close()


@EACH
def test_every_text_of_the_picture_lies_in_its_box_and_meets_no_other(
    browser: BrowserContext, files: dict[str, Path], name: str
) -> None:
    page = opened(browser, files[name])
    found = page.evaluate("misplaced()")
    assert found["count"] > 3
    assert found["out"] == []
    assert found["over"] == []
    page.close()


def test_what_stands_folded_opens_by_the_keyboard(browser: BrowserContext, files: dict[str, Path]) -> None:
    page = opened(browser, files["dev"])
    first = page.locator("details.resource").first
    inner = first.locator("details.resource").first
    assert not inner.is_visible()
    first.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert inner.is_visible()
    page.close()


@EACH
def test_every_link_leads_to_a_place_on_the_page(browser: BrowserContext, files: dict[str, Path], name: str) -> None:
    page = opened(browser, files[name])
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert len(links) > 6
    assert page.evaluate("links => links.every(l => document.getElementById(l.slice(1)))", links)
    page.locator("nav a", has_text="Permissions").click()
    assert page.evaluate("Math.abs(document.getElementById('permissions').getBoundingClientRect().top) < 60")
    page.close()


@EACH
def test_headings_tables_and_landmarks_are_in_order(browser: BrowserContext, files: dict[str, Path], name: str) -> None:
    page = opened(browser, files[name])
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert page.locator(landmark).count() == 1
    assert page.evaluate("tables().every(each => each.head && each.rows && each.scopes)")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    for id_ in ("picture-title", "picture-words"):
        assert page.evaluate("id => document.getElementById(id).textContent", id_)
    page.close()


def test_a_hostile_message_is_text_and_runs_nowhere(browser: BrowserContext, files: dict[str, Path]) -> None:
    for name in ("hostile", "changed"):
        page = opened(browser, files[name])
        assert "taken" not in page.title()
        assert page.locator("script, img").count() == 0
        # A line of YAML is folded at spaces.
        text = " ".join(page.evaluate("document.body.textContent").split())
        assert "<script>document.title='taken'</script><img src=x" in text
        page.close()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_picture_alone_follows_the_scheme(
    browser: BrowserContext, files: dict[str, Path], scheme: str, dark: bool
) -> None:
    page = opened(browser, files["picture"], scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.querySelector('.ground')).fill.match(/\\d+/g).map(Number)")
    assert (max(ground) < 60) if dark else (min(ground) > 230)
    page.close()


def test_printed_it_is_light_and_has_what_is_folded(browser: BrowserContext, files: dict[str, Path]) -> None:
    page = opened(browser, files["dev"], scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()") == "#fff"
    assert page.locator("details.resource pre").first.evaluate("e => e.getBoundingClientRect().height") > 10
    page.close()


def test_nothing_is_cut_off_on_paper(browser: BrowserContext, files: dict[str, Path]) -> None:
    for name in ("prod", "changed"):
        # A4 with margins, at 96 dots an inch.
        page = opened(browser, files[name], 718)
        page.emulate_media(media="print")
        boxes = "[...document.querySelectorAll('.scroll, pre')]"
        assert page.evaluate(f"{boxes}.filter(e => e.scrollWidth > e.clientWidth + 1).length") == 0
        page.close()


def test_a_phone_shows_the_picture_in_its_natural_size(browser: BrowserContext, files: dict[str, Path]) -> None:
    for name in ("prod", "local"):
        page = opened(browser, files[name], 360)
        shown = page.evaluate("document.querySelector('svg').getBoundingClientRect().width")
        assert shown == pytest.approx(page.evaluate("document.querySelector('svg').viewBox.baseVal.width"))
        page.close()


@pytest.mark.parametrize(("wide", "said"), [(360, True), (960, True), (1200, False)])
def test_a_picture_that_is_wider_than_the_screen_says_so(
    browser: BrowserContext, files: dict[str, Path], wide: int, said: bool
) -> None:
    page = opened(browser, files["prod"], wide)
    assert page.evaluate("(e => e.scrollWidth > e.clientWidth)(document.querySelector('.drawing'))") is said
    assert page.get_by_text("move it sideways").is_visible() is said
