"""Attributes as a graph holds them: Python's own numbers, however the caller computed them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Held

from .array import Array

__all__ = ["plain"]

_PLAIN = (bool, int, float, complex, str, type(None), type(...), Dim)


def plain(value: Any) -> Any:
    """NumPy's scalars, 0-d arrays and arrays of integers as Python's numbers; nests part by part.

    What is no number stays, and so do traced arrays, whose numbers are not known.

    >>> import numpy
    >>> plain((numpy.int64(2), slice(numpy.int8(1), None), numpy.array(3), numpy.bool_(True)))
    (2, slice(1, None, None), 3, True)
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple | list):
        return _parts(value)
    if isinstance(value, slice):
        return slice(plain(value.start), plain(value.stop), plain(value.step))
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        return _elements(value)
    if isinstance(value, Array) and not value.shape and isinstance(value.value, Held):
        return value.item()
    return value


def _parts(value: Any) -> Any:
    """The same nest if nothing in it changes, which keeps tuples with names."""
    parts = [plain(part) for part in value]
    if all(part is old for part, old in zip(parts, value, strict=True)):
        return value
    return tuple(parts) if isinstance(value, tuple) else parts


def _elements(array: numpy.ndarray[Any, Any]) -> Any:
    if array.ndim and array.dtype.kind not in "iu":
        return array
    return plain(tuple(array) if array.ndim else array.item())
