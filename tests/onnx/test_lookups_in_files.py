"""Lookups at computed positions in ONNX files: a position outside is an error of who runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError

onnxruntime = pytest.importorskip("onnxruntime")
TABLE = numpy.arange(10, dtype=numpy.float32).reshape(5, 2)


def looked_up(at: Any) -> Any:
    return np.take(TABLE, np.astype(at, numpy.int64), axis=0)


def test_a_file_holds_lookups_at_computed_positions(tmp_path: Path) -> None:
    specs = {"at": im.spec("float32", ["n"])}
    im.export(looked_up, specs, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"]
    )
    at = numpy.array([4, 0, -1], numpy.float32)
    (found,) = session.run(None, {"at": at})
    assert (found == TABLE[[4, 0, -1]]).all()
    for outside in (5, -6):
        with pytest.raises(Exception, match=r"out of data bounds|must be within"):
            session.run(None, {"at": numpy.full(1, outside, numpy.float32)})
    again = im.load(tmp_path / "net.onnx")
    assert (again(at) == found).all()
    with pytest.raises(IndexError):
        again(at + 1)


def test_openvino_checks_none_so_that_its_files_hold_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a file cannot hold .*np\.take"):
        im.export(looked_up, {"at": im.spec("float32", ["n"])}, tmp_path / "net.xml")
