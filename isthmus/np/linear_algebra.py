"""Products of matrices and vectors, and sums of products over axes that two arrays share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import equal
from isthmus.graph.infer import matrix_product, one_axis
from isthmus.graph.operator import LOW
from isthmus.graph.shapes import product
from isthmus.graph.whole import is_whole, whole, wholes
from isthmus.trace.op import primitive

from .complex_numbers import conj
from .conversion import asarray
from .manipulation import expand_dims, matrix_transpose, squeeze
from .parts import in_parts, ordered, shaped
from .staged_sums import added_over_products, product_in_stages
from .statistical import sum

__all__ = [
    "matmul",
    "matvec",
    "tensordot",
    "vecdot",
    "vecmat",
]


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each element of the result and each inner one."""
    return 2 * product(results[0].shape) * operands[0].shape[-1]


def _gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """g @ b.T and a.T @ g, where a vector is a matrix of one row (a) or one column (b)."""
    left = a if a.ndim > 1 else expand_dims(a, axis=0)
    right = b if b.ndim > 1 else expand_dims(b, axis=1)
    if b.ndim == 1:
        g = expand_dims(g, axis=-1)
    if a.ndim == 1:
        g = expand_dims(g, axis=-2)
    of_right = matmul(matrix_transpose(left), g)
    of_right = of_right if b.ndim > 1 else squeeze(of_right, axis=-1)
    return matmul(g, matrix_transpose(right)), of_right


def _in_stages(x: Any, y: Any) -> Any:
    return product_in_stages(matmul, sum, x, y)


@primitive(
    infer=matrix_product,
    operations=_operations,
    vjp=_gradient,
    may_raise=False,
    adds=added_over_products,
    in_stages=_in_stages,
    weight_axis=-1,
    precision=LOW,
)
def matmul(x1: Any, x2: Any, /) -> Any:
    """x1 @ x2. x1: [..., M, K], x2: [..., K, N] -> [..., M, N]; leading axes broadcast.

    An x1 of [K] counts as one row, an x2 of [K] as one column; the result lacks that axis. Result:
    the common dtype. Raises DimensionError if the inner sizes differ and UsageError for arrays
    without axes; of NumPy arrays NumPy's ValueError. As `numpy.matmul`.

    >>> from isthmus import np
    >>> np.matmul(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]))
    array([21, 43])
    """
    return numpy.matmul(x1, x2)


def conjugated(x: Any) -> Any:
    """The conjugate of complex numbers; others as they are."""
    return conj(x) if x.dtype.kind == "c" else x


@in_parts(numpy.matvec)
def matvec(x1: Any, x2: Any, /) -> Any:
    """y[..., i] = sum over j of x1[..., i, j] * x2[..., j].

    x1: [..., M, N], x2: [..., N] -> [..., M]; leading axes broadcast. Result: the common dtype.
    Raises UsageError for too few axes and DimensionError if the sizes N differ; of NumPy arrays
    NumPy's ValueError. As `numpy.matvec`.

    >>> from isthmus import np
    >>> np.matvec(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]))
    array([21, 43])
    """
    x1, x2 = asarray(x1), asarray(x2)
    _check_axes(x1, 2, x2, 1)
    return squeeze(matmul(x1, expand_dims(x2, axis=-1)), axis=-1)


@in_parts(numpy.vecmat)
def vecmat(x1: Any, x2: Any, /) -> Any:
    """y[..., j] = sum over i of conj(x1[..., i]) * x2[..., i, j].

    x1: [..., M], x2: [..., M, N] -> [..., N]; leading axes broadcast. Result: the common dtype.
    Raises UsageError for too few axes and DimensionError if the sizes M differ; of NumPy arrays
    NumPy's ValueError. As `numpy.vecmat`.

    >>> from isthmus import np
    >>> np.vecmat(np.asarray([1, 10]), np.asarray([[1, 2], [3, 4]]))
    array([31, 42])
    """
    x1, x2 = asarray(x1), asarray(x2)
    _check_axes(x1, 1, x2, 2)
    return squeeze(matmul(expand_dims(conjugated(x1), axis=-2), x2), axis=-2)


@in_parts(numpy.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """sum(conj(x1) * x2, axis), where axis has the same size in both; the others broadcast.

    x1, x2: [..., N] with N at `axis` -> [...]. Result: the common dtype. Raises DimensionError if
    the sizes of the axis differ; of NumPy arrays NumPy's ValueError. As `numpy.vecdot`.

    >>> from isthmus import np
    >>> np.vecdot(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]))
    array([21, 43])
    """
    x1, x2 = _axis_last(asarray(x1), axis), _axis_last(asarray(x2), axis)
    if not equal(x1.shape[-1], x2.shape[-1]):
        raise DimensionError(f"sizes {x1.shape[-1]} and {x2.shape[-1]} of axis {axis} differ")
    x1 = conjugated(x1)
    if x1.ndim == x2.ndim == 1:
        return matmul(x1, x2)
    rows = matmul(expand_dims(x1, axis=-2), expand_dims(x2, axis=-1))
    return squeeze(rows, axis=(-2, -1))


def _axis_last(x: Any, axis: int) -> Any:
    along = one_axis(axis, x.ndim)
    return ordered(x, [i for i in range(x.ndim) if i != along] + [along])


def _check_axes(x1: Any, least1: int, x2: Any, least2: int) -> None:
    if x1.ndim < least1 or x2.ndim < least2:
        raise UsageError(f"{x1.ndim} and {x2.ndim} axes; give at least {least1} and {least2}")


@in_parts(numpy.tensordot)
def tensordot(x1: Any, x2: Any, /, axes: Any = 2) -> Any:
    """Products of all elements of x1 and x2, summed over pairs of axes.

    axes: two lists of axes, which are paired; or how many last axes of x1 are paired with as many
    first ones of x2. What is left of x1's axes comes before what is left of x2's. Result: the
    common dtype. Raises UsageError if an axis is missing or named twice, DimensionError if paired
    sizes differ; of NumPy arrays NumPy's IndexError and ValueError. As `numpy.tensordot`.

    >>> from isthmus import np
    >>> np.tensordot(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]), axes=1)
    array([21, 43])
    >>> np.tensordot(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]), axes=((0,), (0,)))
    array([31, 42])
    """
    x1, x2 = asarray(x1), asarray(x2)
    left, right = paired_axes(axes, x1.ndim, x2.ndim)
    _check_pairs(x1.shape, left, x2.shape, right)
    rows = [i for i in range(x1.ndim) if i not in left]
    columns = [i for i in range(x2.ndim) if i not in right]
    inner = product(x1.shape[i] for i in left)
    above, below = ([x.shape[i] for i in kept] for x, kept in ((x1, rows), (x2, columns)))
    a = shaped(ordered(x1, rows + left), (product(above), inner))
    b = shaped(ordered(x2, right + columns), (inner, product(below)))
    return shaped(matmul(a, b), (*above, *below))


def paired_axes(axes: Any, ndim1: int, ndim2: int) -> tuple[list[int], list[int]]:
    """The axes of tensordot as two lists of non-negative ints."""
    if is_whole(axes):
        axes = (range(-whole(axes), 0), range(whole(axes)))
    left, right = map(wholes, axes)
    return [one_axis(a, ndim1) for a in left], [one_axis(a, ndim2) for a in right]


def _check_pairs(
    shape1: Sequence[Any], left: Sequence[int], shape2: Sequence[Any], right: Sequence[int]
) -> None:
    if len(left) != len(right) or len(set(left)) != len(left) or len(set(right)) != len(right):
        raise UsageError(f"axes {left} and {right}; give as many of each, and none twice")
    for i, j in zip(left, right, strict=True):
        if not equal(shape1[i], shape2[j]):
            raise DimensionError(f"axis {i} of {shape1} and axis {j} of {shape2} differ in size")
