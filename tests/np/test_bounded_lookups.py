"""Lookups at computed positions that cannot be outside: the runtime's, and a file can hold them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy
import openvino
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.errors import UsageError

X = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
I = numpy.array([5, -7, 2, 1, 0], numpy.int32)  # noqa: E741 (as NumPy's documentation calls it)
TYPES = (im.spec("float32", ("n", 3)), im.spec("int32", ("k",)))


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("mode", ["clip", "wrap"])
def test_positions_outside(mode: str, axis: int | None, device_backend: dict[str, Any]) -> None:
    for dtype in ("int32", "int64", "uint8", "bool"):
        i = I.astype(dtype)
        types = (TYPES[0], im.spec(dtype, ("k",)))
        run = im.compile(lambda x, i: x.take(i | i, axis, mode=mode), types, **device_backend)
        wanted = X.take(i, axis, mode=mode)  # type: ignore[call-overload]
        numpy.testing.assert_array_equal(run(X, i), wanted)


@pytest.mark.parametrize("sizes", [("n", 3), (4, 3)], ids=["named", "known"])
def test_clipped_lookups_are_the_runtimes(
    sizes: tuple[Any, ...], device_backend: dict[str, Any]
) -> None:
    types = (im.spec("float32", sizes), TYPES[1])
    run = im.compile(lambda x, i: np.take(x, i + i, axis=0, mode="clip"), types, **device_backend)
    assert "host" not in run.explain()
    numpy.testing.assert_array_equal(run(X, I), X.take(I + I, 0, mode="clip"))


def test_clipped_lookups_in_files_and_loops(tmp_path: Path) -> None:
    def function(x: Any, i: Any) -> Any:
        _, last = npx.foreach(
            lambda one, total: (None, total + np.take(x, one * 2, axis=0, mode="clip")), i, x[0]
        )
        return np.take(x, i * 3, axis=0, mode="clip"), last

    taken = X.take(I * 3, 0, mode="clip")
    total = X[0] + X.take(I * 2, 0, mode="clip").sum(axis=0)
    for name in ("lookup.onnx", "lookup.xml"):
        im.export(function, TYPES, tmp_path / name)
    model = openvino.Core().compile_model(tmp_path / "lookup.xml", "CPU")
    found = model([X, I])
    numpy.testing.assert_array_equal(found[0], taken)
    numpy.testing.assert_allclose(found[1], total)
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(tmp_path / "lookup.onnx")
    found = session.run(None, {"x": X, "i": I})
    numpy.testing.assert_array_equal(found[0], taken)


def test_what_is_refused_says_the_cure(tmp_path: Path, device_backend: dict[str, Any]) -> None:
    cure = (
        r"bound them, as np.clip\(indices, 0, n - 1\) or np.take\(x, indices, axis, mode='clip'\)"
    )
    run = im.compile(
        lambda x, i: npx.gather_nd(x, np.expand_dims(i + i, -1)), TYPES, **device_backend
    )
    assert "host" not in run.explain()  # which tells at each call if one was outside
    within = numpy.array([1, 0, -1, -2, 1], numpy.int32)
    numpy.testing.assert_array_equal(run(X, within), X[2 * within])
    with pytest.raises(IndexError):
        run(X, within + 2)
    with pytest.raises(UsageError, match=cure):
        im.export(lambda x, i: np.take(x, i + i, axis=0), TYPES, tmp_path / "file.xml")


def test_gradients_of_clipped_lookups() -> None:
    def loss(x: Any, i: Any) -> Any:
        return np.sum(np.take(x, i * 2, axis=0, mode="clip"))

    wanted = numpy.zeros_like(X)
    numpy.add.at(wanted, numpy.clip(I * 2, 0, 3), 1)
    numpy.testing.assert_array_equal(im.compile(im.grad(loss), TYPES, backend="cpu")(X, I), wanted)


def test_an_empty_axis_has_nothing_to_take(device_backend: dict[str, Any]) -> None:
    for mode in ("clip", "wrap"):
        run = im.compile(partial(np.take, axis=0, mode=mode), TYPES, **device_backend)
        with pytest.raises(IndexError):
            run(X[:0], I)
        assert run(X[:0], I[:0]).shape == (0, 3)
