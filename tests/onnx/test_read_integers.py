"""Integers of eight and sixteen bits are rounded, scaled and multiplied as the standard says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import WAYS, model, run
from onnx import TensorProto

from isthmus.errors import UsageError

random = numpy.random.default_rng(6)
X = (random.standard_normal((4, 6)) * 9).astype(numpy.float32)
TIES = numpy.array([[-2.5, -1.5, 0.5, 1.5, 2.5, 9e9]], numpy.float32)


def number(value: float, dtype: Any = "float32") -> Any:
    return numpy.array(value, dtype)


def rounded(steps: Any, zero: Any, dtype: Any) -> Any:
    bounds = numpy.iinfo(dtype)
    return numpy.clip(numpy.rint(steps) + zero, bounds.min, bounds.max).astype(dtype)


def check(folder: Path, built: Any, operands: Any, wanted: Any) -> None:
    for way in WAYS:
        found = run(folder, way, built, operands)
        assert found.dtype == wanted.dtype
        numpy.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
def test_there_and_back(tmp_path: Path, dtype: str) -> None:
    scale, zero = number(0.5), number(7, dtype)
    for x in (X, TIES):
        q = rounded(x / 0.5, 7, dtype)
        check(tmp_path, model("QuantizeLinear", [x, scale, zero]), [x, scale, zero], q)
        floats = ((q.astype(int) - 7) * 0.5).astype(numpy.float32)
        check(tmp_path, model("DequantizeLinear", [q, scale, zero]), [q, scale, zero], floats)


@pytest.mark.parametrize("dtype", ["int8", "uint16"])
def test_a_scale_for_each_place_or_block(tmp_path: Path, dtype: str) -> None:
    forms: Any = (
        (0, numpy.array([0.5, 1, 2, 4], numpy.float32), {}),
        (1, 2.0 ** numpy.arange(8).reshape(4, 2).astype(numpy.float32), {"block_size": 3}),
    )
    for axis, scale, attributes in forms:
        zero = numpy.arange(scale.size).reshape(scale.shape).astype(dtype)
        wide, centre = (
            numpy.repeat(v, 3, axis=1) if attributes else v[:, None] for v in (scale, zero)
        )
        operands = [X, scale, zero]
        q = rounded(X / wide, centre, dtype)
        check(tmp_path, model("QuantizeLinear", operands, axis=axis, **attributes), operands, q)
        operands = [q, scale, zero]
        floats = ((q.astype(int) - centre) * wide).astype(numpy.float32)
        check(
            tmp_path, model("DequantizeLinear", operands, axis=axis, **attributes), operands, floats
        )


def test_the_type_of_the_result(tmp_path: Path) -> None:
    scale = number(0.5)
    built = model("QuantizeLinear", [X, scale], output_dtype=TensorProto.INT16)
    check(tmp_path, built, [X, scale], rounded(X / 0.5, 0, "int16"))
    q, half = random.integers(-9, 9, (3, 4)).astype(numpy.int8), number(0.5, "float16")
    built = model("DequantizeLinear", [q, half])
    check(tmp_path, built, [q, half], (q * 0.5).astype(numpy.float16))
    with pytest.raises(UsageError, match="integers of uint32 are not known"):
        run(tmp_path, "eager", model("QuantizeLinear", [X, scale, number(0, "uint32")]),
            [X, scale, number(0, "uint32")])  # fmt: skip


@pytest.mark.parametrize("count", [1, 255, 257, 700])
def test_sums_of_products_are_exact(tmp_path: Path, count: int) -> None:
    """Also where their sum is beyond what float32 counts."""
    a = random.integers(0, 256, (2, 3, count)).astype(numpy.uint8)
    b = random.integers(-128, 128, (count, 5)).astype(numpy.int8)
    a[0, 0], b[:, 0] = 255, -128
    zeros = number(0, "uint8"), numpy.array([127, 0, -3, 4, 9], numpy.int8)
    wanted = (a.astype(int) @ (b.astype(int) - zeros[1])).astype(numpy.int32)
    check(tmp_path, model("MatMulInteger", [a, b, *zeros]), [a, b, *zeros], wanted)
    rows = numpy.array([1, 2, 3], numpy.uint8)
    wanted = (a[1].astype(int) - rows[:, None]) @ b.astype(int)
    built = model("MatMulInteger", [a[1], b, rows])
    check(tmp_path, built, [a[1], b, rows], wanted.astype(numpy.int32))


def test_a_product_that_is_quantized_again(tmp_path: Path) -> None:
    a = random.integers(0, 256, (3, 40)).astype(numpy.uint8)
    b = random.integers(-128, 128, (40, 5)).astype(numpy.int8)
    scales = number(0.25), numpy.array([0.5, 1, 0.25, 2, 1], numpy.float32), number(8)
    zeros = number(100, "uint8"), number(3, "int8"), number(128, "uint8")
    sums = (a.astype(int) - 100) @ (b.astype(int) - 3)
    wanted = rounded(sums * (0.25 * scales[1] / 8), 128, "uint8")
    operands = [a, scales[0], zeros[0], b, scales[1], zeros[1], scales[2], zeros[2]]
    check(tmp_path, model("QLinearMatMul", operands), operands, wanted)


def test_quantized_by_its_own_range(tmp_path: Path) -> None:
    x = numpy.array([-100, 0, 50.2, 155], numpy.float32)
    for way in WAYS:
        q, scale, zero = run(tmp_path, way, model("DynamicQuantizeLinear", [x], 3), [x])
        assert q.tolist() == [0, 100, 150, 255]
        assert (scale, zero, zero.dtype) == (1, 100, numpy.uint8)
