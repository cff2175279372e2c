"""Elements chosen by conditions, or among several arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import IndexOutside, UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import broadcast
from isthmus.trace.array import Array
from isthmus.trace.op import NUMPY, kind_of
from isthmus.trace.slots import np

from . import host_only
from .comparisons import equal as equals
from .comparisons import greater_equal, less_equal, logical_and, not_equal
from .conversion import asarray
from .creation import arange, full
from .elementwise import clip, remainder
from .indexing import getitem
from .joining import unstack
from .manipulation import broadcast_to, concat, moved, ravel
from .searching import where

__all__ = [
    "choose",
    "compress",
    "extract",
    "select",
    "trim_zeros",
]


def compress(condition: Any, /, a: Any, axis: int | None = None) -> Any:
    """The parts of a along an axis, flat if none is given, where the condition holds.

    condition: [n], n up to the axis' size. Result: a's dtype; its size depends on values. Raises
    UsageError for a condition of other axes, IndexOutside for one that is too long. As
    `numpy.compress`.

    >>> from isthmus import np
    >>> np.compress(np.asarray([True, False]), np.asarray([[1, 2], [3, 4]]), axis=1)
    array([[1],
           [3]])
    """
    a = ravel(a) if axis is None else asarray(a)
    along = one_axis(axis or 0, a.ndim)
    mask = asarray(condition)
    if mask.ndim != 1:
        raise UsageError(f"a condition of {mask.ndim} axes; give it one")
    mask = mask if mask.dtype == numpy.bool_ else not_equal(mask, 0)
    before, size = (slice(None),) * along, a.shape[along]
    if not isinstance(mask.size, Dim) and not isinstance(size, Dim):
        mask = _shortened(mask, size)
        if mask.size < size:
            a = getitem(a, (*before, slice(0, mask.size)))
    return getitem(a, (*before, mask))


def _shortened(mask: Any, size: int) -> Any:
    """A mask that is too long, if what is too much of it is known to hold nowhere."""
    if mask.size <= size:
        return mask
    if isinstance(mask, Array) or mask[size:].any():
        raise IndexOutside(f"a condition of {mask.size} for an axis of size {size}; give no more")
    return mask[:size]


def extract(condition: Any, arr: Any, /) -> Any:
    """The elements of arr, flat, where the condition holds: `compress(ravel(condition), arr)`.

    As `numpy.extract`.

    >>> from isthmus import np
    >>> x = np.asarray([[1, 2], [3, 4]])
    >>> np.extract(x > 2, x)
    array([3, 4])
    """
    return compress(ravel(condition), arr)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Each element from the first choice whose condition holds, else the default.

    condlist, choicelist: as many arrays each, which broadcast. Result: the common dtype of choices
    and default; Python numbers are weak. Raises UsageError for none or for different numbers,
    TypeError for conditions that are no truth values, DimensionError if shapes do not broadcast. As
    `numpy.select`.

    >>> from isthmus import np
    >>> x = np.asarray([1, 5, 9])
    >>> np.select([x < 3, x < 7], [x, 10 * x], default=-1)
    array([ 1, 50, -1])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise UsageError(
            f"{len(condlist)} conditions for {len(choicelist)} choices; give as many, at least one"
        )
    conditions = [asarray(condition) for condition in condlist]
    for condition in conditions:
        if condition.dtype != numpy.bool_:
            raise TypeError(f"a condition of {condition.dtype}; compare first")
    choices = [_weak(choice) for choice in (*choicelist, default)]
    dtype = numpy.result_type(*(getattr(choice, "dtype", choice) for choice in choices))
    arrays = [asarray(choice, dtype) for choice in choices]
    shape = broadcast(*(part.shape for part in (*conditions, *arrays)))
    found = arrays[-1]
    for condition, choice in reversed(list(zip(conditions, arrays[:-1], strict=True))):
        found = where(condition, choice, found)
    return found if tuple(found.shape) == tuple(shape) else broadcast_to(found, shape)


def _weak(choice: Any) -> Any:
    return choice if type(choice) in (int, float, complex) else asarray(choice)


# One array of several, by number


def _chosen_type(numbers: Type, *choices: Type, mode: str) -> Type:
    if numbers.dtype.kind not in "iub":
        raise WrongKind(f"choose by {numbers}; give integers")
    if not choices:
        raise UsageError("choose among no arrays; give at least one")
    return Type(choices[0].dtype, broadcast(numbers.shape, *(choice.shape for choice in choices)))


def _common_choices(numbers: Any, *choices: Any) -> list[Any]:
    return [numpy.dtype(numbers), *[numpy.result_type(*choices)] * len(choices)]


def _chosen_gradient(g: Any, y: Any, numbers: Any, *choices: Any, mode: str) -> tuple[Any, ...]:
    if mode != "raise":
        count = len(choices)
        numbers = remainder(numbers, count) if mode == "wrap" else clip(numbers, 0, count - 1)
    zero = numpy.zeros((), g.dtype)
    return None, *(where(equals(numbers, i), g, zero) for i in range(len(choices)))


@moved(
    _chosen_type,
    promote=_common_choices,
    variadic=True,
    vjp=_chosen_gradient,
    host_only=host_only.CHOSEN,
)
def _choose(operands: Sequence[Any], /, mode: str) -> Any:
    """The element of the array with that number. Raises ValueError for a number outside."""
    numbers, *choices = operands
    return numpy.choose(numbers, choices, mode=mode)  # type: ignore[call-overload]


def choose(a: Any, /, choices: Any, mode: str = "raise") -> Any:
    """Each element from the array whose number a gives; all broadcast.

    a: integers. choices: a sequence of arrays, or an array of them. mode "raise": a number without
    array is a ValueError; "wrap": numbers go round; "clip": those outside are the first or the
    last. Result: the common dtype of the choices. Raises UsageError for another mode, and for an a
    of another dtype (NumPy arrays: TypeError). As `numpy.choose`.

    >>> from isthmus import np
    >>> np.choose(np.asarray([0, 1, 1]), [np.asarray([1, 2, 3]), np.asarray([10, 20, 30])])
    array([ 1, 20, 30])
    """
    if mode not in ("raise", "wrap", "clip"):
        raise UsageError(f"mode={mode!r}: give 'raise', 'wrap' or 'clip'")
    several = choices if isinstance(choices, list | tuple) else unstack(asarray(choices))
    return _choose([asarray(a), *map(asarray, several)], mode)


# What is between the first and the last that is not zero


def trim_zeros(filt: Any, /, trim: Any = "fb", axis: Any = None) -> Any:
    """filt without the zeros at the front ("f") and the back ("b") of its axes.

    axis: an int, several or None for all. Result: filt's dtype, a list of a list; its size depends
    on values. Raises UsageError for another trim. As `numpy.trim_zeros`.

    >>> from isthmus import np
    >>> np.trim_zeros(np.asarray([0, 0, 1, 0, 2, 0]))
    array([1, 0, 2])
    """
    sides = trim.lower()
    if sides not in ("f", "b", "fb", "bf"):
        raise UsageError(f"trim={trim!r}: give 'f', 'b' or 'fb'")
    if isinstance(filt, list | tuple) and kind_of(filt) == NUMPY:
        return numpy.trim_zeros(filt, trim, axis)  # which keeps it a list
    filt = asarray(filt)
    filled = not_equal(filt, 0)
    for along in axes_of(axis, filt.ndim):
        others = tuple(i for i in range(filt.ndim) if i != along)
        line = np.any(filled, axis=others) if others else filled
        filt = getitem(filt, (slice(None),) * along + (_between_ends(line, sides),))
    return filt


def _between_ends(filled: Any, sides: str) -> Any:
    """Truth from the first truth to the last; nowhere if there is none."""
    size = filled.shape[0]
    places = arange(size)
    firsts = concat([where(filled, places, size), full((1,), size, numpy.int64)])
    lasts = concat([where(filled, places, -1), full((1,), -1, numpy.int64)])
    after = greater_equal(places, np.min(firsts))
    before = less_equal(places, np.max(lasts))
    return logical_and(after, before) if len(sides) == 2 else after if sides == "f" else before
