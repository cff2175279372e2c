"""Agreement with other tools: they run on a small model; no assertion is about time."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.benchmarks.harness import variants
from isthmus.benchmarks.harness.environments import interpreter
from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.errors import IsthmusError, UsageError
from studies import agreement, outside, plain_loop

SIDES = {"ours", "theirs"}


def _prepared(place: Path, size: int) -> Path:
    """A model whose integer input has to be an index and whose float input looks like an image."""
    random = numpy.random.default_rng(0)
    weight = np.asarray(random.random((size, size), dtype=numpy.float32) / size)

    def model(x: Any, ids: Any) -> Any:
        for _ in range(4):
            x = x @ weight
        return np.take(x, ids, axis=1)

    specs = {"x": im.spec("float32", [1, 3, size, size]), "ids": im.spec("int32", [3])}
    im.export(model, specs, place / "model.onnx")
    images = random.random((2, 1, 3, size, size), dtype=numpy.float32)
    ids = numpy.array([[0, 1, 2], [2, 2, 1]], dtype=numpy.int32)
    write_sets(place / "inputs.npz", [{"x": x, "ids": i} for x, i in zip(images, ids, strict=True)])
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _prepared(tmp_path_factory.mktemp("prepared"), 512)


@pytest.mark.parametrize("tool", outside.TOOLS, ids=lambda tool: tool.name)
def test_each_tool_times_the_prepared_model(folder: Path, tool: outside.Tool) -> None:
    found = tool.measure(outside.Terms(folder, 1, 1), sys.executable, outside.nobody)
    assert set(found) == {"calls", "median_ms", "mean_ms"}
    assert found["calls"] > 1
    assert min(found["median_ms"], found["mean_ms"]) > 0


def test_a_time_that_benchmark_app_rounds_too_much_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsthmusError, match=r"too coarse for 0\.\d+ ms"):
        outside.benchmark_app(
            outside.Terms(_prepared(tmp_path, 4), 1, 1), sys.executable, outside.nobody
        )


@pytest.mark.parametrize("tool", outside.TOOLS, ids=lambda tool: tool.name)
def test_a_tool_that_fails_is_named_in_one_line(folder: Path, tmp_path: Path, tool: Any) -> None:
    (tmp_path / "inputs.npz").write_bytes((folder / "inputs.npz").read_bytes())
    (tmp_path / "model.onnx").write_text("no model")
    with pytest.raises(IsthmusError, match=rf"^{tool.name}: ended with code 1: .+") as said:
        tool.measure(outside.Terms(tmp_path, 1, 1), sys.executable, outside.nobody)
    assert "\n" not in str(said.value)


def test_the_plain_loop_has_nothing_of_isthmus() -> None:
    tree = ast.parse(Path(plain_loop.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", alias.name) for node in imports for alias in node.names}
    assert names - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def test_a_repetition_is_a_process_of_each_and_who_begins_alternates(folder: Path) -> None:
    began: list[str] = []

    def tool(terms: outside.Terms, python: str, beside: outside.Beside) -> outside.Found:
        began.append(python)
        return outside.plain_loop(terms, sys.executable, beside)

    terms = outside.Terms(folder, 1, 1)
    found = [
        agreement.compare("tiny", number, outside.Tool("t", "openvino-by-hand", tool), terms)
        for number in (0, 1)
    ]
    assert [one["first"] for one in found] == ["ours", "theirs"]
    assert min(one["theirs"]["calls"] for one in found) > 1
    assert began == [str(interpreter(variants.find(["openvino-by-hand"])[0].environment))] * 2, (
        "the interpreter of the variant"
    )
    assert all(one["ours"]["calls"] > 1 and one["ours"]["median_ms"] > 0 for one in found)


def _entries(workload: str, ours: list[float], theirs: list[float]) -> list[dict[str, Any]]:
    return [
        {"workload": workload, "tool": "t", "ours": {"median_ms": a}, "theirs": {"median_ms": b}}
        for a, b in zip(ours, theirs, strict=True)
    ]


def test_three_per_cent_of_difference_is_agreement_and_four_is_not() -> None:
    near = _entries("near", [10.29, 20.4, 10.29], [10.0, 20.0, 10.0])
    far = _entries("far", [10.4, 20.8, 10.4], [10.0, 20.0, 10.0])
    rows = agreement.summary([*near, *far])
    assert [row["agrees"] for row in rows] == [True, False]
    assert rows[0]["ours_over_theirs"] == pytest.approx(1.029)
    low, high = rows[0]["interval_95"]
    assert low < 1.026 < high
    assert [line.split()[0] for line in agreement.table(rows).splitlines()[1:]] == ["near", "far"]


def test_too_few_repetitions_make_no_row() -> None:
    assert agreement.summary(_entries("w", [1.0, 1.0], [1.0, 1.0])) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--repetitions", "2"],
        ["--seconds", "0"],
        ["--threads", "0"],
        ["--workload", "no-such"],
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=arguments[-1]):
        agreement.main([str(tmp_path / "x.json"), *arguments])
    assert not (tmp_path / "x.json").exists()
