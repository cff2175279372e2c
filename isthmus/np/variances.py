"""What variances and deviations are made of, whichever elements they are of."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim

from .complex_numbers import imag, real
from .conversion import astype
from .creation import full
from .elementwise import divide, maximum, subtract
from .exponents import sqrt, square

__all__ = ["divided", "freedom", "freedom_lost", "root", "squared"]


def squared(x: Any) -> Any:
    """|x|**2"""
    if x.dtype.kind != "c":
        return square(x)
    return square(real(x)) + square(imag(x))


def divided(total: Any, count: Any) -> Any:
    """total / count in total's dtype; float16 has no room for the count."""
    wide = astype(total, numpy.float32) if total.dtype == numpy.float16 else total
    found = divide(wide, count)
    return found if found.dtype == total.dtype else astype(found, total.dtype)


def freedom(count: int | Dim, lost: float, dtype: Any) -> Any:
    """max(count - lost, 0)"""
    if not isinstance(count, Dim):
        return max(count - float(lost), 0)
    wide = numpy.float32 if dtype == numpy.float16 else dtype
    return maximum(subtract(full((), count, wide), lost), 0)


def freedom_lost(ddof: float, correction: float | None) -> float:
    """The degrees of freedom that the mean takes."""
    if correction is None:
        return ddof
    if ddof != 0:
        raise UsageError(f"ddof={ddof} beside correction={correction}; give one of the two")
    return correction


def root(variance: Any) -> Any:
    """The standard deviation; NumPy does not round it to integers."""
    if variance.dtype.kind not in "fc":
        raise WrongKind(f"a deviation in {variance.dtype}; give a floating dtype")
    return sqrt(variance)
