"""Reports of very many benchmarks: first pictures, tables that can be read, files with all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from isthmus.reports import Report, build_report
from isthmus.reports.display import Cell, Table, cut, few_lines
from isthmus.reports.outputs import terminal
from isthmus.reports.outputs.markdown import markdown
from isthmus.reports.outputs.report_files import contents
from isthmus.reports.plots.drawing import draw
from isthmus.reports.plots.points import MOST_LINES, MOST_PANELS, few

VARIANTS = ("numpy", "cpu", "openvino-by-hand", "torch-eager")


def own(at: int) -> dict[str, Any]:
    """An entry of ours: every fourth is of another workload, whose outputs are wrong in some."""
    workload, variant = f"work-{at // 4}", VARIANTS[at % 4]
    rounds = [
        [(1 + at % 4) * (0.01 + 1e-4 * each + 1e-3 * turn) for each in range(3)]
        for turn in range(3)
    ]
    facts = {"workload": workload, "variant": variant, "batch": 1, "precision": "f32", "threads": 2}
    return {
        "name": f"{workload}[{variant}]",
        "fullname": f"isthmus::{workload}[{variant}]",
        "stats": {"median": 0.01},
        "extra_info": {**facts, "parity_max_rel_error": 1e-2 if at % 3 else 1e-6, "rounds": rounds},
    }


def foreign(at: int) -> dict[str, Any]:
    """A test of pytest-benchmark's."""
    data = [0.01 + 1e-4 * ((7 * at + each) % 13) for each in range(12)]
    name = f"test_it[{at}]"
    return {"name": name, "fullname": f"t.py::{name}", "stats": {"median": 0.01, "data": data}}


def reported(folder: Path, entry: Any, count: int, **options: Any) -> Report:
    path = folder / "results.json"
    info = {"isthmus": {"fingerprint": {"cpu_model": "Example CPU 9000", "cores": 2}}}
    entries = [entry(at) for at in range(count)]
    path.write_text(json.dumps({"machine_info": info, "benchmarks": entries}))
    return build_report([path], **options)


def printed(report: Report) -> str:
    written = io.StringIO()
    terminal.show(report, Console(file=written, width=200, soft_wrap=True, highlight=False))
    return written.getvalue()


@pytest.mark.parametrize(("entry", "count"), [(own, 800), (foreign, 800)])
def test_a_picture_has_the_first_panels_and_says_how_many_more(
    tmp_path: Path, entry: Any, count: int
) -> None:
    drawings = [each for each in draw(reported(tmp_path, entry, count)) if each.panels]
    assert "distribution" in {each.plot.name for each in drawings}
    for drawing in drawings:
        assert len(drawing.panels) <= MOST_PANELS + 1, "and a legend"
        assert drawing.left_out > 0
        assert f"{drawing.left_out:,} more are in the tables alone." in drawing.caption


def test_what_is_left_out_is_counted() -> None:
    groups = {at: [*range(MOST_LINES + 2), 0] for at in range(MOST_PANELS + 3)}
    kept, left_out = few(groups, lambda thing: thing)
    assert list(kept) == list(range(MOST_PANELS))
    assert kept[0] == [*range(MOST_LINES), 0]
    assert left_out == MOST_PANELS * 2 + 3 * (MOST_LINES + 3)


@pytest.mark.parametrize("entry", [own, foreign])
def test_tables_can_be_read(tmp_path: Path, entry: Any) -> None:
    report = reported(tmp_path, entry, 800)
    said, text = printed(report), markdown(report)
    assert len(said.splitlines()) < 800 and "more rows are left out here; --out DIR" in said
    assert "more rows are left out here; the CSV files" in text
    if entry is own:
        assert "geometric mean" in said, "the last rows of the table, and the first to read"
        assert len(report.warnings) > 20 and "more like these" in said


@pytest.mark.parametrize("entry", [own, foreign])
def test_files_of_ten_thousand_have_all_and_pages_can_be_opened(tmp_path: Path, entry: Any) -> None:
    files = contents(reported(tmp_path, entry, 10_000, instances=["c5.xlarge"]))
    assert len(files["report.html"]) < 3e6 and len(files["report.md"]) < 1e6
    rows = list(csv.DictReader(io.StringIO(files["speedup.csv"].decode())))
    assert sum(row["workload"] != "geometric mean" for row in rows) == 10_000
    assert len(json.loads(files["report.json"])["speedup"]) == len(rows)


def test_a_table_keeps_its_strong_rows() -> None:
    rows = tuple((Cell(str(at)),) for at in range(10))
    table = Table("t", (Cell("a"),), rows, 1, frozenset({0, 9}), notes=("note",))
    found = cut(table, 4, "all are there")
    assert [row[0].text for row in found.rows] == ["0", "1", "2", "9"]
    assert found.strong == {0, 3}
    assert found.notes == ("6 more rows are left out here; all are there.", "note")
    assert cut(table, 10, "") is table
    assert few_lines(["a", "b", "c"], 2) == ["a", "b", "And 1 more like these."]
    assert few_lines(["a", "b"], 2) == ["a", "b"]
