"""Data types: NumPy's facts with the standard's types, for dtypes and for arrays of any kind."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.trace.tracing import spec, trace

FLOATS = ["float16", "float32", "float64", "complex64", "complex128"]
INTS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def seen(function: Any, dtype: str) -> Any:
    """What a function says of a traced array."""
    found = []

    def keeping(x: Any) -> Any:
        found.append(function(x))
        return x

    trace(keeping, spec(dtype, ["n", 2]))
    return found[0]


def forms(dtype: str) -> list[Any]:
    known = numpy.dtype(dtype)
    return [known, known.type, dtype, numpy.ones(2, known), known.type(1)]


@pytest.mark.parametrize("dtype", FLOATS)
def test_finfo(dtype: str) -> None:
    wanted = numpy.finfo(dtype)
    for found in [*map(np.finfo, forms(dtype)), seen(np.finfo, dtype)]:
        for name in ("eps", "max", "min", "smallest_normal", "tiny", "resolution", "epsneg"):
            assert type(getattr(found, name)) is float
            assert getattr(found, name) == float(getattr(wanted, name))
        assert type(found.bits) is int and found.bits == wanted.bits
        assert found.dtype == wanted.dtype and isinstance(found.dtype, numpy.dtype)
        assert str(found) == str(wanted) and repr(found) == repr(wanted)


@pytest.mark.parametrize("dtype", INTS)
def test_iinfo(dtype: str) -> None:
    wanted = numpy.iinfo(dtype)
    for found in [*map(np.iinfo, forms(dtype)), seen(np.iinfo, dtype)]:
        assert (found.bits, found.min, found.max) == (wanted.bits, wanted.min, wanted.max)
        assert {type(n) for n in (found.bits, found.min, found.max)} == {int}
        assert found.dtype == numpy.dtype(dtype) and isinstance(found.dtype, numpy.dtype)


def test_what_has_no_limits_is_refused() -> None:
    for wrong in (lambda: np.finfo("int32"), lambda: np.iinfo("float32")):
        with pytest.raises(ValueError):
            wrong()
    with pytest.raises(AttributeError):
        np.finfo("float32").nothing  # noqa: B018


def test_result_type() -> None:
    one = numpy.ones(1, numpy.float32)
    assert np.result_type(one, 1.0) == numpy.float32
    assert np.result_type(numpy.int8, "float16", True) == numpy.float16
    assert np.result_type(one, 1j) == numpy.complex64
    assert seen(lambda x: np.result_type(x, numpy.int64, 2.5), "float32") == numpy.float64
    assert seen(lambda x: np.result_type(x, 2.5), "float16") == numpy.float16
    assert seen(lambda x: np.result_type(1, x, x), "uint8") == numpy.uint8


def test_can_cast() -> None:
    assert np.can_cast(numpy.ones(1, numpy.int8), "float16")
    assert not np.can_cast("float64", numpy.float32)
    assert np.can_cast("float64", numpy.float32, "same_kind")
    assert seen(lambda x: np.can_cast(x, "float64"), "float32") is True
    assert seen(lambda x: np.can_cast(x, "int64"), "float32") is False


def test_kinds() -> None:
    assert np.isdtype(numpy.dtype("int8"), "signed integer") is True
    assert np.isdtype(np.float32, ("integral", np.bool)) is False
    assert seen(lambda x: np.isdtype(x.dtype, "real floating"), "float32") is True
    assert np.issubdtype(np.complex64, numpy.inexact)


def test_smallest_types() -> None:
    assert np.min_scalar_type(255) == numpy.uint8
    assert np.min_scalar_type(-1.5) == numpy.float16
    assert np.min_scalar_type(numpy.ones(2)) == numpy.float64
    assert seen(np.min_scalar_type, "int32") == numpy.int32
    assert np.promote_types("int8", "uint8") == numpy.int16
