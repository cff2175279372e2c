"""Weighted means, covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError, WrongKind
from isthmus.graph.dims import equal
from isthmus.graph.infer import DType, one_axis, reduced_shape
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import same_shape
from isthmus.graph.whole import wholes
from isthmus.trace.op import composite, primitive

from . import host_only
from .complex_numbers import conj, imag, real
from .conversion import asarray, astype
from .creation import full
from .elementwise import clip, divide, multiply, subtract
from .exponents import sqrt
from .linear_algebra import matmul
from .manipulation import broadcast_to, concat, expand_dims, permute_dims, reshape, squeeze
from .statistical import elements, mean, sum
from .triangles import diagonal
from .variances import freedom

__all__ = [
    "average",
    "corrcoef",
    "cov",
]


def _weighted_dtype(x: Any, weights: Any) -> list[DType]:
    """Integers are averaged in float64."""
    wide = numpy.result_type(x, weights)
    return [numpy.result_type(wide, numpy.float64) if _is_whole(x) else wide] * 2


def _is_whole(x: Any) -> bool:
    return isinstance(x, numpy.dtype) and x.kind in "biu"


def _average_type(x: Type, weights: Type, axis: Any, keepdims: bool) -> Type:
    return Type(x.dtype, reduced_shape(x.shape, axis, keepdims))


def _average_gradient(
    g: Any, y: Any, x: Any, weights: Any, axis: Any, keepdims: bool
) -> tuple[Any, Any]:
    shape = reduced_shape(x.shape, axis, keepdims=True)
    whole = broadcast_to(weights, x.shape)
    part = divide(reshape(g, shape), sum(whole, axis=axis, keepdims=True))
    return part * whole, part * subtract(x, reshape(y, shape))


@primitive(
    infer=_average_type, promote=_weighted_dtype, vjp=_average_gradient, host_only=host_only.FITTED
)
def _average(x: Any, weights: Any, /, axis: Any, keepdims: bool) -> Any:
    (dtype, _) = _weighted_dtype(x.dtype, weights.dtype)
    whole = numpy.sum(weights, axis, dtype, keepdims=keepdims)
    if numpy.any(whole == 0):
        raise ZeroDivisionError("np.average: the weights sum to 0")
    return numpy.sum(numpy.multiply(x, weights, dtype=dtype), axis, keepdims=keepdims) / whole


def average(
    x: Any,
    /,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """The mean, or sum(x * weights) / sum(weights); ZeroDivisionError for weights whose sum is 0.

    weights: of x's shape, or of the reduced axes. returned: with the sum of the weights. The dtype
    is the common one of x and weights, float64 at least where x is of integers. Raises TypeError
    for weights of another shape and no axis, UsageError where they do not fit the axes and for an
    axis that is not there (AxisError on NumPy arrays).

    >>> from isthmus import np
    >>> np.average([1.0, 2.0, 4.0], weights=[1, 1, 2])
    np.float64(2.75)
    """
    x = asarray(x)
    if weights is None:
        found = mean(x, axis=axis, keepdims=keepdims)
        return (found, full(found.shape, elements(x, axis), found.dtype)) if returned else found
    spread = _spread(asarray(weights), x, axis)
    found = _average(x, spread, axis=axis, keepdims=keepdims)
    if not returned:
        return found
    whole = sum(spread, axis, found.dtype, keepdims=keepdims)
    return found, broadcast_to(whole, found.shape)


def _spread(weights: Any, x: Any, axis: Any) -> Any:
    """Weights of the reduced axes, in the order given, shaped to broadcast with x."""
    if same_shape(weights.shape, x.shape):
        return weights
    if axis is None:
        raise TypeError(f"weights {weights.shape} of {x.shape}; say by axis= which axes they have")
    places = [one_axis(one, x.ndim) for one in wholes(axis)]
    if len(places) != weights.ndim or not all(
        equal(x.shape[place], size) for place, size in zip(places, weights.shape, strict=True)
    ):
        raise UsageError(f"weights {weights.shape} of the axes {axis} of {x.shape}; sizes differ")
    order = sorted(range(len(places)), key=places.__getitem__)
    sizes = tuple(size if i in places else 1 for i, size in enumerate(x.shape))
    return reshape(permute_dims(weights, tuple(order)), sizes)


def _rows(m: Any, dtype: Any, rowvar: bool) -> Any:
    """One variable a row, one observation a column."""
    if m.ndim > 2:
        raise UsageError(f"{m.ndim} axes; give variables by observations")
    rows = reshape(m, (1,) * (2 - m.ndim) + tuple(m.shape))
    return astype(rows if rowvar or m.ndim != 2 else permute_dims(rows), dtype)


def cov(
    m: Any,
    /,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """The covariances of variables, one a row (or a column), over observations.

    m: [variables, n], or [n] for one; y: more variables. The result is [variables, variables]
    without axes of size 1, in float64 or complex128 unless a dtype is given. Divided by n - ddof,
    which is n - 1 unless `bias`; fweights count observations, aweights weigh them. Raises
    UsageError for more than two axes, DimensionError where y has another n (ValueError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.cov([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    given = [asarray(part) for part in (m, y) if part is not None]
    known = dtype or numpy.result_type(*(part.dtype for part in given), numpy.float64)
    rows = [_rows(part, known, rowvar) for part in given]
    x = rows[0] if len(rows) == 1 else concat(rows)
    lost = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        return _squeezed(_cov(x, ddof=lost))
    return _squeezed(_weighted_cov(x, fweights, aweights, ddof=lost))


def _squeezed(matrix: Any) -> Any:
    """A matrix without the axes of size 1."""
    gone = tuple(i for i, size in enumerate(matrix.shape) if equal(size, 1))
    return squeeze(matrix, axis=gone) if gone else matrix


@composite
def _cov(x: Any, /, ddof: int) -> Any:
    """(x - mean) @ (x - mean)^H / (n - ddof). x: [variables, n]"""
    x = subtract(x, mean(x, axis=1, keepdims=True))
    factor = divide(1.0, freedom(x.shape[1], ddof, numpy.float64))
    return astype(multiply(matmul(x, conj(permute_dims(x))), factor), x.dtype)


def _square_type(x: Type, fweights: Type | None, aweights: Type | None, ddof: int) -> Type:
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None and (weights.ndim != 1 or not equal(weights.shape[0], x.shape[1])):
            raise DimensionError(f"{name} {weights} of {x}; give one for each observation")
        if weights is not None and not numpy.can_cast(weights.dtype, numpy.float64, "same_kind"):
            raise WrongKind(f"{name} {weights}; give real numbers")
    return Type(x.dtype, (x.shape[0], x.shape[0]))


@primitive(infer=_square_type, host_only=host_only.FITTED)
def _weighted_cov(x: Any, fweights: Any, aweights: Any, /, ddof: int) -> Any:
    found = numpy.cov(x, ddof=ddof, fweights=fweights, aweights=aweights, dtype=x.dtype)
    return numpy.reshape(found, (x.shape[0], x.shape[0]))


def corrcoef(x: Any, /, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlations of variables: covariances over both standard deviations.

    x, y, rowvar, dtype and errors as in `cov`. Both parts of the result are between -1 and 1; of a
    variable that does not vary they are NaN.

    >>> from isthmus import np
    >>> np.corrcoef([[1.0, 2.0, 3.0], [4.0, 2.0, 0.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return divide(c, c)
    deviation = sqrt(diagonal(real(c)))
    c = divide(divide(c, expand_dims(deviation, axis=1)), expand_dims(deviation, axis=0))
    if c.dtype.kind != "c":
        return clip(c, -1, 1)
    return clip(real(c), -1, 1) + 1j * clip(imag(c), -1, 1)
