"""Auto within the budget: the fastest of ours at any precision, against the best peer's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from result_files import benchmark, document

from isthmus.reports import Report, build_report
from isthmus.reports.display import Cell

Document = dict[str, Any]


def low(seconds: float, variant: str, precision: str, cosine: float = 0.999) -> Document:
    accuracy = {"max_rel_error": 0.02, "cosine": cosine, "items": 128, "weights": "random"}
    return benchmark(
        *("resnet-50", variant, [[seconds, 1.01 * seconds]] * 3),
        precision=precision,
        accuracy=accuracy,
        parity_max_rel_error=0.02,
    )


def f32(seconds: float, variant: str) -> Document:
    return benchmark("resnet-50", variant, [[seconds, 1.01 * seconds]] * 3)


F32 = [
    f32(1.0, "numpy"),
    f32(0.20, "cpu"),
    f32(0.21, "openvino-by-hand"),
    f32(0.24, "onnxruntime-by-hand"),
]


def built(folder: Path, *entries: Document) -> Report:
    path = folder / "head.json"
    path.write_text(json.dumps(document([*F32, *entries])))
    return build_report([path])


def test_the_fastest_of_ours_stands_against_the_fastest_peer(tmp_path: Path) -> None:
    made = built(tmp_path, low(0.05, "cpu-int8", "int8"), low(0.06, "openvino-nncf-int8", "int8"))
    (row,) = made.budget
    assert row.ours is not None and (row.ours.variant, row.ours.precision) == ("cpu-int8", "int8")
    assert row.peer is not None and row.peer.variant == "openvino-nncf-int8"
    assert row.over_peer is not None and row.over_peer.ratio == pytest.approx(1.2)
    assert row.over_onnxruntime is not None and row.over_onnxruntime.ratio == pytest.approx(4.8)
    assert row.over_f32 is not None and row.over_f32.ratio == pytest.approx(4.0)
    assert "Auto within the budget (cosine >= 0.99, top-1 disagreement <= 1 %)" in made.verdict
    assert "4.80× the speed of ONNX Runtime in f32" in made.verdict


def test_what_is_outside_its_budget_is_shown_and_wins_nothing(tmp_path: Path) -> None:
    wrong = low(0.01, "cpu-int8", "int8", cosine=0.5)
    made = built(tmp_path, wrong, low(0.02, "torch-eager-bf16", "bf16", cosine=0.5))
    (row,) = made.budget
    assert row.ours is not None and row.ours.variant == "cpu"
    assert row.peer is not None and row.peer.variant == "openvino-by-hand"
    shown = next(row for row in made.rows if row.variant == "cpu-int8")
    assert shown.speedup is not None and shown.outside == "cosine 0.5000 below 0.99"
    assert made.verdict.startswith("Isthmus CPU is 5.00×")
    assert any("outside the budget of accuracy (cosine 0.5000" in line for line in made.warnings)
    table = next(table for table in made.tables if table.title == "Accuracy of lower precisions")
    assert table.rows[0][3] == Cell("no", "cosine 0.5000 below 0.99")


def test_float32_alone_has_no_such_line(tmp_path: Path) -> None:
    made = built(tmp_path)
    assert made.budget == ()
    assert "budget" not in made.verdict


def test_a_speedup_of_a_lower_precision_is_over_numpy_in_float32(tmp_path: Path) -> None:
    made = built(tmp_path, low(0.05, "cpu-int8", "int8"))
    row = next(row for row in made.rows if row.variant == "cpu-int8")
    assert row.speedup is not None and row.speedup.ratio == pytest.approx(20)
    assert row.by_hand is None, "OpenVINO by hand is of another precision"
    headers = [cell.text for cell in made.tables[0].headers]
    assert headers[2] == "precision"


def test_the_dollars_have_the_line_of_the_cheapest_within_the_budget(tmp_path: Path) -> None:
    made = built(tmp_path, low(0.05, "cpu-int8", "int8"), low(0.01, "cpu-bf16", "bf16", cosine=0.1))
    table = next(table for table in made.tables if table.title.startswith("Dollars"))
    lines = [row[0] for row in table.rows if row[0].text == "auto within the budget"]
    assert lines in ([Cell("auto within the budget", "Isthmus CPU int8, int8")], [])
    priced = {cost.variant for cost in made.costs if cost.proven}
    assert "cpu-bf16" not in priced
