"""Long sums by stages of bounded length, for runtimes that add one element after the other.

The rounding error of n float32 numbers added in one line grows with n: a mean of 2**20 times 0.1
comes out as 0.101. In stages of 64 it stays near NumPy's, which adds in pairs (Higham 1993, SIAM
J. Sci. Comput. 14, 783).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from isthmus.graph.dims import Dim, Shape, same
from isthmus.graph.infer import axes_of, matrix_product, reduced_shape
from isthmus.graph.nodes import Constant, Node, Result, Type, Value
from isthmus.graph.operator import Addition
from isthmus.graph.shapes import product

from .creation import full
from .manipulation import concat, permute_dims, reshape

__all__ = [
    "LAST_AXIS",
    "added_over_axes",
    "added_over_examples",
    "added_over_images",
    "added_over_last_axis",
    "added_over_layers",
    "added_over_products",
    "product_in_stages",
    "sum_in_stages",
]

STAGE = 64  # elements that one stage adds
UNKNOWN_STAGES = 3  # of an axis whose size is named: 64**4 elements are added in lines of 64

# The most elements that one kernel adds without losing more digits than NumPy would. Kernels add
# the last axis in 8 lanes or more, all elements of an array in one, and other axes as NumPy does:
# row after row.
LAST_AXIS, WHOLE_ARRAY, OTHER_AXES = 128, 32, 1024
PRODUCTS, NORMALIZED, EXAMPLES = 2048, 4096, 2**14


class Line(NamedTuple):
    """Neighbouring axes as one: all of them reduced, or none."""

    size: int | Dim
    is_reduced: bool


def lines(shape: Shape, axes: Sequence[int]) -> list[Line]:
    """The axes without those of size 1, neighbours merged that are reduced, or kept, together."""
    found: list[Line] = []
    for axis, size in enumerate(shape):
        is_reduced = axis in axes
        if same(size, 1):
            continue
        if found and found[-1].is_reduced == is_reduced:
            found[-1] = Line(found[-1].size * size, is_reduced)
        else:
            found.append(Line(size, is_reduced))
    return found


# How many elements a node adds to one: the fact `adds` of operators.


def added_over_axes(node: Node) -> Addition | None:
    """Of a sum or mean over axes."""
    x = _type(node)
    if x.dtype != numpy.float32:
        return None
    found = lines(x.shape, axes_of(node.attributes["axis"], x.ndim))
    terms = product(line.size for line in found if line.is_reduced)
    if not found or not found[-1].is_reduced:
        return Addition(terms, OTHER_AXES)
    is_whole = len(found) == 1 and not isinstance(terms, Dim)
    return Addition(terms, WHOLE_ARRAY if is_whole else LAST_AXIS)


def added_over_last_axis(node: Node) -> Addition | None:
    """Of a normalisation over one axis, the last if no attribute names it."""
    x = _type(node)
    if x.dtype != numpy.float32:
        return None
    axes = axes_of(node.attributes.get("axis", -1), x.ndim)
    return Addition(product(x.shape[axis] for axis in axes), NORMALIZED)


def added_over_products(node: Node) -> Addition | None:
    """Of a matrix product. Blocks of a large one, and of one with a constant, are short lines."""
    x, y = node.operands[:2]
    assert x is not None and y is not None
    rows = x.type.shape[-2] if x.type.ndim > 1 else 1
    columns = y.type.shape[-1] if y.type.ndim > 1 else 1
    return None if _is_known(y) else _products(x.type, rows, columns)


def added_over_examples(node: Node) -> Addition | None:
    """Of a normalization over what follows the channels of each example. In two passes of vectors
    the kernels of 2**16 elements are 4e-7 off, of the largest; NumPy is 1e-7."""
    x = node.operands[0]
    assert x is not None
    return Addition(product(x.type.shape[2:]), EXAMPLES)


def added_over_layers(node: Node) -> Addition | None:
    """Of a layer with a weight [O, I], which the program computes."""
    x, weight = node.operands[:2]
    assert x is not None and weight is not None
    rows, columns = product(x.type.shape[:-1]), weight.type.shape[0]
    return None if _is_known(weight) else _products(x.type, rows, columns)


def _is_known(value: Value) -> bool:
    """Whether it is a constant, or made of constants alone, as of a weight kept in integers."""
    if isinstance(value, Result):
        return all(v is None or isinstance(v, Constant) for v in value.node.operands)
    return isinstance(value, Constant)


def _products(x: Type, rows: int | Dim, columns: int | Dim) -> Addition | None:
    if x.dtype != numpy.float32:
        return None
    is_scalar = same(rows, 1) and same(columns, 1)
    return Addition(x.shape[-1], LAST_AXIS if is_scalar else PRODUCTS, (rows, columns))


def added_over_images(node: Node) -> Addition | None:
    """Of a mean over the whole of each image."""
    x = _type(node)
    return Addition(product(x.shape[2:]), LAST_AXIS) if x.dtype == numpy.float32 else None


def _type(node: Node) -> Any:
    first = node.operands[0]
    assert first is not None
    return first.type


# The same in stages: the fact `in_stages`.


def sum_in_stages(add: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """`add`, which is np.sum, over axes by calls over few elements each."""
    axes = axes_of(axis, x.ndim)
    found = [Line(1, False), *lines(x.shape, axes)]  # kernels add a lone axis in one line
    y = reshape(x, tuple(line.size for line in found))
    for position in reversed(range(len(found))):
        if found[position].is_reduced:
            y = _added(add, y, position)
    return reshape(y, reduced_shape(x.shape, axes, keepdims))


def _added(add: Callable[..., Any], y: Any, axis: int) -> Any:
    """The sum over one axis."""
    for _ in _stages(y.shape[axis]):
        rows, width = rows_of(y.shape[axis])
        y = folded(y, axis, rows, width)
        y = add(y, axis=axis + 1)
    return add(y, axis=axis)


def _stages(size: int | Dim) -> Iterable[int]:
    count = UNKNOWN_STAGES
    if not isinstance(size, Dim):
        count = 0
        while size > STAGE:
            size, count = rows_of(size)[0], count + 1
    return range(count)


def rows_of(size: int | Dim, width: int = STAGE) -> tuple[int | Dim, int]:
    """How many rows of what width hold an axis: without padding where a divisor is near `width`.

    A named size has one row more, so that no padding of size 0 comes into the program.
    """
    if isinstance(size, Dim):
        return size // width + 1, width
    near = sorted(range(width // 2, 2 * width + 1), key=lambda w: abs(w - width))
    exact = next((w for w in near if size % w == 0), width)
    return -(-size // exact), exact


def folded(x: Any, axis: int, rows: int | Dim, width: int) -> Any:
    """x with an axis as two, rows and width, and -0.0 after its end, which changes no sum."""
    padding = rows * width - x.shape[axis]
    before, after = tuple(x.shape[:axis]), tuple(x.shape[axis + 1 :])
    if not same(padding, 0):
        zeros = full((*before, padding, *after), numpy.float32(-0.0), x.dtype)
        x = concat([x, zeros], axis=axis)
    return reshape(x, (*before, rows, width, *after))


def product_in_stages(matmul: Callable[..., Any], add: Callable[..., Any], x: Any, y: Any) -> Any:
    """`matmul` by products over few elements each, whose results are added in stages."""
    shape = matrix_product(Type(x.dtype, x.shape), Type(y.dtype, y.shape)).shape
    x = reshape(x, (1, *x.shape)) if x.ndim == 1 else x
    y = reshape(y, (*y.shape, 1)) if y.ndim == 1 else y
    if same(x.shape[-2], 1) and same(y.shape[-1], 1):
        turned = (*y.shape[:-2], 1, y.shape[-2])
        return reshape(sum_in_stages(add, x * reshape(y, turned), -1, False), shape)
    rows, width = rows_of(x.shape[-1], PRODUCTS // 8)
    parts = folded(x, x.ndim - 1, rows, width)
    order = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2, x.ndim)
    below = folded(y, y.ndim - 2, rows, width)
    return reshape(sum_in_stages(add, matmul(permute_dims(parts, order), below), -3, False), shape)
