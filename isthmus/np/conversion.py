"""Arrays of what a caller has, and the same elements in another dtype."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals, unchanged
from isthmus.errors import DimensionError, TraceError, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.foreign import check_plain
from isthmus.graph.infer import cast
from isthmus.graph.nodes import Type
from isthmus.trace.array import Array
from isthmus.trace.op import kind_of, primitive
from isthmus.trace.slots import np

__all__ = [
    "array",
    "asarray",
    "astype",
    "copy",
    "from_dlpack",
]


def check_device(device: Any) -> None:
    """UsageError for a device that NumPy's arrays cannot be on."""
    if device is not None and str(device) != "cpu":
        raise UsageError(
            f"device={device!r}: arrays of isthmus.np are on 'cpu'; "
            f"make it in isthmus.namespace({str(device)!r})"
        )


def _cast_gradient(g: Any, y: Any, x: Any, dtype: Any) -> tuple[Any]:
    return (_astype(g, dtype=x.dtype),)


def _settled_dtype(x: Type, dtype: Any) -> dict[str, Any]:
    return {"dtype": numpy.dtype(dtype)}


@primitive(
    infer=cast,
    vjp=_cast_gradient,
    settled=_settled_dtype,
    may_raise=False,
    interval=intervals.cast,
    unchanged=unchanged.of_one_type,
)
def _astype(x: Any, /, dtype: Any) -> Any:
    """x with another dtype; floats are truncated to ints, and ints wrap, as in NumPy."""
    known = x if isinstance(x, numpy.generic) else numpy.asarray(x)
    return known.astype(dtype)


def astype(x: Any, /, dtype: Any, *, copy: bool = True, device: Any = None) -> Any:
    """x with another dtype; floats are truncated to ints, and ints wrap, as in NumPy.

    copy=False gives x itself where it has that dtype. Of complex numbers cast to real ones the real
    part remains. Raises UsageError for a device other than "cpu", TypeError for what is no dtype.

    >>> from isthmus import np
    >>> np.astype(np.asarray([1.9, -1.9]), np.int32)
    array([ 1, -1], dtype=int32)
    """
    check_device(device)
    if not copy and getattr(x, "dtype", None) == numpy.dtype(dtype):
        return x
    return _astype(x, dtype)


def asarray(obj: Any, /, dtype: Any = None, *, device: Any = None, copy: bool | None = None) -> Any:
    """obj as an array: a number, a size, nested lists, or an array, which stays what it is.

    dtype: the array's own if it is None; of lists what their elements have in common, of a size
    int64. copy: True for a new array; False for no copy, else ValueError; None for what is needed.
    Raises ValueError for lists of different lengths, UsageError for a device other than "cpu" and
    for arrays that mean more than their elements, as masked ones.

    >>> from isthmus import np
    >>> np.asarray([[1, 2], [3, 4.5]])
    array([[1. , 2. ],
           [3. , 4.5]])
    """
    check_device(device)
    if isinstance(obj, Array):
        return _as_dtype(obj, dtype, copy)
    kind_of((obj,))  # which refuses arrays that mean more than their elements
    if isinstance(obj, Dim):
        return np.full((), obj, numpy.int64 if dtype is None else dtype)
    if isinstance(obj, list | tuple):
        return _of_parts(obj, dtype, copy)
    return numpy.asarray(obj, dtype, copy=copy)


def _as_dtype(array: Array, dtype: Any, copy: bool | None) -> Any:
    if dtype is None or array.dtype == numpy.dtype(dtype):
        return +array if copy else array
    if copy is False:
        raise UsageError(f"{array.type} as {numpy.dtype(dtype)} is a copy; leave out copy=False")
    return _astype(array, dtype)


def _of_parts(parts: Any, dtype: Any, copy: bool | None) -> Any:
    """An array of nested lists, which may hold traced arrays and sizes."""
    try:
        whole = numpy.asarray(parts, dtype, copy=copy)
    except (TraceError, DimensionError):  # there are traced arrays or named sizes among them
        whole = None
    if whole is not None and not whole.dtype.hasobject:
        return whole
    return np.stack([asarray(part, dtype) for part in parts])


def array(obj: Any, /, dtype: Any = None, *, copy: bool | None = True, ndmin: int = 0) -> Any:
    """A new array of a number, nested lists or an array, with at least ndmin axes.

    New axes come first. dtype, copy and errors as in `asarray`, but copy is True unless it is
    given.

    >>> from isthmus import np
    >>> np.array([1, 2], dtype=np.float32, ndmin=2)
    array([[1., 2.]], dtype=float32)
    """
    found = asarray(obj, dtype, copy=copy)
    missing = ndmin - found.ndim
    return np.reshape(found, (1,) * missing + tuple(found.shape)) if missing > 0 else found


def copy(a: Any, /) -> Any:
    """A new array of the same elements: assigning to it leaves the other.

    >>> from isthmus import np
    >>> x = np.asarray([1, 2])
    >>> y = np.copy(x)
    >>> y[0] = 9
    >>> x, y
    (array([1, 2]), array([9, 2]))
    """
    return asarray(a, copy=True)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """Another library's array through DLPack, sharing its memory unless copy is True.

    A traced array is itself. Raises AttributeError for what has no `__dlpack__`, ValueError for a
    device other than "cpu".

    >>> from isthmus import np
    >>> np.from_dlpack(np.asarray([1.0, 2.0]))
    array([1., 2.])
    """
    if isinstance(x, Array):
        return asarray(x, device=device, copy=copy)
    check_plain(x)
    return numpy.from_dlpack(x, device=device, copy=copy)
