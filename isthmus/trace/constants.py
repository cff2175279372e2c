"""Constants of a program: the caller's arrays by value, as they are when an operator takes them.

An array that nobody changes (`isthmus.graph.foreign.is_shared`), as a parameter's, is referred to.
Any other is copied, once for all its uses while its elements stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.foreign import check_plain, is_shared, plain
from isthmus.graph.nodes import Constant, Type

__all__ = ["constant", "copying"]

Array = numpy.ndarray[Any, Any]
Place = tuple[Any, ...]  # where the elements lie, and as what

HELD_BYTES = 2**16
_NUMBERS = (bool, int, float, complex)


class _Copies:
    """What was made of arrays while a program is traced."""

    def __init__(self) -> None:
        self.of: dict[Place, Array] = {}
        self.cast: dict[tuple[int, numpy.dtype[Any]], tuple[Array, Array]] = {}
        self.held: list[Array] = []


_copies: ContextVar[_Copies | None] = ContextVar("isthmus copies", default=None)


@contextmanager
def copying() -> Iterator[None]:
    """For as long as a program is traced: an array is copied once."""
    token = _copies.set(_copies.get() or _Copies())
    try:
        yield
    finally:
        _copies.reset(token)


def constant(operand: Any, dtype: numpy.dtype[Any] | None = None) -> Constant:
    """A constant of anything NumPy takes, cast to the dtype. UsageError for what is no number."""
    if type(operand) in _NUMBERS:
        return _constant(numpy.asarray(operand, dtype))
    check_plain(operand, "a constant")
    given = operand if isinstance(operand, numpy.ndarray) else numpy.asarray(operand)
    if given.dtype.hasobject or given.dtype.names:
        raise UsageError(f"an array of {given.dtype} cannot be traced; give numbers or booleans")
    kept = _kept(given)
    return _constant(kept if dtype is None or dtype == kept.dtype else _cast(kept, dtype))


def _constant(array: Array) -> Constant:
    return Constant(Type(array.dtype, array.shape), array)


def _kept(array: Array) -> Array:
    """The array, or what holds its elements as of now."""
    whole = plain(array)
    frozen = is_shared(whole)
    if frozen and whole.base is None:
        return whole
    known = _copies.get() or _Copies()
    facts = array.__array_interface__
    place = (facts["data"][0], array.shape, array.strides, array.dtype)
    found = known.of.get(place)
    if found is not None and (found is whole or _same_elements(found, whole)):
        return found
    known.of[place] = whole if frozen else _frozen(_own(whole, array))
    if array.nbytes <= HELD_BYTES:  # else another may come to its place, and programs differ
        known.held.append(array)
    return known.of[place]


def _own(whole: Array, given: Array) -> Array:
    return whole.copy(order="K") if numpy.may_share_memory(whole, given) else whole


def _same_elements(x: Array, y: Array) -> bool:
    """Whether they are equal bit by bit; NaN is as good as NaN."""
    if x.dtype.itemsize in (1, 2, 4, 8):
        bits = f"u{x.dtype.itemsize}"
        return bool((x.view(bits) == y.view(bits)).all())
    return x.tobytes() == y.tobytes()


def _cast(array: Array, dtype: numpy.dtype[Any]) -> Array:
    """The array in another dtype, cast once; it is kept so that no other has its id."""
    known = _copies.get() or _Copies()
    key = id(array), dtype
    if key not in known.cast:
        known.cast[key] = array, _frozen(array.astype(dtype))
    return known.cast[key][1]


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
