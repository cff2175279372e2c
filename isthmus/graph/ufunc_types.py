"""The dtypes of NumPy's elementwise functions, asked of NumPy: it names the loop it would run.

`hypot(uint8, int8)` runs in float16, `ldexp(float32, int64)` takes operands of two dtypes, and
`equal(int64, uint64)` casts neither, which no common dtype of the operands would tell.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy

from isthmus.errors import UsageError, WrongKind

from .infer import DType, Elementwise
from .nodes import Type
from .shapes import broadcast

__all__ = ["Comparison", "Loop", "loop"]

INT64, UINT64 = numpy.dtype(numpy.int64), numpy.dtype(numpy.uint64)


class Loop(Elementwise):
    """A function's operands are cast to the dtypes of its loop, whose result has another.

    result: which of the function's results is meant.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.extend import Loop
    >>> Loop(numpy.hypot)(im.spec("float32", ["n"]), im.spec("float32"))
    float32[n]
    """

    def __init__(self, function: numpy.ufunc, result: int = 0) -> None:
        super().__init__(lambda dtype: loop(function, dtype)[function.nin + result])
        self.function = function
        self.position = function.nin + result

    def promote(self, *operands: Any) -> list[DType]:
        kinds = tuple(_kind(operand) for operand in operands)
        return list(loop(self.function, *kinds)[: len(operands)])

    def __call__(self, *types: Type, **_: Any) -> Type:
        dtype = loop(self.function, *(t.dtype for t in types))[self.position]
        return Type(dtype, broadcast(*(t.shape for t in types)))


class Comparison(Loop):
    """A Python int that the other operand's dtype cannot hold is compared by its value."""

    def promote(self, *operands: Any) -> list[DType]:
        found = super().promote(*operands)
        if found[0].kind not in "iu":
            return found
        held = [_holding(x, dtype) for x, dtype in zip(operands, found, strict=True)]
        return super().promote(*held)


@cache
def loop(function: numpy.ufunc, *kinds: Any) -> tuple[DType, ...]:
    """The dtypes of operands and results. Kinds: dtypes; int, float, complex of Python scalars."""
    try:
        return function.resolve_dtypes((*kinds, *(None,) * function.nout))
    except TypeError:
        given = ", ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
        raise WrongKind(
            f"NumPy's {function.__name__} is not defined for {given}; cast them first"
        ) from None


def _kind(operand: Any) -> Any:
    if isinstance(operand, numpy.dtype | numpy.generic | bool):
        return numpy.result_type(operand)
    return next(kind for kind in (int, float, complex) if isinstance(operand, kind))


def _holding(operand: Any, dtype: DType) -> DType:
    """The dtype, or a wider one for a Python int outside it."""
    if not isinstance(operand, int) or isinstance(operand, bool):
        return dtype
    for wider in (dtype, INT64, UINT64):
        if numpy.iinfo(wider).min <= operand <= numpy.iinfo(wider).max:
            return wider
    raise UsageError(f"{operand} is outside int64 and uint64; compare with a float")
