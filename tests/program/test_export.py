"""Exported files: what a bare runtime makes of them, and what cannot be exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import openvino
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import FileError, UsageError
from isthmus.onnx.write.model_file import PAGE_BYTES, write
from isthmus.program.export import export

onnxruntime = pytest.importorskip("onnxruntime")

random = numpy.random.default_rng(0)
WEIGHT = random.standard_normal((32, 48), numpy.float32)
TABLE = random.standard_normal((50, 48), numpy.float32)
SPECS = {"ids": im.spec("int32", ["batch", "seq"]), "mask": im.spec("float32", ["batch", "seq"])}


def program(ids: Any, mask: Any) -> dict[str, Any]:
    x = np.take(TABLE, ids, axis=0) + np.getitem(TABLE, slice(0, ids.shape[1]))
    y = npx.gelu(npx.fully_connected(x, WEIGHT, None)) * mask[:, :, None]
    return {"hidden": y, "pooled": np.sum(y, axis=1)}


def arguments(batch: int, seq: int) -> dict[str, Any]:
    ids = random.integers(0, 50, (batch, seq), numpy.int32)
    return {"ids": ids, "mask": numpy.ones((batch, seq), numpy.float32)}


def run_bare(path: Path, given: dict[str, Any]) -> dict[str, Any]:
    """The file run by ONNX Runtime alone."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


def assert_equal(found: dict[str, Any], given: dict[str, Any]) -> None:
    wanted = im.compile(program, SPECS, backend="numpy")(**given)
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        numpy.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-4)


def test_onnx_file_is_complete_and_takes_any_size(tmp_path: Path) -> None:
    path = tmp_path / "program.onnx"
    export(program, SPECS, path)
    assert [p.name for p in tmp_path.iterdir()] == ["program.onnx"]
    onnx.checker.check_model(onnx.load(path), full_check=True)
    for batch, seq in [(1, 3), (4, 9)]:
        given = arguments(batch, seq)
        assert_equal(run_bare(path, given), given)


def test_large_weights_go_to_a_file_beside_it_each_on_a_page(tmp_path: Path) -> None:
    path = tmp_path / "program.onnx"
    write(im.trace(program, SPECS).graph, path, inline_bytes=1000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["program.onnx", "program.onnx.data"]
    onnx.checker.check_model(str(path))
    offsets = [
        int(fact.value)
        for tensor in onnx.load(path, load_external_data=False).graph.initializer
        for fact in tensor.external_data
        if fact.key == "offset"
    ]
    assert len(offsets) == 2
    assert all(offset % PAGE_BYTES == 0 for offset in offsets)
    given = arguments(2, 5)
    assert_equal(run_bare(path, given), given)


def test_block_exports_with_its_parameters_names(tmp_path: Path) -> None:
    path = tmp_path / "dense.onnx"
    net = im.nn.Dense(32, 48)
    net.initialize(0)
    export(net, im.spec("float32", ["batch", 48]), path)
    names = [tensor.name for tensor in onnx.load(path).graph.initializer]
    assert sorted(names) == ["bias", "weight"]


def test_openvino_reads_the_ir(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    path = tmp_path / "program.xml"
    export(program, SPECS, path)
    core = openvino.Core()
    compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = arguments(2, 5)
    results = compiled(given)
    assert_equal({name: results[name] for name in ("hidden", "pooled")}, given)


@pytest.mark.parametrize("path", ["program.txt", "program"])
def test_unknown_suffix_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no format has suffix .* give \.onnx or \.xml"):
        export(program, SPECS, tmp_path / path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nowhere is no folder; create it first"):
        export(program, SPECS, tmp_path / "nowhere" / "program.onnx")


def test_path_that_cannot_be_written_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "program.onnx").mkdir()
    with pytest.raises(FileError, match="cannot be written: Is a directory"):
        export(program, SPECS, tmp_path / "program.onnx")


def test_operators_of_the_host_are_named(tmp_path: Path) -> None:
    path = tmp_path / "program.onnx"
    with pytest.raises(UsageError, match=r"cannot hold np\.astype, np\.sum, .*float64"):
        export(lambda x: np.sum(np.astype(x, "float64")), im.spec("float32", [3]), path)
    assert not path.exists()


def test_size_that_no_input_shows_is_refused(tmp_path: Path) -> None:
    def repeated(x: Any) -> Any:
        return np.broadcast_to(np.sum(x), (im.spec("float32", ["n"]).shape[0],))

    with pytest.raises(UsageError, match="size 'n' is no axis of an input"):
        export(repeated, im.spec("float32", ["n*n"]), tmp_path / "program.onnx")


def grouped(x: Any, y: Any) -> Any:
    """Rows in groups of four, and as many zeros as there are groups."""
    h, w = x.shape[0] // 4, y.shape[0] - 2 * (x.shape[0] // 4) - 1
    return {"groups": np.reshape(x, (h, 4, 3)), "zeros": np.zeros((h, w), "float32")}


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_sizes_that_axes_are_made_of(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"grouped{suffix}"
    types = {"x": im.spec("float32", ["4*h", 3]), "y": im.spec("float32", ["2*h + w + 1"])}
    export(grouped, types, path)
    x, y = numpy.arange(24, dtype=numpy.float32).reshape(8, 3), numpy.zeros(8, numpy.float32)
    wanted = x.reshape(2, 4, 3), numpy.zeros((2, 3), numpy.float32)
    if suffix == ".onnx":
        onnxruntime = pytest.importorskip("onnxruntime")
        session = onnxruntime.InferenceSession(path)
        assert next(i.shape for i in session.get_inputs()) == ["4*h", 3]
        found = session.run(["groups", "zeros"], {"x": x, "y": y})
    else:
        run = openvino.Core().compile_model(path, "CPU")({"x": x, "y": y})
        found = [run["groups"], run["zeros"]]
    for one, other in zip(found, wanted, strict=True):
        numpy.testing.assert_array_equal(one, other)
