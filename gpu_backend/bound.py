"""A session that reads and writes the same arrays at every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Value
from isthmus.graph.shapes import evaluate
from isthmus.program.bound_call import Again

__all__ = ["bound", "known_shapes"]

Array = numpy.ndarray[Any, Any]
Named = Mapping[str, Array]


def known_shapes(values: Sequence[Value], sizes: Mapping[str, int]) -> list[list[int]] | None:
    """The shapes of results; None where a size is only found by values."""
    named = (size for value in values for size in value.type.shape if isinstance(size, Dim))
    if any(not size.names() <= sizes.keys() for size in named):
        return None
    return [[evaluate(size, sizes) for size in value.type.shape] for value in values]


def bound(
    session: Any, inputs: Named, outputs: Named, stopped: Callable[[Exception], Sequence[Array]]
) -> Again:
    """What runs the session; the results are the arrays of `outputs`, in their order.

    stopped: gives the results, or raises, where something stopped the session.
    """
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    for name, array in outputs.items():
        binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    results = list(outputs.values())

    def again(_: Named = inputs) -> Sequence[Array]:  # of which the binding has the addresses alone
        try:
            session.run_with_iobinding(binding)
        except Exception as problem:
            for result, found in zip(results, stopped(problem), strict=True):
                result[...] = found
        return results

    return again
