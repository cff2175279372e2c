"""Arrays made of nothing but their sizes and bounds."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.trace.array import Array

from ..facts import Facts, Row, row
from ..numbers import Numbers, as_array, as_sizes
from .types import dtype_of

__all__ = ["ROWS"]

# In which attribute a Constant has its value, and of which dtype it is; None is the tensor's.
VALUES: dict[str, Any] = {
    "sparse_value": None,
    "value": None,
    "value_float": numpy.float32,
    "value_floats": numpy.float32,
    "value_int": numpy.int64,
    "value_ints": numpy.int64,
    "value_string": numpy.dtypes.StringDType(),
    "value_strings": numpy.dtypes.StringDType(),
}


def constant(facts: Facts) -> Any:
    for name, dtype in VALUES.items():
        if facts.get(name) is not None:
            return numpy.asarray(facts[name], dtype)
    raise UsageError("it has no value")


def constant_of_shape(facts: Facts, sizes: Any) -> Any:
    value = facts.get("value", numpy.zeros(1, numpy.float32))
    sizes = tuple(sizes)
    is_vector = len(sizes) == 1 and value.dtype == numpy.int64
    if is_vector and isinstance(sizes[0], int):
        return numpy.full(sizes, value.item(), value.dtype)
    return np.full(sizes, value.item(), dtype=value.dtype)


def steps(_: Facts, start: Any, limit: Any, step: Any) -> Any:
    """start, start + step, ... before the limit, in their dtype."""
    bounds = start, limit, step
    if all(isinstance(v, numpy.ndarray | numpy.generic) for v in bounds):
        return numpy.arange(start.item(), limit.item(), step.item(), dtype=start.dtype)
    parts = [v.parts.item() if isinstance(v, Numbers) else v for v in bounds]
    if any(isinstance(part, Array) for part in (parts[0], parts[2])) or start.dtype.kind == "f":
        return _computed_steps(as_array(start), as_array(limit), as_array(step), start.dtype)
    first, last, by = (as_sizes(v) for v in bounds)
    return np.arange(first, last, by, dtype=start.dtype)


def _computed_steps(start: Any, limit: Any, step: Any, dtype: Any) -> Any:
    count = np.maximum(np.ceil((limit - start) / step), 0)
    (size,) = as_sizes(np.reshape(np.astype(count, numpy.int64), (1,)))
    return start + np.astype(np.arange(size, dtype=numpy.int64), dtype) * step


def eye_like(facts: Facts, x: Any) -> Any:
    dtype = dtype_of(facts["dtype"]) if facts.get("dtype") else x.dtype
    rows, columns = (
        np.reshape(np.arange(n), shape)
        for n, shape in zip(x.shape, ((-1, 1), (1, -1)), strict=True)
    )
    return np.astype(np.equal(rows + facts.get("k", 0), columns), dtype)


def one_hot(facts: Facts, at: Any, depth: Any, values: Any) -> Any:
    """values[1] at the positions along a new axis, values[0] elsewhere; negative ones count from
    the end."""
    axis = facts.get("axis", -1)
    depth = depth[0] if isinstance(depth, tuple) else depth
    axis = axis % (at.ndim + 1)
    whole = np.astype(at, numpy.int64, copy=False)
    whole = np.where(whole < 0, whole + depth, whole)
    places = np.reshape(np.arange(depth), (-1, *(1,) * (at.ndim - axis)))
    chosen = np.equal(np.expand_dims(whole, axis), places)
    return np.where(chosen, np.getitem(values, 1), np.getitem(values, 0))


def window(*coefficients: float) -> Row:
    """A sum of cosines over a size: Hann, Hamming and Blackman windows."""

    def call(facts: Facts, size: Any) -> Any:
        dtype = dtype_of(facts.get("output_datatype", 1))
        if isinstance(size, Dim):
            turns = np.astype(np.arange(size), numpy.float64)
            period = np.asarray(size, numpy.float64) - (0 if facts.get("periodic", 1) else 1)
        else:
            turns = numpy.arange(size, dtype=numpy.float64)
            period = max(size - (0 if facts.get("periodic", 1) else 1), 1)
        angle = turns * (2 * numpy.pi) / period
        parts = (a * np.cos(angle * k) for k, a in enumerate(coefficients) if k)
        found = coefficients[0] + sum(parts)
        return np.astype(found, dtype)

    return row(call, sizes=(0,))


def mel_weights(facts: Facts, bins: int, length: int, rate: int, low: float, high: float) -> Any:
    """The matrix [length // 2 + 1, bins] of triangles on the mel scale."""
    dtype = dtype_of(facts.get("output_datatype", 1))
    low_mel, high_mel = (2595 * numpy.log10(1 + f / 700) for f in (low, high))
    step = (high_mel - low_mel) / (bins + 2)
    mels = numpy.arange(bins + 2) * step + low_mel
    hertz = 700 * (10 ** (mels / 2595) - 1)
    at = ((length + 1) * hertz // rate).astype(int)
    found = numpy.zeros((length // 2 + 1, bins))
    for i in range(bins):
        first, centre, last = at[i : i + 3]
        if centre == first:
            found[centre, i] = 1
        else:
            rise = numpy.arange(first, centre + 1)
            found[rise, i] = (rise - first) / (centre - first)
        if last > centre:
            fall = numpy.arange(centre, last)
            found[fall, i] = (last - fall) / (last - centre)
    return found.astype(dtype)


ROWS: dict[str, Row] = {
    "BlackmanWindow": window(0.42, -0.5, 0.08),
    "Constant": row(constant),
    "ConstantOfShape": row(constant_of_shape, sizes=(0,)),
    "EyeLike": row(eye_like),
    "HammingWindow": window(25 / 46, -21 / 46),
    "HannWindow": window(0.5, -0.5),
    "MelWeightMatrix": row(mel_weights, known=(0, 1, 2, 3, 4)),
    "OneHot": row(one_hot, sizes=(1,)),
    "Range": row(steps, raw=True),
}
