"""Floats as integers of eight bits, by the range that they have themselves."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.operator import FULL
from isthmus.trace.op import OPERATORS, composite

__all__ = ["dynamic_quantize"]

STEPS = 255  # from the lowest integer to the highest
UINT8 = numpy.dtype("uint8")


@composite(precision=FULL)
def dynamic_quantize(x: Any, /) -> tuple[Any, Any, Any]:
    """clip(rint(x / scale) + zero_point, 0, 255), scale and zero_point, of the range that x has.

    scale = (max(x, 0) - min(x, 0)) / 255 over all of x, 1 where that is 0; zero_point =
    rint(-min(x, 0) / scale), so that 0 stays 0. x: any shape, real floats -> the
    integers, uint8, in x's shape; the scale, one number of x's dtype; the zero point, one uint8.
    What is rounded depends on all of x: an item in a batch may become other integers than alone.
    NaN and infinities leave no range: the scale is none either; ONNX Runtime leaves NaN out of the
    range, and makes some integer of it. Raises UsageError for other dtypes. As ONNX's
    DynamicQuantizeLinear.

    >>> import numpy
    >>> from isthmus import npx
    >>> q, scale, zero_point = npx.dynamic_quantize(numpy.array([-100.0, 0.0, 50.2, 155.0]))
    >>> q.tolist(), scale.item(), zero_point.item()
    ([0, 100, 150, 255], 1.0, 100)
    >>> npx.dequantize(q, scale, zero_point)
    array([-100.,    0.,   50.,  155.])
    """
    if x.dtype.kind != "f":
        raise UsageError(f"npx.dynamic_quantize: x of {x.dtype}; give real floats")
    low, high = np.min(x, initial=0), np.max(x, initial=0)
    step = (high - low) / STEPS
    scale = np.where(step > 0, step, np.where(np.isnan(step), step, 1))
    quantize: Any = OPERATORS["npx.quantize"]  # of a scale that need not be known
    zero_point = quantize(-low, scale, UINT8.type(0), axis=None, dtype=UINT8)
    return quantize(x, scale, zero_point, axis=None, dtype=UINT8), scale, zero_point
