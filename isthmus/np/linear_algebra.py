"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.dims import product
from isthmus.infer import matrix_product
from isthmus.np.manipulation import matrix_transpose
from isthmus.op import primitive


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each element of the result and each inner one."""
    return 2 * product(results[0].shape) * operands[0].shape[-1]


def _gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return matmul(g, matrix_transpose(b)), matmul(matrix_transpose(a), g)


@primitive(infer=matrix_product, operations=_operations, vjp=_gradient)
def matmul(x1: Any, x2: Any, /) -> Any:
    """x1 @ x2. x1: [..., M, K], x2: [..., K, N] -> [..., M, N]; leading axes broadcast."""
    return numpy.matmul(x1, x2)
