"""The dtypes that parameters may have, and blocks brought to one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy

from isthmus.errors import UsageError

__all__ = ["as_dtype", "check", "parameter_dtype"]

Array = numpy.ndarray[Any, Any]
NAMES = ("float16", "float32", "float64")


def parameter_dtype(dtype: Any) -> numpy.dtype[Any]:
    """The dtype, if parameters may have it; UsageError for any other."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    if name == "bfloat16":
        raise UsageError(
            "cast('bfloat16'): NumPy has no such numbers; leave parameters in float32 and give "
            "precision='bf16' to hybridize or isthmus.compile"
        )
    try:
        found = numpy.dtype(dtype)
    except TypeError:
        found = None
    if dtype is None or found is None or found.name not in NAMES:  # numpy.dtype(None) is float64
        raise UsageError(f"cast({dtype!r}): parameters are floats; give {', '.join(NAMES)}")
    return found.newbyteorder("=")


def as_dtype(given: Array, dtype: numpy.dtype[Any]) -> Array:
    """The elements in the dtype, in C order; UsageError where finite ones become infinite."""
    try:
        with numpy.errstate(over="raise"):
            return numpy.require(given, dtype, ["C", "A"])
    except FloatingPointError:
        raise UsageError(f"numbers of {given.dtype} given that {dtype} does not hold") from None


def check(blocks: Iterable[Any], parameters: Mapping[str, Any], dtype: numpy.dtype[Any]) -> None:
    """UsageError where a block cannot be cast, or a parameter has numbers beyond the dtype."""
    for block in blocks:
        if reason := block.not_cast_because:
            raise UsageError(f"{type(block).__name__}.cast('{dtype}'): {reason}")
    for name, parameter in parameters.items():
        try:
            parameter.in_dtype(dtype)
        except UsageError as problem:
            raise UsageError(f"{name}: {problem}; leave it in {parameter.dtype}") from None
