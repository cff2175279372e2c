"""What a file's node is one kernel of in the runtime stays one, where the numbers are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.trace.op import OPERATORS

RANDOM = numpy.random.default_rng(0)
X = RANDOM.standard_normal((2, 6, 8, 10)).astype(numpy.float32)
WEIGHT = RANDOM.integers(-128, 128, (10, 7), numpy.int8)
PARTS: Any = OPERATORS["np.parts"]
MATMUL: Any = OPERATORS["npx.integer_matmul"]
ONES = numpy.ones(6, numpy.float32)


def of_bytes(x: Any) -> Any:
    q, scale, zero = npx.dynamic_quantize(x)
    return np.astype(MATMUL(q, WEIGHT, zero, None), numpy.float32) * scale


AROUND = ((0, 0), (0, 0), (1, 2), (0, 3))
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "zeros around": lambda x: np.pad(x, AROUND),
    "reflected": lambda x: np.pad(x, AROUND, mode="reflect"),
    "repeated": lambda x: np.pad(x, AROUND, mode="edge"),
    "parts": lambda x: np.stack(PARTS(x, (3, 3), 1)[::-1]),
    "instances": lambda x: npx.instance_norm(x, ONES, ONES),
    "twice as large": lambda x: npx.resize(x, scales=(1, 1, 2, 2), mode="linear"),
    "by a grid": lambda x: npx.grid_sample(x, np.tanh(x[:, 0:4, :, :2])),
    "bytes": of_bytes,
}
KERNELS = {
    ("zeros around", "cpu"): "Pad",
    ("zeros around", "gpu"): "Pad",
    ("reflected", "cpu"): "Pad",
    ("reflected", "gpu"): "Pad",
    ("repeated", "cpu"): "Pad",
    ("repeated", "gpu"): "Pad",
    ("parts", "cpu"): "Split",
    ("parts", "gpu"): "Split",
    ("instances", "cpu"): "MVN",
    ("instances", "gpu"): "InstanceNormalization",
    ("twice as large", "cpu"): "Interpolate",
    ("twice as large", "gpu"): "Resize",
    ("by a grid", "cpu"): "GridSample",
    ("by a grid", "gpu"): "GridSample",
    ("bytes", "gpu"): "MatMulInteger",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_kernel(name: str, device_backend: dict[str, Any]) -> None:
    function = FUNCTIONS[name]
    run = im.compile(function, im.spec("float32", X.shape), **device_backend, on_host="error")
    assert KERNELS.get((name, device_backend["backend"]), "") in run.explain()
    numpy.testing.assert_allclose(run(X), function(X), rtol=1e-4, atol=1e-4)


def test_bytes_whose_sums_are_long(device_backend: dict[str, Any]) -> None:
    """Exact, of weights of all eight bits, which kernels may cut off at 16 bits."""
    weight = RANDOM.choice(numpy.array([-128, 127], numpy.int8), (3000, 5))
    a = RANDOM.integers(0, 256, (4, 3000), numpy.uint8)

    def function(x: Any) -> Any:
        q, _, zero = npx.dynamic_quantize(x)
        return MATMUL(q, weight, zero, None)

    run = im.compile(function, im.spec("float32", a.shape), **device_backend)
    x = a.astype(numpy.float32)
    x[0, :2] = 0, 255  # so that the scale is 1
    wanted = x.astype(numpy.int64) @ weight.astype(numpy.int64)
    numpy.testing.assert_array_equal(run(x), wanted)


def test_a_single_segment_reads_inputs_in_any_order(device_backend: dict[str, Any]) -> None:
    types = {"a": im.spec("float32", ["n"]), "b": im.spec("float32", ["n"]), "c": im.spec("int64")}

    def function(a: Any, b: Any, c: Any) -> Any:
        return {"x": b * 2, "y": b - a}

    run = im.compile(function, types, **device_backend)
    a, b, c = numpy.arange(4, dtype=numpy.float32), numpy.ones(4, numpy.float32), numpy.int64(3)
    for _ in range(2):
        found = run(a, b, c)
        numpy.testing.assert_array_equal(found["x"], b * 2)
        numpy.testing.assert_array_equal(found["y"], b - a)
