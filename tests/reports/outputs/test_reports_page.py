"""The report as one page: everything inside it, nothing from anywhere, every name only a name."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy
import pytest
from page_tags import Tags
from result_files import VARIANTS, Document, benchmark, benchmarks, document, times, write

from isthmus.reports import Report, build_report, write_report
from isthmus.reports.display import Cell
from isthmus.reports.outputs.page import page, sort_value
from isthmus.reports.plots.style import VARIANTS as LOOKS

HOSTILE = "</script><img src=x onerror=alert(1)>\" onclick='alert(2)' & $x$"
VOID = {"meta", "input", "br", "img"}


def reported(tmp_path: Path, content: Document, **options: Any) -> Report:
    return build_report([write(tmp_path / "results.json", content)], **options)


def many() -> Document:
    """20 workloads under 12 variants, 6 rounds of 5 calls."""
    random, entries = numpy.random.default_rng(0), []
    for at in range(20):
        for rank, variant in enumerate(LOOKS):
            rounds = times(random, 0.01 * (1 + at) * (13 - rank), numpy.ones(6))
            facts = {"model": f"model-{at % 5}", "batch": 2 ** (at // 5), "sequence": 128}
            entries.append(benchmark(f"model-{at % 5}-b{2 ** (at // 5)}", variant, rounds, **facts))
    return document(entries)


def test_the_page_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    text = page(reported(tmp_path, document())).replace("http://www.w3.org/2000/svg", "")
    for forbidden in ("http:", "https:", "//", "@import", " src=", "<link", "url(http", "data:"):
        assert forbidden not in text
    assert text.startswith("<!doctype html>") and "prefers-color-scheme: dark" in text


def test_the_policy_allows_this_script_and_no_other(tmp_path: Path) -> None:
    text = page(reported(tmp_path, document()))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert f"script-src 'sha256-{digest}'" in policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")


def test_the_verdict_is_first_and_the_environment_last(tmp_path: Path) -> None:
    report = reported(tmp_path, document())
    text = page(report)
    body = text[text.index("<body>") :]
    order = [body.index(part) for part in (report.verdict, 'id="speedup"', 'id="table-1"')]
    assert order == sorted(order)
    assert body.rindex("<section") == body.index('<section id="environment"')
    for table in report.tables:
        assert not table.rows or table.title in unescape(body)


def test_tags_are_closed_and_anchors_exist_once(tmp_path: Path) -> None:
    tags = Tags(page(reported(tmp_path, document())), VOID)
    assert tags.balanced
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(attributes["href"])[1:] for tag, attributes in tags.seen if tag == "a"]
    assert len(links) > 8 and set(links) <= set(ids)


def test_every_plot_has_words_for_those_who_cannot_see_it(tmp_path: Path) -> None:
    tags = Tags(page(reported(tmp_path, document())), VOID)
    plots = [attributes for tag, attributes in tags.seen if tag == "svg"]
    assert len(plots) > 10
    assert all(plot["role"] == "img" and len(str(plot["aria-label"])) > 20 for plot in plots)


def test_what_is_not_drawn_has_its_reason(tmp_path: Path) -> None:
    text = page(reported(tmp_path, document(isthmus={"roofline": None})))
    absent = text[text.index('id="absent"') : text.index('id="environment"')]
    assert "History: no workload" in absent and "Roofline: no CPU result" in absent
    assert 'id="roofline"' not in text


def test_names_from_files_are_only_names(tmp_path: Path) -> None:
    entries = [benchmark(HOSTILE, variant, [[0.1, 0.2]] * 3) for variant in ("numpy", HOSTILE)]
    text = page(reported(tmp_path, document(entries, cpu_model=HOSTILE)))
    tags = Tags(text, VOID)
    assert tags.balanced and "onerror" in text
    assert not [tag for tag, _ in tags.seen if tag == "img"]
    assert not [name for _, attributes in tags.seen for name in attributes if name[:2] == "on"]
    assert sum(tag == "script" for tag, _ in tags.seen) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8.21×", "8.21"),
        ("$1,234", "1234"),
        ("4.1e-06", "4.1e-06"),
        ("-1.5 %", "-1.5"),
        ("100 %", "100"),
        ("$.5", ".5"),
        ("-", ""),
        ("missing", ""),
        ("", ""),
        ("c5.xlarge", ""),
        ("2026-07-20", ""),
        ("1× faster than 2", "1"),
    ],
)
def test_a_cell_sorts_by_the_number_it_starts_with(text: str, value: str) -> None:
    assert sort_value(Cell(text, "[1, 2]")) == value
    assert not value or float(value) == float(value)


def test_twenty_workloads_under_twelve_variants_fit_into_a_mail(tmp_path: Path) -> None:
    assert len(page(reported(tmp_path, many())).encode()) < 2_000_000


def test_plots_are_written_beside_the_page(tmp_path: Path) -> None:
    content = document(benchmarks(["resnet-50"], VARIANTS[:2]))
    path = write(tmp_path / "results.json", content)
    paths = write_report([path], tmp_path / "out")
    names = {path.name for path in paths}
    assert {"speedup.svg", "speedup.png", "cost.svg", "distribution.png"} <= names
    assert "history.svg" not in names and all(path.stat().st_size for path in paths)
