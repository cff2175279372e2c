"""The standard's extension `fft`, and NumPy's transforms of two axes beside it.

n or s: how many elements are transformed, cut off or padded with zeros before. norm: where the
sum is divided by its number of terms n: "backward" in the inverse, "forward" in the other, or
"ortho" in both by sqrt(n). float32 becomes complex64, and complex64 float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.infer import DType, one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.whole import wholes
from isthmus.np import host_only
from isthmus.np.complex_numbers import conj
from isthmus.np.conversion import asarray
from isthmus.trace.op import composite, primitive

from .frequencies import fftfreq, fftshift, ifftshift, rfftfreq

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

Size = int | Dim
Norm = Literal["backward", "ortho", "forward"] | None
_LAST_TWO = (-2, -1)
_SWAPPED: dict[Any, Norm] = {
    None: "forward",
    "backward": "forward",
    "ortho": "ortho",
    "forward": "backward",
}


@cache
def _dtype_of(function: Callable[..., Any], dtype: DType) -> DType:
    try:
        found: DType = function(numpy.ones(2, dtype)).dtype
    except TypeError:
        raise WrongKind(f"{function.__name__} does not take {dtype}; cast it first") from None
    return found


def _along(function: Callable[..., Any]) -> Callable[..., Type]:
    """The rule of a transform along an axis; of n numbers rfft makes n // 2 + 1."""

    def infer(x: Type, n: Size | None, axis: int, norm: Norm) -> Type:
        along = one_axis(axis, x.ndim)
        count = _count(x.shape[along], n, function is numpy.fft.irfft)
        if norm not in _SWAPPED:
            raise UsageError(f"norm={norm!r}: give 'backward', 'ortho' or 'forward'")
        length = count // 2 + 1 if function is numpy.fft.rfft else count
        dtype = _dtype_of(function, x.dtype)
        return Type(dtype, (*x.shape[:along], length, *x.shape[along + 1 :]))

    return infer


def _count(size: Size, n: Size | None, halved: bool) -> Size:
    """How many numbers are transformed: n, or else as many as there are."""
    count = n if n is not None else (size - 1) * 2 if halved else size
    if not isinstance(count, Dim) and count < 1:
        raise UsageError(f"a transform of {count} numbers; give at least 1, or n")
    return count


@primitive(infer=_along(numpy.fft.fft), host_only=host_only.COMPLEX)
def fft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform: sum(x[j] * exp(-2j * pi * j * k / n)) for each k < n.

    n: how many elements of the axis are transformed, cut off or padded with zeros; the axis has n
    in the result. norm: "backward" divides in the inverse by n, "forward" here, "ortho" in both by
    sqrt(n). The result is complex64 of float16, float32 and complex64, else complex128. Raises
    UsageError for an n below 1, another norm and an axis that is not there (ValueError and
    IndexError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fft.fft([1.0, 2.0, 3.0, 4.0])
    array([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return numpy.fft.fft(x, n, one_axis(axis, numpy.ndim(x)), norm)


@primitive(infer=_along(numpy.fft.ifft), host_only=host_only.COMPLEX)
def ifft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `fft`.

    sum(x[k] * exp(2j * pi * j * k / n)) / n for each j < n. The result is complex64 of float16,
    float32 and complex64, else complex128. n, norm and errors as in `fft`.

    >>> from isthmus import np
    >>> np.fft.ifft([10, -2 + 2j, -2, -2 - 2j])
    array([1.+0.j, 2.+0.j, 3.+0.j, 4.+0.j])
    """
    return numpy.fft.ifft(x, n, one_axis(axis, numpy.ndim(x)), norm)


@primitive(infer=_along(numpy.fft.rfft), host_only=host_only.COMPLEX)
def rfft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The first n // 2 + 1 elements of `fft` of real numbers, whose others are their conjugates.

    The result is complex64 of float16 and float32, else complex128. n, norm and errors as in `fft`.
    Raises UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fft.rfft([1.0, 2.0, 3.0, 4.0])
    array([10.+0.j, -2.+2.j, -2.+0.j])
    """
    return numpy.fft.rfft(x, n, one_axis(axis, numpy.ndim(x)), norm)


@primitive(infer=_along(numpy.fft.irfft), host_only=host_only.COMPLEX)
def irfft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `rfft`: n real numbers, 2 * (size - 1) if n is not given.

    The result is float32 of complex64, float64 of complex128 and integers; floats keep their dtype.
    An odd size needs n. n, norm and errors as in `fft`.

    >>> from isthmus import np
    >>> np.fft.irfft([10, -2 + 2j, -2])
    array([1., 2., 3., 4.])
    """
    return numpy.fft.irfft(x, n, one_axis(axis, numpy.ndim(x)), norm)


@composite
def hfft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The transform, which is real, of n numbers of which x is the first n // 2 + 1.

    The others are their conjugates in reverse order; n is 2 * (size - 1) if it is not given.
    The result is float32 of complex64, float64 of complex128 and integers; floats keep their dtype.
    norm and errors as in `fft`.

    >>> from isthmus import np
    >>> np.fft.hfft([10, -2 + 2j, -2])
    array([ 4., 16., 12.,  8.])
    """
    return irfft(conj(asarray(x)), n, axis, _SWAPPED.get(norm, norm))


@composite
def ihfft(x: Any, /, n: Any = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `hfft`.

    The first n // 2 + 1 elements, complex64 of float16 and float32, else complex128. n, norm and
    errors as in `fft`. Raises UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fft.ihfft([4.0, 16.0, 12.0, 8.0])
    array([10.-0.j, -2.+2.j, -2.-0.j])
    """
    return conj(rfft(x, n, axis, _SWAPPED.get(norm, norm)))


# Several axes, one after another


def _pairs(x: Any, s: Any, axes: Any, halved: bool = False) -> list[tuple[Any, int]]:
    """How many numbers are transformed along which axis, for every axis of a transform."""
    s = None if s is None else wholes(s)
    if axes is None:
        axes = range(-x.ndim, 0) if s is None else range(-len(s), 0)
    counts: Sequence[Any] = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    if len(counts) != len(axes) or not axes:
        raise UsageError(f"s={s} and axes={axes}: give as many sizes as axes, at least one")
    if s is not None and halved and counts[-1] is None:
        counts = [
            *counts[:-1],
            x.shape[one_axis(axes[-1], x.ndim)],
        ]  # -1 is the size of x, not of the result
    return list(zip(counts, axes, strict=True))


def _each(transform: Any, x: Any, pairs: Sequence[tuple[Any, int]], norm: Norm) -> Any:
    for n, axis in pairs:
        x = transform(x, n, axis, norm)
    return x


@composite
def fftn(x: Any, /, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """`fft` along several axes, or all; s is the n of each.

    s: the n of each axis, -1 for as many as there are; axes: all, or the last of s, if they are
    None. The dtype, norm and other errors are those of `fft`. Raises UsageError for other numbers
    of sizes than axes, and for no axes.

    >>> from isthmus import np
    >>> np.fft.fftn([[1.0, 2.0], [3.0, 4.0]])
    array([[10.+0.j, -2.+0.j],
           [-4.+0.j,  0.+0.j]])
    """
    x = asarray(x)
    return _each(fft, x, _pairs(x, s, axes)[::-1], norm)


@composite
def ifftn(x: Any, /, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of `fftn`.

    s, axes, norm, dtype and errors as in `fftn`.

    >>> from isthmus import np
    >>> np.fft.ifftn([[10, -2], [-4, 0]])
    array([[1.+0.j, 2.+0.j],
           [3.+0.j, 4.+0.j]])
    """
    x = asarray(x)
    return _each(ifft, x, _pairs(x, s, axes)[::-1], norm)


@composite
def rfftn(x: Any, /, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """`rfft` along the last of several axes, and `fft` along the others.

    The last axis has n // 2 + 1 elements. s, axes, norm and errors as in `fftn`, the dtype as in
    `rfft`. Raises UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fft.rfftn([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]]).shape
    (2, 3)
    """
    x = asarray(x)
    *others, last = _pairs(x, s, axes)
    return _each(fft, rfft(x, *last, norm), others[::-1], norm)


@composite
def irfftn(x: Any, /, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of `rfftn`.

    The last axis has its size in s, 2 * (size - 1) if s is None, size for -1. axes, norm and errors
    as in `fftn`, the dtype as in `irfft`.

    >>> from isthmus import np
    >>> np.fft.irfftn([[10, -2 + 2j, -2]], s=(1, 4))
    array([[1., 2., 3., 4.]])
    """
    x = asarray(x)
    *others, last = _pairs(x, s, axes, halved=True)
    return irfft(_each(ifft, x, others, norm), *last, norm)


def fft2(x: Any, /, s: Any = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Any:
    """`fftn` of the last two axes, or of those given.

    s, norm, dtype and errors as in `fftn`.

    >>> from isthmus import np
    >>> np.fft.fft2([[1.0, 2.0], [3.0, 4.0]])
    array([[10.+0.j, -2.+0.j],
           [-4.+0.j,  0.+0.j]])
    """
    return fftn(x, s, axes, norm)


def ifft2(x: Any, /, s: Any = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Any:
    """`ifftn` of the last two axes, or of those given.

    s, norm, dtype and errors as in `ifftn`.

    >>> from isthmus import np
    >>> np.fft.ifft2([[10, -2], [-4, 0]])
    array([[1.+0.j, 2.+0.j],
           [3.+0.j, 4.+0.j]])
    """
    return ifftn(x, s, axes, norm)


def rfft2(x: Any, /, s: Any = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Any:
    """`rfftn` of the last two axes, or of those given.

    s, norm, dtype and errors as in `rfftn`.

    >>> from isthmus import np
    >>> np.fft.rfft2([[1.0, 2.0], [3.0, 4.0]])
    array([[10.+0.j, -2.+0.j],
           [-4.+0.j,  0.+0.j]])
    """
    return rfftn(x, s, axes, norm)


def irfft2(x: Any, /, s: Any = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Any:
    """`irfftn` of the last two axes, or of those given.

    s, norm, dtype and errors as in `irfftn`.

    >>> from isthmus import np
    >>> np.fft.irfft2([[10, -2], [-4, 0]])
    array([[1., 2.],
           [3., 4.]])
    """
    return irfftn(x, s, axes, norm)
