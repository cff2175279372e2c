"""Elements put at computed positions."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def scatter_elements(facts: Facts, x: Any, positions: Any, updates: Any) -> Any:
    axis, reduction = facts.get("axis", 0), facts.get("reduction", "none")
    return npx.scatter_elements(x, positions, updates, axis=axis, reduction=reduction)


def scatter_nd(facts: Facts, x: Any, positions: Any, updates: Any) -> Any:
    return npx.scatter_nd(x, positions, updates, reduction=facts.get("reduction", "none"))


def tensor_scatter(facts: Facts, cache: Any, update: Any, start: Any = None) -> Any:
    """The cache with the update from `start` on along an axis; circular: it goes round."""
    axis, mode = facts.get("axis", -2) % cache.ndim, facts.get("mode", "linear")
    most, count = cache.shape[axis], update.shape[axis]
    if axis == 0 or mode not in ("circular", "linear"):
        raise UsageError(f"axis={facts.get('axis', -2)} and mode={mode!r}; axis 0 is the batch")
    if not isinstance(most, Dim) and not isinstance(count, Dim) and count > most:
        raise UsageError(f"an update of {count} for {most} along axis {axis}")
    places = np.reshape(np.arange(count, dtype=numpy.int64), (-1, *(1,) * (cache.ndim - axis - 1)))
    if start is not None:
        places = np.reshape(start, (-1, *(1,) * (cache.ndim - 1))) + places
    places = places % most if mode == "circular" else places
    return npx.scatter_elements(cache, np.broadcast_to(places, update.shape), update, axis=axis)


ROWS: dict[str, Row] = {
    "Scatter": row(scatter_elements),
    "ScatterElements": row(scatter_elements),
    "ScatterND": row(scatter_nd),
    "TensorScatter": row(tensor_scatter),
}
