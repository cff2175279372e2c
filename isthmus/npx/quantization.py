"""Floats as integers of eight bits and back, by a scale and the integer that stands for 0.

Jacob et al. 2018, arXiv:1712.05877; the operations are ONNX's QuantizeLinear and DequantizeLinear.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import equal
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Type
from isthmus.trace.array import Array
from isthmus.trace.op import primitive

__all__ = ["dequantize", "quantize"]

NARROW = ("int8", "uint8")
STORED = (*NARROW, "int32")  # int32 of biases, which are added to sums of products


def _along(values: Any, axis: int | None, ndim: int) -> Any:
    """Numbers of one axis, so that they broadcast over the others; one number as it is."""
    return values if axis is None else np.reshape(values, (-1,) + (1,) * (ndim - 1 - axis))


def _check_scale(x: Type, scale: Type, zero_point: Type | None, axis: int | None) -> None:
    wanted = () if axis is None else (x.shape[axis],)
    for name, found in (("scale", scale), ("zero_point", zero_point)):
        if found is None:
            continue
        fits = len(found.shape) == len(wanted)
        if not fits or not all(map(equal, found.shape, wanted)):
            place = "without axis=" if axis is None else f"of axis {axis} of {x}"
            raise DimensionError(
                f"{name} of shape {found.shape} {place}; give {wanted or 'one number'}"
            )


def _settled(x: Type, *_: Type | None, axis: int | None, **further: Any) -> dict[str, Any]:
    known = {name: numpy.dtype(value) for name, value in further.items()}
    return {"axis": None if axis is None else one_axis(axis, x.ndim), **known}


def _common_floats(x: Any, scale: Any, zero_point: Any) -> list[Any]:
    """x and its scale in one dtype, as NumPy divides them."""
    dtype = numpy.result_type(x, scale)
    return [dtype, dtype, numpy.result_type(zero_point)]


def _quantized_type(x: Type, scale: Type, zero_point: Type, axis: Any, dtype: Any) -> Type:
    if x.dtype.kind != "f":
        raise UsageError(f"x of {x.dtype}; give real floats")
    if numpy.dtype(dtype).name not in NARROW:
        raise UsageError(f"dtype={numpy.dtype(dtype).name!r}; give {' or '.join(NARROW)}")
    if zero_point.dtype != dtype:
        raise UsageError(f"a zero_point of {zero_point.dtype}; give {numpy.dtype(dtype)}")
    _check_scale(x, scale, zero_point, axis if axis is None else one_axis(axis, x.ndim))
    return Type(numpy.dtype(dtype), x.shape)


_quantized_type.promote = _common_floats  # type: ignore[attr-defined]


@primitive(infer=_quantized_type, settled=_settled, may_raise=False, checked=True)
def _quantize(x: Any, scale: Any, zero_point: Any, /, axis: Any, dtype: Any) -> Any:
    """clip(rint(x / scale) + zero_point); what `quantize` records."""
    x, bounds = numpy.asarray(x), numpy.iinfo(dtype)
    with numpy.errstate(all="ignore"):
        steps = numpy.rint(x / _along(scale, axis, x.ndim))
        q = steps + _along(numpy.asarray(zero_point, steps.dtype), axis, x.ndim)
    return numpy.where(numpy.isnan(q), bounds.min, q.clip(bounds.min, bounds.max)).astype(dtype)


def quantize(
    x: Any, scale: Any, zero_point: Any = 0, axis: int | None = None, dtype: Any = "int8"
) -> Any:
    """clip(rint(x / scale) + zero_point, lowest, highest), as integers of eight bits.

    x: any shape, real floats -> the same shape. dtype: "int8", of -128 .. 127, or "uint8", of 0 ..
    255. Halves are rounded to even numbers, and what is beyond becomes the lowest or highest. A NaN
    becomes the lowest. scale: one positive number, or with axis= one for each place along it.
    zero_point: whole numbers of the dtype, the shape of scale, or one; 0 stands for it exactly.
    Runtimes may multiply by 1 / scale: where x / scale is within rounding of a half, the result is
    one of the two integers beside it.
    Raises UsageError for other dtypes, for scales and zero points that are out of range,
    DimensionError for those that do not fit x. As ONNX's QuantizeLinear.

    >>> import numpy
    >>> from isthmus import npx
    >>> x = numpy.array([-2.0, 0.25, 0.75, 90.0], numpy.float32)
    >>> npx.quantize(x, 0.5)
    array([ -4,   0,   2, 127], dtype=int8)
    >>> npx.quantize(x, 0.5, 3, dtype="uint8")
    array([  0,   3,   5, 183], dtype=uint8)
    """
    x, dtype = np.asarray(x), numpy.dtype(dtype)
    if dtype.name not in NARROW:
        raise UsageError(f"npx.quantize: dtype={dtype.name!r}; give {' or '.join(NARROW)}")
    if x.dtype.kind != "f":
        raise UsageError(f"npx.quantize: x of {x.dtype}; give real floats")
    scale = _scale(scale, x.dtype)
    return _quantize(x, scale, _zero_point(zero_point, scale, dtype), axis=axis, dtype=dtype)


def _stored_type(q: Type, scale: Type, zero_point: Type | None, axis: Any) -> Type:
    if q.dtype.name not in STORED:
        raise UsageError(f"q of {q.dtype}; give {', '.join(STORED)}")
    if scale.dtype.kind != "f":
        raise UsageError(f"a scale of {scale.dtype}; give real floats")
    if zero_point is not None and zero_point.dtype != q.dtype:
        raise UsageError(f"a zero_point of {zero_point.dtype}; give {q.dtype}")
    _check_scale(q, scale, zero_point, axis if axis is None else one_axis(axis, q.ndim))
    return Type(scale.dtype, q.shape)


def _dequantize_gradient(
    g: Any, y: Any, q: Any, scale: Any, zero_point: Any, axis: int | None
) -> tuple[Any, Any, Any]:
    centred = np.astype(q, g.dtype)
    if zero_point is not None:
        centred = centred - _along(np.astype(zero_point, g.dtype), axis, q.ndim)
    others = tuple(i for i in range(q.ndim) if i != axis)
    return None, np.sum(g * centred, axis=others), None


@primitive(
    infer=_stored_type,
    settled=_settled,
    vjp=_dequantize_gradient,
    may_raise=False,
    checked=True,
)
def _dequantize(q: Any, scale: Any, zero_point: Any, /, axis: Any) -> Any:
    """(q - zero_point) * scale, or q * scale where it is None; what `dequantize` records."""
    q, scale = numpy.asarray(q), numpy.asarray(scale)
    wide = numpy.promote_types(scale.dtype, numpy.float32)  # float16 does not hold all int32
    centred = q.astype(numpy.int64)
    if zero_point is not None:
        centred -= _along(numpy.asarray(zero_point, numpy.int64), axis, q.ndim)
    product = centred.astype(wide) * _along(scale.astype(wide), axis, q.ndim)
    return numpy.asarray(product, scale.dtype)


def dequantize(q: Any, scale: Any, zero_point: Any = 0, axis: int | None = None) -> Any:
    """(q - zero_point) * scale: the floats that `quantize` made integers of, rounded.

    q: any shape, int8, uint8 or int32 -> the same shape, in the dtype of scale; float32 for a plain
    number. scale: one positive number, or with axis= one for each place along it. zero_point: whole
    numbers of q's dtype, the shape of scale, or one. Raises UsageError for other dtypes, for scales
    and zero points that are out of range, DimensionError for those that do not fit q. As ONNX's
    DequantizeLinear.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.dequantize(numpy.array([-4, 0, 127], numpy.int8), 0.5)
    array([-2. ,  0. , 63.5], dtype=float32)
    >>> weight = numpy.array([[1, 2], [3, 4]], numpy.int8)
    >>> npx.dequantize(weight, numpy.array([1.0, 0.1]), axis=0)
    array([[1. , 2. ],
           [0.3, 0.4]])
    """
    q = np.asarray(q)
    scale = _scale(scale, None)
    is_none = isinstance(zero_point, int) and zero_point == 0 and q.dtype.name in STORED
    zero = None if is_none else _zero_point(zero_point, scale, q.dtype)
    return _dequantize(q, scale, zero, axis=axis)


def _scale(scale: Any, beside: Any) -> Any:
    """The scale as an array; a plain number in the dtype of what it is beside, or float32."""
    if isinstance(scale, Array):
        return scale
    is_float = beside is not None and beside.kind == "f"
    plain = beside.newbyteorder("=") if is_float else numpy.float32
    array = numpy.asarray(scale, plain if isinstance(scale, int | float) else None)
    if array.dtype.kind not in "fiu" or not ((array > 0) & numpy.isfinite(array)).all():
        raise UsageError(f"scale={scale!r}: give positive finite numbers")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _zero_point(zero_point: Any, scale: Any, dtype: Any) -> Any:
    """The zero point as an array of this dtype, in the shape of the scale."""
    dtype = dtype.newbyteorder("=")
    if not isinstance(zero_point, Array):
        whole = numpy.asarray(zero_point)
        if dtype.kind not in "iu" or whole.dtype.kind not in "iu" or not _is_within(whole, dtype):
            raise UsageError(f"zero_point={zero_point!r}: give whole numbers of {dtype}")
        zero_point = whole.astype(dtype)
    if not zero_point.ndim and scale.ndim:
        return np.broadcast_to(zero_point, scale.shape)
    return zero_point


def _is_within(array: Any, dtype: Any) -> bool:
    bounds = numpy.iinfo(dtype)
    return bool(((array >= bounds.min) & (array <= bounds.max)).all())
