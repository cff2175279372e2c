"""Slices of named sizes that run down: read, assigned to, in loops, differentiated and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import openvino
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import DimensionError
from isthmus.rewrite.gradient import grad

X = numpy.arange(21, dtype=numpy.float32).reshape(7, 3)
NAMED = im.spec("float32", ("n", 3))
CUTS = [
    slice(-2, 0, -1), slice(-2, None, -1), slice(None, 1, -1), slice(5, 1, -2), slice(4, -6, -1),
    slice(-1, -4, -2), slice(None, -3, -3), slice(3, None, -2), slice(1, 4, -1), slice(-1, 0, -3),
    slice(6, -7, -5), slice(None, None, -2),
]  # fmt: skip
IDS = [f"{cut.start}:{cut.stop}:{cut.step}" for cut in CUTS]


def everything(x: Any, cut: slice) -> Any:
    """What a slice reads, what an assignment to it leaves, and one inside a loop."""
    changed = np.copy(x)
    changed[cut] = x[cut] * 2 + 1
    outputs, _ = npx.foreach(lambda column, _: (column[cut], _), np.permute_dims(x), x[0])
    return x[cut], changed, outputs


def expected(cut: slice) -> Any:
    changed = X.copy()
    changed[cut] = X[cut] * 2 + 1
    return X[cut], changed, X[cut].T


@pytest.mark.parametrize("cut", CUTS, ids=IDS)
def test_slices_that_run_down(cut: slice, device_backend: dict[str, Any]) -> None:
    run = im.compile(lambda x: everything(x, cut), NAMED, **device_backend)
    for found, wanted in zip(run(X), expected(cut), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


def test_bounds_may_be_sizes(device_backend: dict[str, Any]) -> None:
    def function(x: Any, y: Any) -> Any:
        n, k = x.shape[0], y.shape[0]
        return x[n - 1 : 0 : -1], x[n:k:-2], x[k::-1]

    types = (NAMED, im.spec("float32", ("k",)))
    found = im.compile(function, types, **device_backend)(X, X[:4, 0])
    wanted = (X[6:0:-1], X[7:4:-2], X[4::-1])
    for one, other in zip(found, wanted, strict=True):
        numpy.testing.assert_array_equal(one, other)


def test_gradients_and_files(tmp_path: Path) -> None:
    def loss(x: Any) -> Any:
        return np.sum(x[-2:0:-2] * np.asarray(2.0, "float32"))

    wanted = numpy.zeros_like(X)
    wanted[-2:0:-2] = 2
    found = im.compile(grad(loss), NAMED, backend="cpu")(X)
    numpy.testing.assert_array_equal(found, wanted)
    im.export(lambda x: x[-2:0:-1], NAMED, tmp_path / "down.xml")
    im.export(lambda x: x[-2:0:-1], NAMED, tmp_path / "down.onnx")
    for name in ("down.xml", "down.onnx"):
        model = openvino.Core().compile_model(tmp_path / name, "CPU")
        numpy.testing.assert_array_equal(model(X)[0], X[-2:0:-1])


def test_sizes_that_numpy_would_clip_are_refused() -> None:
    run = im.compile(lambda x: x[-2:0:-1], NAMED, backend="numpy")
    assert run(X[:2]).shape == (0, 3)
    with pytest.raises(DimensionError, match="give sizes for which n - 2 >= 0"):
        run(X[:1])
