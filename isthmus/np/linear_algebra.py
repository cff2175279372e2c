"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.dims import product
from isthmus.infer import matrix_product
from isthmus.np.manipulation import expand_dims, matrix_transpose, squeeze
from isthmus.op import primitive

__all__ = [
    "matmul",
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


@primitive(infer=matrix_product, operations=_operations, vjp=_gradient)
def matmul(x1: Any, x2: Any, /) -> Any:
    """x1 @ x2. x1: [..., M, K], x2: [..., K, N] -> [..., M, N]; leading axes broadcast."""
    return numpy.matmul(x1, x2)
