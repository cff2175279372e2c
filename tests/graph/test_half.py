"""Rounding to bfloat16 and float16."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.graph.half import FORMATS, holds, rounded, stored

BITS = st.integers(0, 2**32 - 1)


@given(st.lists(BITS, min_size=1, max_size=20))
def test_bfloat16_is_the_nearest_with_the_upper_bits(bits: list[int]) -> None:
    x = numpy.array(bits, numpy.uint32).view(numpy.float32)
    found = rounded(x, "bf16")
    assert not (found.view(numpy.uint32) & 0xFFFF).any()
    numpy.testing.assert_array_equal(numpy.isnan(found), numpy.isnan(x))
    for value, near in zip(x.tolist(), found, strict=True):
        if not numpy.isfinite(value) or not numpy.isfinite(near):
            continue
        there = int(near.view(numpy.uint32))
        for beside in (there + 0x10000, there - 0x10000):
            other = numpy.uint32(beside & 0xFFFFFFFF).view(numpy.float32)
            if numpy.isfinite(other) and numpy.sign(other) == numpy.sign(near):
                assert abs(float(near) - value) <= abs(float(other) - value)


def test_as_another_library_rounds() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = numpy.random.default_rng(0).integers(0, 2**32, 100_000, dtype=numpy.uint32)
    floats = x.view(numpy.float32)
    floats = floats[~numpy.isnan(floats)]
    with numpy.errstate(all="ignore"):
        other = floats.astype(ml_dtypes.bfloat16)
    numpy.testing.assert_array_equal(stored(floats, "bf16"), other.view(numpy.uint16))


@pytest.mark.parametrize("precision", sorted(FORMATS))
def test_ends_halves_and_shapes(precision: str) -> None:
    kind = FORMATS[precision]
    x = numpy.array(
        [1 + kind.epsilon / 2, 1 + 1.5 * kind.epsilon, kind.largest, numpy.inf], numpy.float32
    )
    even = numpy.array([1, 1 + 2 * kind.epsilon, kind.largest, numpy.inf], numpy.float32)
    numpy.testing.assert_array_equal(rounded(x, precision), even)
    for shape in ((), (0,), (2, 0), (2, 2)):
        found = rounded(numpy.ones(shape, numpy.float32), precision)
        assert (found.shape, found.dtype.name) == (shape, "float32")
        assert stored(numpy.ones(shape, numpy.float32), precision).shape == shape
    turned = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)[::-1, ::2].T
    numpy.testing.assert_array_equal(rounded(turned, precision), turned)


def test_what_a_format_holds() -> None:
    assert holds(numpy.array([65504, numpy.inf, 1e-12], numpy.float32), "f16")
    assert not holds(numpy.array([65520], numpy.float32), "f16")
    assert not holds(numpy.float32(1e-12), "f16") and holds(numpy.float32(0), "f16")
    assert holds(numpy.float32(1e-12), "bf16") and not holds(numpy.float32(3.4e38), "bf16")
