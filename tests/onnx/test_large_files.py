"""A model of more than 2 GB, which no protobuf holds: its weights are beside the file."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
import onnxruntime

import isthmus as im
from isthmus import np

WIDTH = 1024
ROWS = 550_000  # of 4 KiB: 2.25 GB, of which the file system keeps what is not zero
MARKED = {0: 1.0, 1: 2.0, 262_144: 3.0, 524_287: 4.0, 524_288: 5.0, ROWS - 1: 6.0}


@pytest.fixture
def table(tmp_path: Path) -> numpy.memmap[tuple[int, int], numpy.dtype[numpy.float32]]:
    """A table in a file with holes, read alone; each marked row is filled with its number."""
    path = tmp_path / "table"
    written = numpy.memmap(path, numpy.float32, "w+", shape=(ROWS, WIDTH))
    for row, number in MARKED.items():
        written[row] = number
    written.flush()
    return numpy.memmap(path, numpy.float32, "r", shape=(ROWS, WIDTH))


def test_it_is_exported_with_its_weights_beside_it_and_runs(
    table: numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]], tmp_path: Path
) -> None:
    assert table.nbytes > 2**31
    path = tmp_path / "net.onnx"
    ids = numpy.array([*MARKED, 7], numpy.int32)
    im.export(lambda ids: np.take(table, ids, axis=0) * 2, {"ids": im.spec("int32", ["n"])}, path)
    beside = path.with_name("net.onnx.data")
    assert path.stat().st_size < 10_000 and beside.stat().st_size >= table.nbytes
    (kept,) = onnx.load(path, load_external_data=False).graph.initializer[-1:]
    assert kept.data_location == onnx.TensorProto.EXTERNAL
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"ids": ids})
    numbers = numpy.array([2 * number for number in MARKED.values()] + [0], numpy.float32)
    numpy.testing.assert_array_equal(found, numpy.repeat(numbers[:, None], WIDTH, axis=1))


def test_it_is_loaded_without_a_file(
    table: numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]],
) -> None:
    run = im.compile(
        lambda ids: np.take(table, ids, axis=0), im.spec("int32", ["n"]),
        backend="gpu", device="cpu", on_host="error",
    )  # fmt: skip
    found = run(numpy.array(list(MARKED), numpy.int32))
    numpy.testing.assert_array_equal(found[:, 0], list(MARKED.values()))
