"""The same numbers as arrays of other memory: what files, slices and other machines give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

__all__ = ["PRESENTATIONS"]

Array = Any


def foreign(x: Array) -> Array:
    """Of the other byte order."""
    return x.astype(x.dtype.newbyteorder("S"))


def backwards(x: Array) -> Array:
    """Of negative strides."""
    return x[::-1].copy()[::-1] if x.ndim else x


def every_second(x: Array) -> Array:
    """Every second element of a larger array."""
    larger = numpy.empty((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (2,), x.dtype)
    larger[...] = x.dtype.type(1)
    view = larger[..., ::2] if x.ndim else larger[:1].reshape(())
    view[...] = x
    return view


def columns_first(x: Array) -> Array:
    return numpy.array(x, order="F")


def read_only(x: Array) -> Array:
    kept = x.copy()
    kept.flags.writeable = False
    return kept


def unaligned(x: Array) -> Array:
    """One byte after where the processor would like it."""
    memory = numpy.zeros(x.nbytes + 1, numpy.uint8)
    view = memory[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def foreign_and_backwards(x: Array) -> Array:
    return backwards(foreign(x))


PRESENTATIONS: Mapping[str, Callable[[Array], Array]] = {
    found.__name__: found
    for found in (
        foreign,
        backwards,
        every_second,
        columns_first,
        read_only,
        unaligned,
        foreign_and_backwards,
    )
}
