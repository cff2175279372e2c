"""The report's page in a real browser: Debian's chromium, headless, driven by playwright."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browsers
import pytest
from browsers import CLOSE_ENOUGH, FAINT, PHONE, SCREEN, opened
from playwright.sync_api import Browser, Page, ViewportSize
from result_files import benchmarks, document, served, write

from isthmus.reports import build_report
from isthmus.reports.outputs.page import page as page_of

browser = browsers.browser  # a headless chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of four workloads, six variants, a server scenario and two dates."""
    folder = tmp_path_factory.mktemp("page")
    old = document(benchmarks(["resnet-50"])) | {"datetime": "2026-11-02T10:00:00"}
    new = document([*benchmarks(), served("resnet-50", "cpu")])
    files = [write(folder / f"{at}.json", content) for at, content in enumerate((old, new))]
    path = folder / "report.html"
    path.write_text(page_of(build_report(files)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    found = opened(browser, address)
    yield found.page
    assert found.complaints == [] and found.requests == [address]
    found.page.context.close()


def speedups(page: Page) -> Any:
    return page.locator("#table-1 table")


def column(page: Page, name: str) -> list[str]:
    """The column's numbers in the first table, those of hidden rows left out."""
    found: list[str] = speedups(page).evaluate(
        """(table, name) => {
          const header = [...table.tHead.rows[0].cells].find(
            (cell) => cell.textContent.trim() === name);
          return [...table.tBodies[0].rows]
            .filter((row) => !row.matches(".group") && !row.hidden)
            .map((row) => row.cells[header.cellIndex].dataset.value ?? "");
        }""",
        name,
    )
    return found


def header(page: Page, name: str) -> Any:
    return speedups(page).get_by_role("columnheader", name=name, exact=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, SCREEN], ids=["phone", "screen"])
def test_the_page_opens_quietly_and_readable(
    browser: Browser, address: str, scheme: str, viewport: dict[str, int]
) -> None:
    found = opened(browser, address, color_scheme=scheme, viewport=viewport)
    assert found.complaints == [] and found.requests == [address]
    assert found.page.evaluate(FAINT, CLOSE_ENOUGH) == []
    widths = "[document.documentElement.scrollWidth, innerWidth]"
    scrolled, inner = found.page.evaluate(widths)
    assert scrolled <= inner
    found.page.context.close()


def test_the_schemes_differ(browser: Browser, address: str) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        found = opened(browser, address, color_scheme=scheme).page
        papers.add(found.evaluate("getComputedStyle(document.body).backgroundColor"))
        found.context.close()
    assert len(papers) == 2


@pytest.mark.parametrize("viewport", [PHONE, SCREEN], ids=["phone", "screen"])
def test_every_plot_is_seen(browser: Browser, address: str, viewport: dict[str, int]) -> None:
    found = opened(browser, address, viewport=viewport).page
    boxes = [plot.bounding_box() for plot in found.locator("svg.plot").all()]
    assert len(boxes) > 15
    assert all(box and box["width"] > 250 and box["height"] > 20 for box in boxes)
    assert all(box and box["x"] + box["width"] <= viewport["width"] for box in boxes)
    found.context.close()


def test_letters_in_plots_are_large_enough_on_a_phone(browser: Browser, address: str) -> None:
    found = opened(browser, address, viewport=PHONE).page
    heights: list[float] = found.locator("svg.plot text").evaluate_all(
        """texts => texts.map((text) => {
          const to = text.getScreenCTM();
          return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(to.a, to.b);
        })"""
    )
    assert len(heights) > 200 and min(heights) > 10
    found.context.close()


def test_a_column_sorts_by_number_both_ways_and_back(page: Page) -> None:
    before = column(page, "ms")
    header(page, "ms").get_by_role("button").click()
    numbers = [float(value) for value in column(page, "ms") if value]
    assert numbers == sorted(numbers) and max(numbers) > 1000 > 10 > min(numbers)
    assert header(page, "ms").get_attribute("aria-sort") == "ascending"
    header(page, "ms").get_by_role("button").click()
    assert [float(value) for value in column(page, "ms") if value] == numbers[::-1]
    assert header(page, "ms").get_attribute("aria-sort") == "descending"
    header(page, "ms").get_by_role("button").click()
    assert column(page, "ms") == before
    assert header(page, "ms").get_attribute("aria-sort") == "none"


def test_rows_without_a_number_are_last_both_ways(page: Page) -> None:
    for _ in range(2):
        header(page, "max rel. error").get_by_role("button").click()
        found = column(page, "max rel. error")
        empty = [at for at, value in enumerate(found) if not value]
        assert empty and empty == list(range(len(found) - len(empty), len(found)))


def test_a_sorted_row_still_says_its_workload(page: Page) -> None:
    headings = speedups(page).locator("tr.group")
    where = speedups(page).locator("tr:not(.group) .where")
    assert headings.first.is_visible() and not where.first.is_visible()
    header(page, "ms").get_by_role("button").click()
    assert not headings.first.is_visible() and where.first.inner_text() == "mobilenet-v2"


def test_the_keyboard_sorts(page: Page) -> None:
    header(page, "ms").get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert header(page, "ms").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert header(page, "ms").get_attribute("aria-sort") == "descending"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('th').textContent").startswith("requests")


def test_words_filter_the_rows_and_are_counted(page: Page) -> None:
    count, rows = page.locator("#count"), page.locator("tbody tr:not(.group)")
    every = rows.count()
    assert count.inner_text() == f"{every} of {every} rows"
    page.get_by_role("searchbox").fill("Mobilenet jax")
    left = [row for row in rows.all() if row.is_visible()]
    assert 0 < len(left) < every and count.inner_text() == f"{len(left)} of {every} rows"
    texts = [(row.text_content() or "").lower() for row in left]
    assert all("jax" in text and "mobilenet" in text for text in texts)
    assert speedups(page).locator("tr.group:visible").all_inner_texts() == ["mobilenet-v2"]
    page.get_by_role("searchbox").fill("no such words")
    assert count.inner_text() == f"0 of {every} rows"


def test_a_variant_filters_the_tables_that_have_one(page: Page) -> None:
    page.get_by_role("combobox").select_option("torch eager")
    shown = speedups(page).locator("tr:not(.group):visible .name").all_inner_texts()
    assert set(shown) == {"torch eager"}
    prices = page.locator("section", has=page.get_by_role("heading", name="Prices", exact=True))
    assert prices.locator("tbody tr:visible").count() > 3
    header(page, "ms").get_by_role("button").click()
    numbers = [float(value) for value in column(page, "ms") if value]
    assert numbers == sorted(numbers) and len(numbers) == 4


def test_without_scripts_the_page_says_the_same(browser: Browser, address: str) -> None:
    bare = opened(browser, address, java_script_enabled=False)
    full = opened(browser, address)
    for selector in ("td", "h2", "svg.plot", ".verdict", "dd"):
        assert bare.page.locator(selector).count() == full.page.locator(selector).count() > 0
    assert bare.page.locator("#filters").is_hidden() and full.page.locator("#filters").is_visible()
    assert bare.page.locator("th button").count() == 0
    assert bare.complaints == [] and bare.requests == [address]
    for found in (bare, full):
        found.page.context.close()


def test_wide_tables_scroll_inside_and_keep_their_first_column(
    browser: Browser, address: str
) -> None:
    found = opened(browser, address, viewport=PHONE).page
    box, cell = found.locator("#table-1 .scroll"), speedups(found).locator("td.left").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    before = cell.bounding_box()
    box.evaluate("box => box.scrollLeft = 200")
    after = cell.bounding_box()
    assert before and after and abs(before["x"] - after["x"]) < 1
    found.context.close()


@pytest.mark.parametrize("width", [1200, 1300, 1600])
def test_a_screen_s_width_is_used(browser: Browser, address: str, width: int) -> None:
    """The headline has two lines at most, and the two main tables need no scrolling."""
    found = opened(browser, address, viewport={"width": width, "height": 900}).page
    verdict = found.locator(".verdict").evaluate(
        "p => p.getBoundingClientRect().height / parseFloat(getComputedStyle(p).lineHeight)"
    )
    assert round(verdict) <= 2
    for name in ("Speedup over native NumPy", "Isthmus CPU against every peer"):
        box = found.get_by_role("region", name=name)
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    found.context.close()


def test_intervals_stand_below_their_numbers_where_there_is_no_room(page: Page) -> None:
    wide: ViewportSize = {"width": 1600, "height": 900}
    page.set_viewport_size(wide)
    page.wait_for_function("document.querySelectorAll('table.tight').length === 0")
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("document.querySelectorAll('table.tight').length > 3")
    interval = speedups(page).locator("td > small:not(.where)").first
    assert interval.evaluate("small => getComputedStyle(small).display") == "block"
    page.set_viewport_size(wide)
    page.wait_for_function("document.querySelectorAll('table.tight').length === 0")


def test_it_prints_without_its_tools(page: Page, tmp_path: Path) -> None:
    page.emulate_media(media="print")
    assert page.locator("#filters").is_hidden() and page.locator("nav").is_hidden()
    assert page.locator("svg.plot").first.is_visible()
    page.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins
    widths: list[int] = page.locator("table").evaluate_all("all => all.map((t) => t.offsetWidth)")
    assert len(widths) > 5 and max(widths) <= 688
    assert len(page.pdf(path=tmp_path / "page.pdf")) > 10_000
