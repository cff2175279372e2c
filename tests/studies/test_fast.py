"""The study of precisions: its figures from a result file, beside their goals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from result_files import benchmark, document

from isthmus.benchmarks.harness.plan import FAST, FAST_OF_ONE, fast_cells
from isthmus.reports import ResultFile, read
from studies import fast

Document = dict[str, Any]


def measured(folder: Path) -> ResultFile:
    """BERT-base and ResNet-50 on some variants, seconds as they stand here."""
    seconds = {
        "cpu": ("f32", 0.20),
        "cpu-int8": ("int8", 0.05),
        "onnxruntime-by-hand": ("f32", 0.25),
        "openvino-by-hand": ("f32", 0.20),
        "openvino-nncf-int8": ("int8", 0.055),
        "mxnet-onednn": ("f32", 0.50),
    }
    entries = [
        benchmark(
            *(workload, variant, [[time, 1.01 * time]] * 3),
            precision=precision,
            accuracy=None if precision == "f32" else {"max_rel_error": 0.01, "cosine": 0.999},
        )
        for workload in ("bert-base-128", "resnet-50")
        for variant, (precision, time) in seconds.items()
    ]
    path = folder / "fast.json"
    path.write_text(json.dumps(document(entries)))
    return read(path)


def test_every_figure_is_of_the_file(tmp_path: Path) -> None:
    found = {figure.name: figure.value for figure in fast.figures(measured(tmp_path))}
    assert found["bert-base-128: auto over ONNX Runtime f32"] == pytest.approx(5)
    assert found["resnet-50: auto over the best peer"] == pytest.approx(1.1)
    assert found["auto over the best peer, mean of 2"] == pytest.approx(1.1)
    assert found["f32 over openvino-by-hand, mean of 2 of 18"] == pytest.approx(1)
    assert found["f32 over onnxruntime-by-hand, mean of 2 of 18"] == pytest.approx(1.25)
    assert found["resnet-50: auto over mxnet-onednn"] == pytest.approx(10)
    assert found["resnet-50: auto over mxnet-plain"] is None
    assert found["bert-base-128: share of the bf16 peak"] is None


def test_a_goal_that_is_not_reached_is_said(tmp_path: Path) -> None:
    lines = list(fast.told(measured(tmp_path)))
    (mxnet,) = [line for line in lines if line.startswith("bert-base-128: auto over mxnet-plain")]
    assert " - " in mxnet and "not measured" in mxnet
    (peer,) = [line for line in lines if line.startswith("auto over the best peer, mean")]
    assert ">= 1.1" in peer


def test_the_plan_has_every_precision_and_no_numpy() -> None:
    cells = fast_cells()
    models = ("bert-base-128", "resnet-50", "mobilenet-v2", "minilm-l6-128")
    assert [cell.workload.name for cell in cells] == [*models, *(f"{name}-b8" for name in models)]
    for cell in cells:
        names = [variant.name for variant in cell.variants]
        assert set(FAST) < set(names) and "numpy" not in names
        assert set(FAST_OF_ONE) <= set(names) or cell.workload.batch > 1


def test_a_batch_alone_can_be_measured() -> None:
    assert fast_cells([1]) + fast_cells([8]) == fast_cells()


def test_what_tuning_chose_is_ours_though_another_was_faster(tmp_path: Path) -> None:
    """It is the choice that is judged, not the best of all that was tried."""
    times = {"auto": 0.20, "cpu-int8": 0.10, "onnxruntime-by-hand": 0.40}
    entries = [
        benchmark(
            *("bert-base-128", variant, [[time, 1.01 * time]] * 3),
            precision="int8" if "int8" in variant else "f32",
            accuracy={"max_rel_error": 0.01, "cosine": 0.999} if "int8" in variant else None,
        )
        for variant, time in times.items()
    ]
    path = tmp_path / "fast.json"
    path.write_text(json.dumps(document(entries)))
    found = {figure.name: figure.value for figure in fast.figures(read(path))}
    assert found["bert-base-128: auto over ONNX Runtime f32"] == pytest.approx(2)
