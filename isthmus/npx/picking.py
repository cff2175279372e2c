"""Elements picked by positions, and positions of the largest, by the names of MXNet's `npx`."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis

__all__ = [
    "one_hot",
    "pick",
    "topk",
]


def one_hot(
    indices: Any,
    /,
    depth: int | Dim,
    on_value: float = 1.0,
    off_value: float = 0.0,
    dtype: Any = numpy.float32,
) -> Any:
    """y[..., j] = on_value where indices[...] = j, else off_value; j = 0..depth - 1.

    indices: integers, any shape -> [..., depth], of `dtype`. One outside of 0..depth - 1, a
    negative one too, is off everywhere. Raises WrongKind for indices that are no integers. As
    MXNet's `npx.one_hot`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.one_hot(numpy.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    indices = _integers(indices)
    places = np.arange(depth, dtype=indices.dtype)
    dtype = numpy.dtype(dtype)
    on, off = (numpy.asarray(value).astype(dtype) for value in (on_value, off_value))
    return np.where(np.equal(np.expand_dims(indices, -1), places), on, off)


def _integers(indices: Any) -> Any:
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise WrongKind(f"indices of dtype {indices.dtype}; give integers")
    return indices


def pick(
    x: Any, indices: Any, /, axis: int = -1, mode: str = "clip", keepdims: bool = False
) -> Any:
    """y[...] = x[..., indices[...], ...] along axis: one element of each line.

    indices: integers of x's shape without the axis, or with it at size 1. mode "clip": those
    outside are the ends; "wrap": they go round. Result: x's dtype, without the axis unless
    keepdims. Raises UsageError for another mode, WrongKind for indices that are no integers. As
    MXNet's `npx.pick`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.pick(numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.array([1, 0]))
    array([2., 3.])
    """
    x, indices = np.asarray(x), _integers(indices)
    along = one_axis(axis, x.ndim)
    if indices.ndim == x.ndim - 1:
        indices = np.expand_dims(indices, along)
    size = x.shape[along]
    if mode == "clip":
        indices = np.clip(indices, 0, size - 1)
    elif mode == "wrap":
        indices = np.remainder(indices, size)
    else:
        raise UsageError(f"mode={mode!r}: give 'clip' or 'wrap'")
    found = np.take_along_axis(x, indices, axis=along)
    return found if keepdims else np.squeeze(found, axis=along)


def topk(
    x: Any, /, k: int | Dim = 1, axis: int = -1, ret_typ: str = "indices", is_ascend: bool = False
) -> Any:
    """The k largest elements along axis, from the largest; is_ascend: the smallest, from it.

    ret_typ: "indices", their positions, int64; "value", of x's dtype; "both", the pair (values,
    positions). Of equal elements the one with the lower position comes first. A NaN is larger than
    every number. Raises UsageError for another ret_typ, an axis that x lacks, or a k above its
    size. As MXNet's `npx.topk`, whose positions are float32.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.topk(numpy.array([3.0, 9.0, 5.0]), k=2)
    array([1, 2])
    >>> npx.topk(numpy.array([3.0, 9.0, 5.0]), k=2, ret_typ="value", is_ascend=True)
    array([3., 5.])
    """
    x = np.asarray(x)
    along = one_axis(axis, x.ndim)
    size = x.shape[along]
    if (isinstance(k, int) and k < 0) or (
        not isinstance(k, Dim) and not isinstance(size, Dim) and k > size
    ):
        raise UsageError(f"k={k} of {size} elements along axis {axis}; give 0..{size}")
    if ret_typ not in ("both", "indices", "value"):
        raise UsageError(f"ret_typ={ret_typ!r}: give 'indices', 'value' or 'both'")
    order = np.argsort(x, axis=along, descending=not is_ascend)
    first = np.getitem(order, (slice(None),) * along + (slice(0, k),))
    if ret_typ == "indices":
        return first
    values = np.take_along_axis(x, first, axis=along)
    return values if ret_typ == "value" else (values, first)
