"""Integers by the range that an array has itself: the formula, its edges, and every backend."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import isthmus as im
from isthmus import npx
from isthmus.errors import UsageError

FLOATS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@given(arrays.arrays(numpy.float32, arrays.array_shapes(max_side=9), elements=FLOATS))
def test_what_comes_back_is_within_half_a_step(x: Any) -> None:
    q, scale, zero_point = npx.dynamic_quantize(x)
    assert q.dtype == zero_point.dtype == numpy.uint8 and scale.dtype == x.dtype
    assert q.shape == x.shape and scale.shape == zero_point.shape == ()
    back = (q.astype("float64") - zero_point) * float(scale)
    width = max(x.max(), 0) - min(x.min(), 0)
    assert (abs(back - x) <= 1.001 * width / 255 + 1e-30).all()
    assert (q[x == 0] == zero_point).all()


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        ([0.0, 510.0], ([0, 255], 2.0, 0)),
        ([-510.0, -2.0], ([0, 254], 2.0, 255)),
        ([-100.0, 155.0], ([0, 255], 1.0, 100)),
        ([0.0, 0.0], ([0, 0], 1.0, 0)),
        ([], ([], 1.0, 0)),
    ],
)
def test_the_range_holds_0(x: Any, wanted: Any, any_backend: dict[str, Any]) -> None:
    given = numpy.array(x, numpy.float32)
    run = im.compile(npx.dynamic_quantize, im.spec("float32", ["n"]), **any_backend)
    for found in (npx.dynamic_quantize(given), run(given)):
        q, scale, zero_point = found
        assert (q.tolist(), float(scale), int(zero_point)) == wanted


@pytest.mark.parametrize("power", [-30, -4, 0, 4, 30])
def test_backends_agree(power: int, any_backend: dict[str, Any]) -> None:
    x = numpy.random.default_rng(power + 30).standard_normal((7, 33)) * 10.0**power
    x = x.astype(numpy.float32)
    run = im.compile(npx.dynamic_quantize, im.spec("float32", ["n", 33]), **any_backend)
    (q, scale, zero), wanted = run(x), npx.dynamic_quantize(x)
    numpy.testing.assert_allclose(scale, wanted[1], rtol=2e-7)
    assert zero == wanted[2]
    assert (abs(q.astype(int) - wanted[0]) <= 1).all()  # beside a half either is right
    assert (q != wanted[0]).mean() < 0.02


def test_onnx_runtime_has_an_operation_of_it() -> None:
    pytest.importorskip("onnxruntime")
    run = im.compile(npx.dynamic_quantize, im.spec("float32", [4]), backend="gpu", device="cpu")
    assert "DynamicQuantizeLinear" in run.explain()


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats_have_scales_of_their_own_type(dtype: str) -> None:
    q, scale, zero_point = npx.dynamic_quantize(numpy.array([-1, 1.5], dtype))
    assert scale.dtype == dtype and npx.dequantize(q, scale, zero_point).dtype == dtype


def test_a_nan_leaves_no_range(any_backend: dict[str, Any]) -> None:
    _, scale, _ = npx.dynamic_quantize(numpy.array([1, numpy.nan], numpy.float32))
    assert numpy.isnan(scale)


def test_integers_are_refused() -> None:
    with pytest.raises(UsageError, match="dynamic_quantize: x of int32; give real floats"):
        npx.dynamic_quantize(numpy.arange(3, dtype="int32"))
