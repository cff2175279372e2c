"""Sizes that values decide."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Type
from isthmus.np import host_only
from isthmus.trace.op import primitive

__all__ = ["computed_size"]


def _type(n: Type, size: int | Dim) -> Type:
    if n.ndim or n.dtype.kind not in "iu":
        raise UsageError(f"{n} is no size; give a whole number, an array without axes")
    return Type(INT64, (size,))


@primitive(infer=_type, discovers=True, host_only=host_only.DISCOVERED, checked=True)
def computed_size(n: Any, /, *, size: Any = None) -> Any:
    """0, 1, ..., n - 1, an array whose size is a number that is computed.

    n: a whole number, no axes -> int64, [n]. Raises UsageError for a negative one. Its size names
    n where a shape is asked for: `np.reshape(x, (computed_size(n).shape[0], -1))`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.computed_size(numpy.asarray(3))
    array([0, 1, 2])
    """
    if n < 0:
        raise UsageError(f"npx.computed_size: {n} given; a size is not negative")
    return numpy.arange(n, dtype=numpy.int64)
