"""Lookups and updates at positions along several axes, as ONNX has them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.analysis import intervals
from isthmus.errors import DimensionError, UsageError, WrongKind
from isthmus.graph.dims import Dim, Shape
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Node, Type
from isthmus.graph.operator import FULL
from isthmus.graph.shapes import product
from isthmus.np.manipulation import free_of_arithmetic, moved
from isthmus.trace.op import primitive

from .updates import fits, put, reduced_gradients, update_type

__all__ = [
    "gather_nd",
    "scatter_nd",
]


def _width(x: Type, indices: Type, batch: int = 0) -> int:
    """How many axes the last axis of indices goes along."""
    if indices.dtype.kind not in "iu":
        raise WrongKind(f"indices of dtype {indices.dtype}; give integers")
    width = indices.shape[-1] if indices.ndim else 0
    if isinstance(width, Dim) or not 1 <= width <= x.ndim - batch:
        raise UsageError(
            f"indices {indices} of x with {x.ndim} axes; their last size is of how many axes they "
            f"are the positions: give 1..{x.ndim - batch}"
        )
    return width


# Lookups


def _gathered_type(x: Type, indices: Type, batch_dims: int) -> Type:
    if not 0 <= batch_dims < min(x.ndim, indices.ndim):
        raise UsageError(f"batch_dims={batch_dims} of x {x} and indices {indices}; give fewer")
    width = _width(x, indices, batch_dims)
    if not fits(x.shape[:batch_dims], indices.shape[:batch_dims]):
        raise DimensionError(
            f"x {x} and indices {indices}: the first {batch_dims} sizes differ (batch_dims)"
        )
    return Type(x.dtype, (*indices.shape[:-1], *x.shape[batch_dims + width :]))


def _limits(node: Node) -> Shape:
    """The sizes of the axes that the numbers of an index are positions along."""
    x, indices = node.operands[:2]
    assert x is not None and indices is not None
    batch = node.attributes.get("batch_dims", 0)
    return tuple(x.type.shape[batch : batch + _width(x.type, indices.type, batch)])


def _gather_gradient(g: Any, y: Any, x: Any, indices: Any, batch_dims: int) -> tuple[Any, None]:
    zeros = np.zeros(x.shape, dtype=g.dtype)
    return scatter_nd(zeros, _whole(indices, batch_dims), g, reduction="add"), None


def _whole(indices: Any, batch_dims: int) -> Any:
    """The indices with the positions along the batch axes before theirs."""
    lines = [indices]
    for axis in reversed(range(batch_dims)):
        size = indices.shape[axis]
        line = np.reshape(
            np.arange(size, dtype=indices.dtype), (-1, *(1,) * (indices.ndim - axis - 1))
        )
        lines.insert(0, np.broadcast_to(line, (*indices.shape[:-1], 1)))
    return np.concat(lines, axis=-1) if batch_dims else indices


@moved(
    _gathered_type,
    vjp=_gather_gradient,
    interval=intervals.some,
    looks_up=True,
    limits=_limits,
    checked=True,
)
def gather_nd(x: Any, indices: Any, /, *, batch_dims: int = 0) -> Any:
    """y[i, ...] = x[indices[i, 0], ..., indices[i, K - 1], ...], for each index i.

    indices: integers [..., K], positions along the first K axes of x; negative ones count from the
    end. Result: [..., *x.shape[K:]], of x's dtype. batch_dims: as many leading axes are those of x
    and of indices both, and the positions are along the K axes after them. Raises IndexError for a
    position outside, on every backend; UsageError for a K that is not 1..x.ndim - batch_dims,
    WrongKind for indices that are no integers. As ONNX's GatherND; MXNet's has the K positions
    along the first axis of indices: give it np.moveaxis(indices, 0, -1).

    >>> import numpy
    >>> from isthmus import npx
    >>> x = numpy.array([[1, 2], [3, 4]])
    >>> npx.gather_nd(x, numpy.array([[0, 1], [1, -1]]))
    array([2, 4])
    >>> npx.gather_nd(x, numpy.array([[1], [0]]), batch_dims=1)
    array([2, 3])
    """
    sizes = indices.shape[:batch_dims]
    grids = [
        numpy.arange(n).reshape(-1, *(1,) * (indices.ndim - 2 - axis))
        for axis, n in enumerate(sizes)
    ]
    return numpy.asarray(x[(*grids, *numpy.moveaxis(indices, -1, 0))])


# Updates


def _scattered_type(x: Type, indices: Type, updates: Type, reduction: str) -> Type:
    shape = (*indices.shape[:-1], *x.shape[_width(x, indices) :])
    return update_type(x, updates, shape, reduction)


def _scatter_gradient(
    g: Any, y: Any, x: Any, indices: Any, updates: Any, reduction: str
) -> tuple[Any, None, Any]:
    """x has none where an update is alone; of several that are at one place the last has it."""
    if reduction != "none":
        of_x, of_updates = reduced_gradients(
            *(g, y, x, updates, reduction),
            lambda array: gather_nd(array, indices),
            lambda into, values, how: scatter_nd(into, indices, values, reduction=how),
        )
        return of_x, None, of_updates
    found = gather_nd(g, indices)
    places = indices.shape[:-1]
    order = np.reshape(np.arange(product(places)), places)
    marks = np.full(x.shape[: indices.shape[-1]], -1, dtype=INT64)
    last = np.equal(gather_nd(scatter_nd(marks, indices, order), indices), order)
    last = np.reshape(last, (*places, *(1,) * (found.ndim - len(places))))
    of_x = scatter_nd(g, indices, np.zeros(updates.shape, dtype=g.dtype))
    return of_x, None, np.where(last, found, numpy.zeros((), g.dtype))


@primitive(
    infer=_scattered_type,
    vjp=_scatter_gradient,
    operations=free_of_arithmetic,
    looks_up=True,
    limits=_limits,
    checked=True,
    precision=FULL,  # it adds where an index comes twice
)
def scatter_nd(x: Any, indices: Any, updates: Any, /, *, reduction: str = "none") -> Any:
    """A copy of x with y[indices[i, 0], ..., indices[i, K - 1], ...] = updates[i, ...].

    indices: integers [..., K], as of `gather_nd`. updates: [..., *x.shape[K:]], of x's dtype, which
    is the result's. reduction: "none", or "add", "mul", "max" or "min" of what is there and the
    update. Of several updates at one place the last remains, or all are reduced. Raises IndexError
    for a position outside, on every backend; UsageError for dtypes that differ or another
    reduction, DimensionError for updates that do not fit. As ONNX's ScatterND.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.scatter_nd(numpy.zeros(3), numpy.array([[2], [0]]), numpy.array([5.0, 7.0]))
    array([7., 0., 5.])
    """
    return put(x, tuple(numpy.moveaxis(indices, -1, 0)), updates, reduction)
