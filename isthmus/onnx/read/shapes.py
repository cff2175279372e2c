"""ONNX's operators that move elements: other shapes, orders and parts of an array.

Shapes, axes and bounds are Python numbers and tuples of them; see `onnx_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.shapes import product

__all__ = [
    "concat",
    "constant_of_shape",
    "cut",
    "expand",
    "flatten",
    "gather",
    "gather_elements",
    "pad",
    "reshape",
    "shape",
    "split",
    "squeeze",
    "transpose",
    "unsqueeze",
]

Attributes = Mapping[str, Any]


def shape(attributes: Attributes, x: Any) -> Any:
    return tuple(x.shape)[attributes.get("start", 0) : attributes.get("end")]


def reshape(attributes: Attributes, x: Any, sizes: Sequence[int]) -> Any:
    """A size of 0 stays what it is, unless `allowzero`."""
    if attributes.get("allowzero", 0):
        return np.reshape(x, tuple(sizes))
    kept = (x.shape[i] if isinstance(n, int) and n == 0 else n for i, n in enumerate(sizes))
    return np.reshape(x, tuple(kept))


def flatten(attributes: Attributes, x: Any) -> Any:
    axis = attributes.get("axis", 1)
    sizes = tuple(x.shape)
    return np.reshape(x, (product(sizes[:axis]), product(sizes[axis:])))


def transpose(attributes: Attributes, x: Any) -> Any:
    return np.permute_dims(x, tuple(attributes.get("perm", range(x.ndim)[::-1])))


def squeeze(_: Attributes, x: Any, axes: Sequence[int] | None = None) -> Any:
    return np.squeeze(x, axis=None if axes is None else tuple(axes))


def unsqueeze(_: Attributes, x: Any, axes: Sequence[int]) -> Any:
    return np.expand_dims(x, axis=tuple(axes))


def expand(_: Attributes, x: Any, sizes: Sequence[int]) -> Any:
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(sizes)))


def pad(
    attributes: Attributes,
    x: Any,
    sides: Sequence[int],
    value: Any = None,
    axes: Sequence[int] | None = None,
) -> Any:
    """sides: before each axis, then after each."""
    chosen = range(x.ndim) if axes is None else axes
    pairs = zip(sides[: len(chosen)], sides[len(chosen) :], strict=True)
    widths = {axis % x.ndim: pair for axis, pair in zip(chosen, pairs, strict=True)}
    if min(sides) < 0:
        raise UsageError(f"pads of {min(sides)}: cutting is not known")
    mode = attributes.get("mode", "constant")
    options = {"constant_values": value or 0} if mode == "constant" else {}
    return np.pad(x, [widths.get(axis, (0, 0)) for axis in range(x.ndim)], mode, **options)


# Parts


def concat(attributes: Attributes, *operands: Any) -> Any:
    return np.concat(list(operands), axis=attributes["axis"])


def cut(
    _: Attributes,
    x: Any,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
) -> Any:
    index = [slice(None)] * x.ndim
    for axis, *bounds in zip(
        axes or range(len(starts)), starts, ends, steps or [1] * len(starts), strict=True
    ):
        index[axis] = slice(*bounds)
    return np.getitem(x, tuple(index))


def split(attributes: Attributes, x: Any, sizes: Sequence[int] | None = None) -> list[Any]:
    """Parts of these sizes, or `num_outputs` equal ones, of which the last may be smaller."""
    axis = attributes.get("axis", 0)
    if sizes is None:
        count = attributes["num_outputs"]
        size = -(-x.shape[axis] // count)
        ends = [size * i for i in range(1, count)]
    else:
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    parts: list[Any] = np.split(x, ends, axis=axis)
    return parts


def gather(attributes: Attributes, x: Any, positions: Any) -> Any:
    if isinstance(positions, numpy.ndarray):  # known: narrow enough for every runtime
        positions = positions.astype(numpy.int32)
    return np.take(x, positions, axis=attributes.get("axis", 0))


def gather_elements(attributes: Attributes, x: Any, positions: Any) -> Any:
    return np.take_along_axis(x, positions, axis=attributes.get("axis", 0))


def constant_of_shape(attributes: Attributes, sizes: Sequence[int]) -> Any:
    value = attributes.get("value", numpy.zeros(1, numpy.float32))
    return np.full(tuple(sizes), value.item(), dtype=value.dtype)
