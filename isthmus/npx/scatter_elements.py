"""Updates at one position for each element, as ONNX has them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, WrongKind
from isthmus.graph.dims import Dim, equal
from isthmus.graph.infer import INT64, one_axis
from isthmus.graph.nodes import Node, Type
from isthmus.graph.operator import FULL
from isthmus.graph.shapes import product
from isthmus.np.manipulation import free_of_arithmetic
from isthmus.trace.op import primitive

from .updates import put, reduced_gradients, update_type

__all__ = ["scatter_elements"]


def _elements_type(x: Type, indices: Type, updates: Type, axis: int, reduction: str) -> Type:
    if indices.dtype.kind not in "iu":
        raise WrongKind(f"indices of dtype {indices.dtype}; give integers")
    along = one_axis(axis, x.ndim)
    pairs = zip(indices.shape, x.shape, strict=False)
    if indices.ndim != x.ndim or any(
        i != along and not isinstance(a, Dim) and not isinstance(b, Dim) and a > b
        for i, (a, b) in enumerate(pairs)
    ):
        raise DimensionError(f"indices {indices} of x {x}; give as many axes, and no larger ones")
    return update_type(x, updates, indices.shape, reduction)


def _elements_needs(node: Node) -> list[tuple[int | Dim, str]]:
    """That no axis of the indices is larger than x's."""
    x, indices = node.operands[:2]
    assert x is not None and indices is not None
    along = one_axis(node.attributes["axis"], x.type.ndim)
    pairs = enumerate(zip(x.type.shape, indices.type.shape, strict=True))
    return [(a - b, "indices must not be larger than x") for i, (a, b) in pairs if i != along]


def _elements_gradient(
    g: Any, y: Any, x: Any, indices: Any, updates: Any, axis: int, reduction: str
) -> tuple[Any, None, Any]:
    along = one_axis(axis, x.ndim)
    if reduction != "none":
        of_x, of_updates = reduced_gradients(
            *(g, y, x, updates, reduction),
            lambda array: _looked_up(array, indices, along),
            lambda into, values, how: scatter_elements(
                into, indices, values, axis=along, reduction=how
            ),
        )
        return of_x, None, of_updates
    found = _looked_up(g, indices, along)
    order = np.reshape(np.arange(product(indices.shape)), indices.shape)
    marks = scatter_elements(np.full(x.shape, -1, dtype=INT64), indices, order, axis=along)
    last = np.equal(_looked_up(marks, indices, along), order)
    zeros = np.zeros(updates.shape, dtype=g.dtype)
    of_x = scatter_elements(g, indices, zeros, axis=along)
    return of_x, None, np.where(last, found, numpy.zeros((), g.dtype))


def _looked_up(x: Any, indices: Any, along: int) -> Any:
    """The elements of x at one position for each index, whose other axes may be smaller."""
    parts = tuple(
        slice(None) if axis == along or equal(size, whole) else slice(0, size)
        for axis, (size, whole) in enumerate(zip(indices.shape, x.shape, strict=True))
    )
    return np.take_along_axis(np.getitem(x, parts), indices, axis=along)


@primitive(
    infer=_elements_type,
    vjp=_elements_gradient,
    operations=free_of_arithmetic,
    needs=_elements_needs,
    looks_up=True,
    checked=True,
    precision=FULL,  # it adds where an index comes twice
)
def scatter_elements(
    x: Any, indices: Any, updates: Any, /, *, axis: int = 0, reduction: str = "none"
) -> Any:
    """A copy of x with y[..., indices[..., j, ...], ...] = updates[..., j, ...] along axis.

    indices: integers with as many axes as x, no larger than it but along `axis`; negative ones
    count from the end. updates: of their shape and x's dtype, which is the result's. reduction and
    what is raised are as of `scatter_nd`; UsageError also for an axis that x lacks. As ONNX's
    ScatterElements.

    >>> import numpy
    >>> from isthmus import npx
    >>> x, at = numpy.zeros((2, 3)), numpy.array([[2, 0], [1, 1]])
    >>> npx.scatter_elements(x, at, numpy.ones((2, 2)), axis=1, reduction="add")
    array([[1., 0., 1.],
           [0., 2., 0.]])
    """
    along = axis % x.ndim
    at = [
        numpy.arange(n).reshape(-1, *(1,) * (x.ndim - i - 1)) for i, n in enumerate(indices.shape)
    ]
    return put(x, (*at[:along], indices, *at[along + 1 :]), updates, reduction)
