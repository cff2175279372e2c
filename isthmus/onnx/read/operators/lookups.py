"""Elements taken at computed positions, and where those are."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same

from ..facts import Facts, Row, plain, row
from .types import dtype_of

__all__ = ["ROWS"]


def gather(facts: Facts, x: Any, positions: Any) -> Any:
    if isinstance(positions, numpy.ndarray) and positions.dtype == numpy.int64:
        positions = positions.astype(numpy.int32)  # known: narrow enough for every runtime
    return np.take(x, positions, axis=facts.get("axis", 0))


def gather_elements(facts: Facts, x: Any, positions: Any) -> Any:
    """The element at a position for each one; the other axes of x may be larger."""
    axis = facts.get("axis", 0)
    if x.ndim != positions.ndim:
        raise UsageError(f"x with {x.ndim} axes and positions with {positions.ndim}")
    parts: list[Any] = [slice(None)] * x.ndim
    for i, (have, need) in enumerate(zip(x.shape, positions.shape, strict=True)):
        if i == axis % x.ndim or same(have, need):
            continue
        if not isinstance(have, Dim) and not isinstance(need, Dim) and need > have:
            raise UsageError(f"positions {positions.shape} of x {x.shape}; axis {i} is too large")
        parts[i] = slice(0, need)
    return np.take_along_axis(np.getitem(x, tuple(parts)), positions, axis=axis)


def gather_nd(facts: Facts, x: Any, positions: Any) -> Any:
    return npx.gather_nd(x, positions, batch_dims=facts.get("batch_dims", 0))


def extracted(_: Facts, x: Any, positions: Any) -> Any:
    """Columns of a matrix; those of a vector as a matrix of one row."""
    found = np.take(x, np.reshape(positions, (-1,)), axis=-1)
    return np.reshape(found, (1, -1)) if x.ndim == 1 else found


def nonzero(x: Any) -> Any:
    """[x.ndim, n]: the positions by axis."""
    if not x.ndim:
        x = np.reshape(x, (1,))
        return np.getitem(np.stack(list(np.nonzero(x))), slice(0, 0))
    return np.stack(list(np.nonzero(x)))


def compress(facts: Facts, x: Any, condition: Any) -> Any:
    axis = facts.get("axis")
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    (at,) = np.nonzero(condition)
    return np.take(x, at, axis=axis)


def bit_cast(facts: Facts, x: Any) -> Any:
    return npx.bitcast(x, dtype_of(facts["to"]))


ROWS: dict[str, Row] = {
    "BitCast": row(bit_cast),
    "Compress": row(compress),
    "Gather": row(gather),
    "GatherElements": row(gather_elements),
    "GatherND": row(gather_nd),
    "NonZero": plain(nonzero),
    "ai.onnx.ml.ArrayFeatureExtractor": row(extracted),
}
