"""DFT and STFT of ONNX files are numpy.fft's, on every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper

import isthmus as im
from isthmus.errors import UsageError

RANDOM = numpy.random.default_rng(12)


def f32(*shape: int) -> Any:
    return RANDOM.standard_normal(shape, numpy.float32)


def model(
    path: Path, kind: str, x: Any, rest: dict[str, Any], opset: int = 20, **attributes: Any
) -> Path:
    """A file of one node, whose operands after x are known; None for one that is left out."""
    names = [name if value is not None else "" for name, value in rest.items()]
    weights = [
        onnx.numpy_helper.from_array(numpy.asarray(value), name)
        for name, value in rest.items()
        if value is not None
    ]
    declared = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *names], ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info("x", declared, x.shape)],
        [helper.make_tensor_value_info("y", declared, None)],
        weights,
    )
    assert declared != TensorProto.UNDEFINED
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), path)
    return path


def found(path: Path, x: Any, options: dict[str, Any]) -> Any:
    return im.compile(im.load(path), im.spec(x.dtype, x.shape), **options)(x)


def pairs(z: Any) -> Any:
    """Complex numbers as two along a new last axis."""
    return numpy.stack([z.real, z.imag], axis=-1)


def check(y: Any, wanted: Any) -> None:
    """Within 1e-5 of the scale."""
    assert y.shape == wanted.shape
    assert abs(y - wanted).max() <= 1e-5 * abs(wanted).max()


@pytest.mark.parametrize("length", [None, 5, 12, 512])
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_each_axis_and_length(
    axis: int, length: int | None, tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    x = f32(3, 8, 6, 2)
    z = (x[..., 0] + 1j * x[..., 1]).astype(complex)
    rest = {"length": length, "axis": axis}
    along = axis if axis >= 0 else axis + 1
    y = found(model(tmp_path / "m.onnx", "DFT", x, rest), x, any_backend)
    check(y, pairs(numpy.fft.fft(z, length, along)))
    back = model(tmp_path / "b.onnx", "DFT", x, rest, inverse=1)
    check(found(back, x, any_backend), pairs(numpy.fft.ifft(z, length, along)))


@pytest.mark.parametrize("n", [7, 8, 511, 512, 3000])
def test_one_side_and_back(n: int, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x = f32(2, n, 1)
    wanted = numpy.fft.rfft(x[..., 0].astype(float))
    y = found(model(tmp_path / "m.onnx", "DFT", x, {}, 17, onesided=1), x, any_backend)
    check(y, pairs(wanted))
    rest = {"length": n}
    back = model(tmp_path / "b.onnx", "DFT", y, rest, 17, onesided=1, inverse=1)
    check(found(back, y, any_backend), x)


def test_float64_is_as_exact(tmp_path: Path) -> None:
    x = RANDOM.standard_normal((2, 100, 2))
    y = found(model(tmp_path / "m.onnx", "DFT", x, {}), x, {"backend": "numpy"})
    wanted = numpy.fft.fft(x[..., 0] + 1j * x[..., 1])
    numpy.testing.assert_allclose(y, pairs(wanted), atol=1e-12)


@pytest.mark.parametrize("onesided", [0, 1])
@pytest.mark.parametrize("window", [None, numpy.hanning(16).astype(numpy.float32)])
def test_stft(onesided: int, window: Any, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x = f32(2, 53, 1)
    rest = {"step": 5, "window": window, "length": None if window is not None else 16}
    path = model(tmp_path / "m.onnx", "STFT", x, rest, 17, onesided=onesided)
    frames = numpy.lib.stride_tricks.sliding_window_view(x[..., 0], 16, axis=1)[:, ::5]
    frames = frames.astype(float) * (1 if window is None else window)
    transform = numpy.fft.rfft if onesided else numpy.fft.fft
    check(found(path, x, any_backend), pairs(transform(frames)))


def test_stft_of_complex_numbers(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x = f32(1, 20, 2)
    rest = {"step": 4, "window": None, "length": 8}
    path = model(tmp_path / "m.onnx", "STFT", x, rest, 17, onesided=0)
    z = x[..., 0] + 1j * x[..., 1].astype(float)
    frames = numpy.lib.stride_tricks.sliding_window_view(z, 8, axis=1)[:, ::4]
    check(found(path, x, any_backend), pairs(numpy.fft.fft(frames)))


@pytest.mark.parametrize(
    ("kind", "shape", "rest", "attributes", "said"),
    [
        ("DFT", (2, 8, 3), {}, {}, "its last size is 1 or 2"),
        ("DFT", (2, 8, 2), {}, {"onesided": 1}, "onesided=1, inverse=0 of 2 parts"),
        ("DFT", (2, 8, 1), {}, {"onesided": 1, "inverse": 1}, "onesided=1, inverse=1 of 1 parts"),
        ("DFT", (2, 8, 1), {"length": None, "axis": 2}, {}, "axis=2 of an array"),
        ("STFT", (2, 8, 2), {"step": 2}, {}, "onesided=1 of a complex signal"),
    ],
)
def test_what_is_refused(
    kind: str, shape: Any, rest: Any, attributes: Any, said: str, tmp_path: Path
) -> None:
    x = f32(*shape)
    net = im.load(model(tmp_path / "m.onnx", kind, x, rest, **attributes))
    with pytest.raises(UsageError, match=said):
        net(x)
