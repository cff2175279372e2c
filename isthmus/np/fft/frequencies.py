"""The frequencies of a transform, and the order in which 0 is in the middle."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis
from isthmus.graph.whole import whole, wholes
from isthmus.np.comparisons import less
from isthmus.np.conversion import asarray, astype, check_device
from isthmus.np.elementwise import divide, multiply, subtract
from isthmus.np.ranges import arange
from isthmus.np.repetition import roll
from isthmus.np.searching import where

__all__ = [
    "fftfreq",
    "fftshift",
    "ifftshift",
    "rfftfreq",
]


def fftfreq(n: Any, /, d: Any = 1.0, device: Any = None, *, dtype: Any = None) -> Any:
    """The frequency of each element of `fft`: 0, 1, ..., -2, -1 divided by n * d.

    n may be a named size. d: the distance of two of the elements transformed. The result is [n],
    float64 unless a dtype is given. Raises ZeroDivisionError for an n or d of 0, ValueError for an
    n that is no integer, UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.fft.fftfreq(4)
    array([ 0.  ,  0.25, -0.5 , -0.25])
    """
    check_device(device)
    if not isinstance(n, Dim):
        return _as(numpy.fft.fftfreq(whole(n), d), dtype)
    place = arange(n)
    signed = where(less(place, (n - 1) // 2 + 1), place, subtract(place, n))
    return _as(_per(signed, n, d), dtype)


def rfftfreq(n: Any, /, d: Any = 1.0, device: Any = None, *, dtype: Any = None) -> Any:
    """The frequency of each element of `rfft` of n numbers: 0, 1, ... divided by n * d.

    The result is [n // 2 + 1]; d, dtype and errors as in `fftfreq`.

    >>> from isthmus import np
    >>> np.fft.rfftfreq(4)
    array([0.  , 0.25, 0.5 ])
    """
    check_device(device)
    if not isinstance(n, Dim):
        return _as(numpy.fft.rfftfreq(whole(n), d), dtype)
    return _as(_per(arange(n // 2 + 1), n, d), dtype)


def _per(steps: Any, n: Dim, d: Any) -> Any:
    """steps * (1 / (n * d)), which is not rounded as steps / (n * d) is."""
    return multiply(steps, divide(1.0, multiply(asarray(n), d)))


def _as(x: Any, dtype: Any) -> Any:
    return x if dtype is None else astype(x, dtype)


def fftshift(x: Any, /, axes: Any = None) -> Any:
    """x with the frequency 0 moved from the beginning of each axis, or those given, to its middle.

    Elements that leave an axis at its end come in at its beginning. Shape and dtype stay. Raises
    UsageError for an axis that is not there.

    >>> from isthmus import np
    >>> np.fft.fftshift([0, 1, 2, -2, -1])
    array([-2, -1,  0,  1,  2])
    """
    x = asarray(x)
    along = _axes(axes, x.ndim)
    return roll(x, [x.shape[axis] // 2 for axis in along], along)


def ifftshift(x: Any, /, axes: Any = None) -> Any:
    """The inverse of `fftshift`.

    Raises UsageError for an axis that is not there.

    >>> from isthmus import np
    >>> np.fft.ifftshift([-2, -1, 0, 1, 2])
    array([ 0,  1,  2, -2, -1])
    """
    x = asarray(x)
    along = _axes(axes, x.ndim)
    return roll(x, [-(x.shape[axis] // 2) for axis in along], along)


def _axes(axes: Any, ndim: int) -> list[int]:
    return [one_axis(axis, ndim) for axis in (range(ndim) if axes is None else wholes(axes))]
