"""The report in a real browser: nothing is asked of a network, nothing is cut off, everything can be reached."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from increase_eval.reporting.pages import template_folder
from increase_eval.study.study import Study

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (375, 1280)
LONGEST_LINE = 80  # characters: a measure of 65 to 75, and some tolerance for narrow letters


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(params=["en", "fr"])
def file(request: pytest.FixtureRequest, synthetic_study: Study, write: Callable[..., str], tmp_path: Path) -> Path:
    path = tmp_path / f"report.{request.param}.html"
    path.write_text(write(synthetic_study, language=request.param), encoding="utf-8")
    return path


def test_the_page_works_at_every_width(browser: Any, file: Path) -> None:
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 800})
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, to=complaints: to.append(message.text))
        page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
        page.on("request", lambda request, to=asked: to.append(request.url))
        page.goto(file.as_uri())
        assert complaints == []
        assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pictures = page.evaluate("[...document.images].map(i => [i.alt.length > 0, i.naturalWidth > 0])")
        assert pictures and all(all(picture) for picture in pictures)
        lost = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1)))"
        assert page.evaluate(f"{lost}.map(a => a.hash)") == []
        page.close()


def test_a_keyboard_reaches_the_content_first_and_every_scrolling_table(browser: Any, file: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(file.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    scrolling = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).overflowX === 'auto' && "
    assert page.evaluate(f"{scrolling} e.scrollWidth > e.clientWidth && e.tabIndex < 0).length") == 0
    page.close()


def test_lines_are_of_a_length_that_can_be_read(browser: Any, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri())
    # Characters of a paragraph over the lines it takes: the last line is short, so long paragraphs only.
    lengths = page.evaluate(
        """[...document.querySelectorAll('section > p')].filter(p => p.textContent.length > 150).map(p => {
            const range = document.createRange(); range.selectNodeContents(p);
            const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
            return p.textContent.length / lines; })"""
    )
    assert lengths
    assert max(lengths) <= LONGEST_LINE
    page.close()


def test_paper_has_no_links_that_do_nothing_and_says_that_data_are_synthetic(browser: Any, file: Path) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    hidden = page.evaluate("[...document.querySelectorAll('.data-link')].every(e => e.offsetParent === null)")
    assert hidden
    assert page.locator(".synthetic-mark").first.is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.close()


CARDS = """
<figure class="exhibit table cards"><div class="table-scroll"><table>
<thead><tr><th>Outcome</th><th>Verdict</th></tr></thead>
<tbody><tr><th scope="rowgroup" rowspan="2">Mood</th><td class="text" data-head="Verdict">equivalent</td></tr>
<tr><td class="text" data-head="Verdict">a verdict of so many words that a telephone
is too narrow for it (<a href="#inside">Table 1</a>) / (<a href="#inside">Figure 2</a>)</td></tr>
</tbody></table></div></figure>
<details class="folded"><summary>Show the table</summary><p id="inside">12.5</p></details>
"""


def _with_style(browser: Any, width: int) -> Any:
    page = browser.new_page(viewport={"width": width, "height": 800})
    style = (template_folder() / "page.css").read_text(encoding="utf-8")
    page.set_content(f"<style>{style}</style><main>{CARDS}</main>")
    return page


def test_a_telephone_shows_each_row_as_a_card_with_its_heads(browser: Any) -> None:
    page = _with_style(browser, 375)
    scroll = page.locator(".table-scroll")
    assert scroll.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.locator("td").first.evaluate("e => getComputedStyle(e, '::before').content") == '"Verdict"'
    # Words and links of a cell go on as one text: a link stands after a word on its line, or begins the next.
    ends = page.locator("td").last.evaluate(
        "e => [...e.childNodes].filter(n => n.nodeType === 1).map(n => n.getClientRects().length)"
    )
    assert ends == [1, 1]
    wide = _with_style(browser, 1280)
    assert wide.locator("td").first.evaluate("e => getComputedStyle(e, '::before').content") == "none"
    page.close()
    wide.close()


def test_paper_shows_folded_tables_whole(browser: Any) -> None:
    page = _with_style(browser, 1280)
    assert not page.locator("#inside").is_visible()
    page.emulate_media(media="print")
    if not page.evaluate("CSS.supports('selector(details::details-content)')"):
        pytest.skip("this Chromium is older than the way to open what is folded")
    assert page.locator("#inside").is_visible()
    assert not page.locator("summary").is_visible()
    page.close()
