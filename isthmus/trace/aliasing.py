"""Which arrays NumPy would let share memory, so that an assignment to one is not missed by others.

Values never change, an assignment makes a new one and gives it to one handle. In NumPy the
others of the same memory would change as well. Arrays that a device holds do so here;
traced ones are refused from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Held

__all__ = ["Memory", "layout", "write_through"]


class Memory:
    """The handles that are alive of one array and its views."""

    __slots__ = ("handles",)

    def __init__(self, first: Any) -> None:
        self.handles = [ref(first)]

    def add(self, handle: Any) -> None:
        """One more view; the dead are dropped now and then."""
        if len(self.handles) % 64 == 0:
            self.handles = [known for known in self.handles if known() is not None]
        self.handles.append(ref(handle))

    def others(self, handle: Any) -> list[Any]:
        """The handles alive but for this one."""
        alive = (known() for known in self.handles)
        return [other for other in alive if other is not None and other is not handle]


def layout(handle: Any) -> numpy.ndarray[Any, Any]:
    """An array where NumPy would have a held array's elements; what is in it means nothing.

    In the host's memory that is the held array itself. Elsewhere it is one of the same size, of
    zeros that are never written to, of which views show how they lie in it.
    """
    value: Held = handle.value
    if value.device.memory is None:
        return value.host()
    if handle._layout is None:
        handle._layout = numpy.zeros(value.type.shape, value.type.dtype)
    found: numpy.ndarray[Any, Any] = handle._layout
    return found


def write_through(handle: Any, changed: Held, others: Sequence[Any]) -> None:
    """Gives a held array changed elements, and the others those they share with it.

    All get values in new memory that is laid out as the old one.
    """
    handles = [*others, handle]  # the changed elements are written last
    layouts = [layout(each) for each in handles]
    _check_writable(layouts[-1])
    bounds = [numpy.lib.array_utils.byte_bounds(each) for each in layouts]
    low, high = min(start for start, _ in bounds), max(stop for _, stop in bounds)
    memory = numpy.zeros(high - low, numpy.uint8)
    values = [*(each.value for each in others), changed]
    arrays = [
        numpy.ndarray(each.shape, each.dtype, memory, each.ctypes.data - low, each.strides)
        for each in layouts
    ]
    for array, value in zip(arrays, values, strict=True):
        array[...] = value.host()
    for each, array, value in zip(handles, arrays, values, strict=True):
        each._value = Held(value.type, value.device, host=array)
        each._layout = array


def _check_writable(array: numpy.ndarray[Any, Any]) -> None:
    if any(step == 0 and size > 1 for size, step in zip(array.shape, array.strides, strict=True)):
        raise UsageError(
            "assignment to an array whose elements share a place, as broadcast ones do; "
            "assign to a copy, np.copy(x)"
        )
