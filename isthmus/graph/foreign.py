"""Arrays that come in from outside: which a program takes, in which form, and whose they are.

A program's arrays are plain NumPy arrays in the machine's byte order. What others mean, a mask or
labels, it cannot keep, and refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from weakref import ref

import numpy

from isthmus.errors import UsageError

__all__ = ["check_plain", "is_shared", "plain", "share"]

Array = numpy.ndarray[Any, Any]

_UNKNOWN = "what the subclass means would be lost; give numpy.asarray(x)"

# The same of other packages' objects, by the start of their module.
PACKAGES: tuple[tuple[str, str], ...] = (
    ("pandas.", "its labels would be lost; give x.to_numpy()"),
    ("polars.", "its names and nulls would be lost; give x.to_numpy()"),
    ("scipy.sparse.", "arrays here are dense; give x.toarray()"),
    ("xarray.", "its labels would be lost; give x.to_numpy()"),
)


def check_plain(x: Any, what: str = "") -> None:
    """UsageError for an array of a kind that means more than its elements.

    what: the argument's name, for the message.
    """
    kind: Any = type(x)
    reason = _reason(kind)
    if reason is not None:
        raise UsageError(f"{what or 'an operand'}: {kind.__name__} given, but {reason}")


@lru_cache(maxsize=256)
def _reason(kind: type) -> str | None:
    """Why arrays of a type are refused; None if they are not."""
    if kind in (numpy.ndarray, numpy.memmap):
        return None
    if issubclass(kind, numpy.ndarray):
        return next((why for known, why in _subclasses() if issubclass(kind, known)), _UNKNOWN)
    if not hasattr(kind, "shape"):
        return None
    modules = [f"{base.__module__}." for base in kind.__mro__]
    found = (why for start, why in PACKAGES for name in modules if name.startswith(start))
    return next(found, None)


def _subclasses() -> tuple[tuple[type, str], ...]:
    """What a program would lose of NumPy's own subclasses, and what to give instead.

    A function, because the first of them takes as long to import as a fifth of NumPy.
    """
    return (
        (
            numpy.ma.MaskedArray,
            "its mask would be lost; give x.filled(value), or x.data and x.mask",
        ),
        (numpy.matrix, "its products of matrices would be lost; give numpy.asarray(x)"),
        (numpy.recarray, "its fields would be lost; give x['field'] of numpy.asarray(x)"),
        (numpy.char.chararray, "texts are no numbers; give numbers"),
    )


def plain(array: Array) -> Array:
    """The same elements in the machine's byte order, aligned, of NumPy's own class.

    The array itself where it is that already, else a view or a copy in the same order of axes.
    """
    if not (array.dtype.isnative and array.flags.aligned):
        return numpy.array(array, array.dtype.newbyteorder("="), order="K")
    return array if type(array) is numpy.ndarray else array.view(numpy.ndarray)


# Arrays that a program may refer to without a copy: by their id, as long as they live.
_shared: dict[int, ref[Array]] = {}


def share(array: Array) -> Array:
    """The array, from now on read-only, as is the one of which it is a view.

    To change it then raises ValueError. Views that were made of it before can still be written to.
    """
    for each in _chain(array):
        each.flags.writeable = False
        key = id(each)
        if key not in _shared:
            _shared[key] = ref(each, lambda _, key=key: _shared.pop(key, None))  # type: ignore[misc]
    return array


def is_shared(array: Array) -> bool:
    """Whether nobody changes the elements: it was given to `share`, or is read-only throughout."""
    chain = list(_chain(array))
    if any(each.flags.writeable for each in chain):
        return False
    if any(id(each) in _shared for each in chain):
        return True
    owner = chain[-1].base
    return owner is None or _is_read_only(owner)


def _chain(array: Array) -> Iterator[Array]:
    """The array, and those of which it is a view."""
    each: Any = array
    while isinstance(each, numpy.ndarray):
        yield each
        each = each.base


def _is_read_only(owner: Any) -> bool:
    """Whether memory is that of bytes, or of a file mapped read-only."""
    try:
        return memoryview(owner).readonly
    except TypeError:  # of a library that says nothing
        return False
