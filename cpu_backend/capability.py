"""For which operators and types OpenVINO computes what NumPy computes.

The CPU plugin computes int64, uint32 and smaller ints in int32, and float64 in float32,
silently. So only the types it computes as they are go there; the host has the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus import np, npx
from isthmus.graph import Node, Type
from isthmus.guards import index_reason
from isthmus.op import OPERATORS, Op

from .lowering import HOST_ONLY, LOWERING

COMPUTED = {"float32", "int32", "bool"}

# Types an operator does not take although the runtime computes with them elsewhere.
NOT_FOR: Mapping[Op[..., Any], tuple[set[str], str]] = {
    np.divide: ({"int32"}, "integers are divided through float32"),
    np.mean: ({"int32"}, "integers are averaged in int32"),
    np.abs: ({"bool"}, "truth values have no size"),
    np.ceil: ({"int32", "bool"}, "integers are rounded through float32"),
    np.floor: ({"int32", "bool"}, "integers are rounded through float32"),
    np.round: ({"int32", "bool"}, "integers are rounded through float32"),
    np.isfinite: ({"int32", "bool"}, "it takes floats alone"),
    np.isinf: ({"int32", "bool"}, "it takes floats alone"),
    np.isnan: ({"int32", "bool"}, "it takes floats alone"),
    np.pow: ({"int32", "bool"}, "integer powers are computed in float32"),
    np.prod: ({"int32"}, "NumPy multiplies int32 as int64"),
    np.sum: ({"int32"}, "NumPy adds int32 as int64"),
    np.matmul: ({"int32", "bool"}, "matrices of integers are multiplied in float32"),
    np.add: ({"bool"}, "truth values have no sum"),
    np.multiply: ({"bool"}, "truth values have no product"),
    np.maximum: ({"bool"}, "truth values have no order"),
    np.minimum: ({"bool"}, "truth values have no order"),
    np.max: ({"bool"}, "truth values have no order"),
    np.min: ({"bool"}, "truth values have no order"),
}

# Operators that only make or move sizes, whose int64 never leaves the range of int32.
SIZES = {OPERATORS["np.arange"], OPERATORS["np.full"]}


def fuses(node: Node) -> bool:
    """Whether a composite has a row of its own and its arrays are all float32."""
    types = [v.type for v in node.operands if v is not None]
    return node.op in LOWERING and all(t.dtype.name == "float32" for t in types) and _fits(node)


def _fits(node: Node) -> bool:
    return not any(t is not None and t.ndim > 6 for t in _types(node))


def refuses(node: Node) -> str | None:
    """None where OpenVINO computes the node as NumPy does, else why not."""
    if node.op in HOST_ONLY:
        return HOST_ONLY[node.op]
    if node.op not in LOWERING:
        return "OpenVINO has no such operator"
    for t in _types(node):
        if t.dtype.name not in COMPUTED:
            return f"OpenVINO does not compute in {t.dtype}"
    if any(0 in t.shape for t in _types(node) if t.is_static):
        return "an array is empty, of which runtimes make other things than NumPy"
    excluded, reason = NOT_FOR.get(node.op, (set(), ""))
    if any(t.dtype.name in excluded for t in _types(node)[:1]):
        return reason
    if node.op is npx.convolution and not _types(node)[1].is_static:
        return "OpenVINO does not convolve with a weight of unknown size"
    return index_reason(node)


def _types(node: Node) -> list[Type]:
    values = [value for value in node.operands if value is not None]
    return [value.type for value in (*values, *node.results)]
