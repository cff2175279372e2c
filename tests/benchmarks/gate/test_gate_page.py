"""The gate's page: everything inside it, every name only a name, bars that agree with verdicts."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import browsers
import pytest
from gate_outcomes import HOSTILE, hostile, many, one_of_each, outcome, verdict
from page_tags import Tags
from playwright.sync_api import Browser

from isthmus.benchmarks.gate.outputs.to_bar import EDGE, bar
from isthmus.benchmarks.gate.outputs.to_page import LARGEST, page
from isthmus.benchmarks.gate.rule.verdict import Kind

VOID = {"meta", "input", "br", "path", "circle", "use"}

browser = browsers.browser  # a headless chromium


def test_the_page_needs_nothing_from_anywhere() -> None:
    text = page(one_of_each())
    for forbidden in ("http:", "https:", "//", "@import", " src=", "<link", "url(", "data:"):
        assert forbidden not in text
    assert text.startswith("<!doctype html>") and "prefers-color-scheme: dark" in text


def test_the_policy_allows_this_script_and_no_other() -> None:
    text = page(one_of_each())
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert f"script-src 'sha256-{digest}'" in policy.replace("&#39;", "'")


def test_the_verdict_is_first_and_how_it_was_measured_last() -> None:
    text = page(one_of_each(warnings=("the clock went back",)))
    body = text[text.index("<body>") :]
    parts = ["failed: 1 regressed", "the clock went back", "test_regressed", "test_equivalent"]
    places = [body.index(part) for part in (*parts, "AMD EPYC 9R14")]
    assert places == sorted(places)


def test_names_are_only_names() -> None:
    text = page(hostile())
    tags = Tags(text, VOID)
    assert tags.balanced and sum(tag == "script" for tag, _ in tags.seen) == 1
    assert not {"b", "failure", "details"} & {tag for tag, _ in tags.seen}
    assert "]]></failure><script>alert(1)</script>" in unescape(text)
    assert not [name for _, given in tags.seen for name in given if name[:2] == "on"]
    assert all(mark not in text for mark in HOSTILE if not mark.isprintable())


@pytest.mark.parametrize("name", ["tests/bench.py::test", "<" * 250])
def test_ten_thousand_benchmarks_fit_and_the_rest_is_counted(name: str) -> None:
    text = page(many(10_000, name=name))
    assert len(text.encode()) <= LARGEST
    rows = text.count('<tr class="regressed')
    (left,) = re.findall(r"([\d,]+) more rows are left out", text)
    assert rows > 500 and rows + int(left.replace(",", "")) == 10_000
    assert Tags(text, VOID).balanced


def test_a_small_page_leaves_nothing_out() -> None:
    assert "left out" not in page(one_of_each())
    assert Tags(page(outcome(control=None, machine={})), VOID).balanced


@pytest.mark.parametrize(
    ("kind", "metric", "inside"),
    [
        ("regressed", "latency_p50_ms", (1, EDGE)),
        ("improved", "latency_p50_ms", (-EDGE, -1)),
        ("equivalent", "latency_p50_ms", (-1, 1)),
        ("regressed", "throughput_per_s", (-EDGE, -1)),
    ],
)
def test_a_bar_stands_where_its_verdict_says(
    kind: Kind, metric: str, inside: tuple[float, float]
) -> None:
    """Regressed is a ratio above 1 here: of throughput, that is better."""
    row = verdict(kind, metric=metric) if kind != "equivalent" else verdict(kind, low=0.98)
    found = bar(row)
    assert found is not None
    left, right = map(float, re.findall(r"^M(\S+) 0H(-?[\d.]+)", found.path)[0])
    assert inside[0] <= left <= found.worse <= right <= inside[1]
    assert found.place == found.worse


def test_a_bar_is_in_margins_of_its_own_row() -> None:
    found = bar(verdict("regressed", ratio=1.05**2, low=1.05, high=1.05**3, margin=0.05))
    assert found is not None and found.path == "M1.00 0H3.00"
    assert found.worse == pytest.approx(2)


def test_what_lies_beyond_the_picture_is_an_arrow() -> None:
    found = bar(verdict("regressed", ratio=9.0, low=0.0, high=math.inf))
    assert found is not None and found.path.startswith("M-6.00 0H6.00M")
    assert found.path.count("M") == 3 and found.place is None and found.worse > EDGE
    assert bar(verdict("missing")) is None
    assert bar(verdict("regressed", margin=None)) is None


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of every kind, two metrics, long names, an unbounded interval and hostile texts."""
    name = "benchmarks/test_models.py::test_inference[bert-base-128-float32-cpu-threads-2]"
    said = outcome(
        verdict("regressed", name),
        verdict("regressed", HOSTILE, reason=HOSTILE, ratio=3.0, low=2.5, high=3.5, head=30.0),
        verdict("inconclusive", "tests/bench.py::test_g", low=0.0, high=math.inf),
        *one_of_each().verdicts,
        *many(40, "equivalent").verdicts,
        verdict("improved", "tests/bench.py::test_h", metric="compile_ms"),
        warnings=("the two sides' machines differ in load_average: 0.1 | 1.9",),
    )
    path = tmp_path_factory.mktemp("gate") / "gate.html"
    path.write_text(page(said), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [browsers.PHONE, browsers.SCREEN], ids=["phone", "screen"])
def test_the_page_opens_quietly_and_readable(
    browser: Browser, address: str, scheme: str, viewport: dict[str, int]
) -> None:
    found = browsers.opened(browser, address, color_scheme=scheme, viewport=viewport)
    assert found.complaints == [] and found.requests == [address]
    assert found.page.evaluate(browsers.FAINT, browsers.CLOSE_ENOUGH) == []
    scrolled, inner = found.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert scrolled <= inner
    found.page.context.close()


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Any]:
    found = browsers.opened(browser, address)
    yield found.page
    assert found.complaints == [] and found.requests == [address]
    found.page.context.close()


def test_bars_are_seen_and_sort_by_how_much_worse(opened: Any) -> None:
    boxes = [each.bounding_box() for each in opened.locator("td.bar svg").all()]
    assert len(boxes) > 45 and all(box["width"] > 100 and box["height"] > 10 for box in boxes)
    header = opened.get_by_role("columnheader", name="better | worse")
    for direction in (1, -1):
        header.get_by_role("button").click()
        values = opened.locator("td.bar[data-value]").evaluate_all(
            "cells => cells.map((cell) => Number(cell.dataset.value))"
        )
        assert values == sorted(values, reverse=direction < 0) and values[0] != values[-1]


def test_a_verdict_and_words_filter_the_rows(opened: Any) -> None:
    opened.get_by_role("combobox").select_option("regressed")
    rows = opened.locator("tbody tr:visible")
    assert rows.count() == 3
    opened.get_by_role("searchbox").fill("bert float32")
    assert rows.count() == 1 and "1 of 50 rows" in opened.locator("#count").inner_text()


def test_pictures_for_the_eye(browser: Browser, address: str, tmp_path: Path) -> None:
    """The picture is not blank: a bar and the band have colours of their own."""
    found = browsers.opened(browser, address).page
    colours = found.locator("tr.regressed td.bar").first.evaluate(
        """(cell) => [cell.querySelector("svg > path"), document.querySelector(".band")].map(
             (part) => getComputedStyle(part))
           .map((style) => style.stroke === "none" ? style.fill : style.stroke)"""
    )
    assert len(set(colours)) == 2 and "none" not in colours
    assert found.screenshot(path=tmp_path / "page.png", full_page=True)
    found.context.close()
