"""The bits of numbers, read as those of others."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

__all__ = ["bitcast"]

DType = numpy.dtype[Any]


def _type(x: Type, dtype: DType) -> Type:
    if (
        x.dtype.kind not in "biufc"
        or dtype.kind not in "biufc"
        or x.dtype.itemsize != dtype.itemsize
    ):
        raise UsageError(f"the bits of {x.dtype} as {dtype}; give a number of as many bits")
    return Type(dtype, x.shape)


def _settled(x: Type, dtype: Any) -> dict[str, Any]:
    return {"dtype": numpy.dtype(dtype)}


@primitive(
    infer=_type,
    settled=_settled,
    host_only="no runtime reads the bits of one type as those of another",
    may_raise=False,
    checked=True,
)
def bitcast(x: Any, /, dtype: Any) -> Any:
    """The bits of x read as numbers of another dtype of as many bits.

    x: any shape; the result has it. Raises UsageError for a dtype of other bits. It has no
    gradient. As ONNX's BitCast, and `numpy.ndarray.view`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.bitcast(numpy.array([1.0], numpy.float32), numpy.int32).tolist() == [0x3F800000]
    True
    """
    return numpy.ascontiguousarray(x).reshape(numpy.shape(x)).view(dtype)
