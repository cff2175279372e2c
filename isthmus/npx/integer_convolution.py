"""Convolutions of whole numbers, whose sums float32 holds exactly."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.graph.operator import FULL
from isthmus.trace.op import primitive

from .convolution import convolution

__all__ = ["EXACT", "convolution_of_integers"]

EXACT = 2**24  # from which on float32 leaves whole numbers out
FLOAT32, INT32 = numpy.dtype(numpy.float32), numpy.dtype(numpy.int32)


def _type(x: Type, w: Type, **options: Any) -> Type:
    if x.dtype != FLOAT32 or w.dtype != FLOAT32:
        raise UsageError(f"{x.dtype} and {w.dtype} given; give whole numbers in float32")
    assert convolution.infer is not None
    return Type(INT32, convolution.infer(x, w, **options).shape)


@primitive(
    name="npx.convolution_of_integers",
    infer=_type,
    operations=convolution.operations,
    needs=convolution.needs,
    may_raise=False,
    checked=True,
    precision=FULL,
)
def convolution_of_integers(
    x: Any,
    weight: Any,
    /,
    *,
    strides: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """`convolution` in int32, of whole numbers in float32.

    The products that a result is the sum of have to be below 2**24 together, in absolute values:
    then float32 holds every sum on the way, in whatever order it is added. That is for the caller
    to see to.
    """
    facts = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
    wide = (numpy.asarray(array, numpy.float64) for array in (x, weight))
    return numpy.asarray(convolution.body(*wide, **facts)).astype(INT32)
