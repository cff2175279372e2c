"""Convolution and correlation of two lines of numbers.

mode: "full" for every overlap, "same" for as many as the longer has, "valid" for the whole ones.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

from . import host_only
from .conversion import asarray
from .indexing import surrounded
from .manipulation import reshape

__all__ = [
    "convolve",
    "correlate",
]

Size = int | Dim


def _placed(n: Size, m: Size, mode: str, later: int) -> tuple[Size, Size]:
    """The first overlap of a mode among all n + m - 1, and how many there are of it."""
    if mode == "full":
        return 0, n + m - 1
    short, long = (m, n) if n >= m else (n, m)
    if mode == "same":
        return (short - 1 + later) // 2, long
    if mode == "valid":
        return short - 1, long - short + 1
    raise UsageError(f"mode {mode!r}; give 'full', 'same' or 'valid'")


def _later(n: Size, m: Size, mode: str) -> int:
    """1 where "same" of a correlation starts one overlap later if it can, as NumPy has it."""
    return int(mode == "same" and n < m)


def _line_type(a: Type, v: Type, mode: str) -> Type:
    if a.ndim != 1 or v.ndim != 1:
        raise UsageError(f"{a} and {v}; give arrays of one axis")
    if 0 in [size for size in (a.shape[0], v.shape[0]) if isinstance(size, int)]:
        raise UsageError("an array is empty; give one or more elements of each")
    dtype = numpy.result_type(a.dtype, v.dtype)
    return Type(dtype, (_placed(a.shape[0], v.shape[0], mode, 0)[1],))


def _all_overlaps(g: Any, a: Any, v: Any, mode: str, later: int) -> Any:
    """The gradient by every overlap: 0 for those the mode leaves out."""
    n, m = a.shape[0], v.shape[0]
    start, length = _placed(n, m, mode, later)
    return surrounded(g, 0, start, n + m - 1 - start - length)


def _opposed(g: Any, other: Any, size: Size) -> Any:
    """For each element of one operand the sum of g times what it met of the other."""
    first = other.shape[0] - 1
    return _convolve(g, other[::-1], mode="full")[first : first + size]


def _convolve_gradient(g: Any, y: Any, a: Any, v: Any, mode: str) -> tuple[Any, Any]:
    g = _all_overlaps(g, a, v, mode, 0)
    return _opposed(g, v, a.shape[0]), _opposed(g, a, v.shape[0])


def _correlate_gradient(g: Any, y: Any, a: Any, v: Any, mode: str) -> tuple[Any, Any]:
    g = _all_overlaps(g, a, v, mode, _later(a.shape[0], v.shape[0], mode))
    return _opposed(g, v[::-1], a.shape[0]), _opposed(g, a, v.shape[0])[::-1]


@primitive(infer=_line_type, vjp=_convolve_gradient, host_only=host_only.FITTED)
def _convolve(a: Any, v: Any, /, mode: Any) -> Any:
    return numpy.convolve(a, v, mode)


@primitive(infer=_line_type, vjp=_correlate_gradient, host_only=host_only.FITTED)
def _correlate(a: Any, v: Any, /, mode: Any) -> Any:
    return numpy.correlate(a, v, mode)


def convolve(a: Any, v: Any, /, mode: str = "full") -> Any:
    """sum(a[i] * v[k - i]) for each overlap k.

    a: [n], v: [m]; a number counts as one element. The result is [n + m - 1] for mode "full",
    [max(n, m)] for "same", [max(n, m) - min(n, m) + 1] for "valid", in their common dtype. Raises
    UsageError for more axes, an empty array and another mode (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.convolve([1, 2, 3], [0, 1, 10])
    array([ 0,  1, 12, 23, 30])
    """
    a, v = (x if x.ndim else reshape(x, (1,)) for x in map(asarray, (a, v)))
    return _convolve(a, v, mode=mode)


def correlate(a: Any, v: Any, /, mode: str = "valid") -> Any:
    """sum(a[i + k] * conj(v[i])) for each overlap k.

    a: [n], v: [m]. The result is [n + m - 1] for mode "full", [max(n, m)] for "same", [max(n, m) -
    min(n, m) + 1] for "valid", in their common dtype. Raises UsageError for other numbers of axes,
    an empty array and another mode (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.correlate([1, 2, 3], [0, 1, 10])
    array([32])
    """
    return _correlate(a, v, mode=mode)
