"""Quotients of integers without their fraction, as C and ONNX have them; NumPy's are floors."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis.scaled_intervals import divided
from isthmus.errors import WrongKind
from isthmus.graph.nodes import Type
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import primitive

__all__: list[str] = []

_FLOOR = Loop(numpy.floor_divide)


def _type(x1: Type, x2: Type) -> Any:
    if x1.dtype.kind not in "iu" or x2.dtype.kind not in "iu":
        raise WrongKind(f"a quotient of {x1.dtype} and {x2.dtype}; give integers")
    return _FLOOR(x1, x2)


@primitive(infer=_type, promote=_FLOOR.promote, interval=divided, checked=True)
def _quotient(x1: Any, x2: Any, /) -> Any:
    """trunc(x1 / x2) of integers; 0 of a divisor that is 0."""
    down, rest = numpy.floor_divide(x1, x2), numpy.remainder(x1, x2)
    goes_up = (rest != 0) & (numpy.less(x1, 0) != numpy.less(x2, 0))
    return numpy.asarray(down + goes_up, down.dtype)
