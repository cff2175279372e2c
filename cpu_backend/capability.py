"""For which operators and types OpenVINO computes what NumPy computes.

The CPU plugin computes int64, uint32 and smaller ints in int32, and float64 in float32,
silently. So only the types it computes as they are go there; the host has the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.analysis.index_checks import body_reason, index_reason
from isthmus.analysis.intervals import cast, moved, some
from isthmus.analysis.narrow import LIMITS, is_narrow, reach
from isthmus.analysis.placements import placement_reason
from isthmus.graph.dims import same
from isthmus.graph.nodes import Constant, Node, Result, Type, Value
from isthmus.graph.operator import Operator
from isthmus.graph.passes import is_standard
from isthmus.np import watched
from isthmus.npx import control_operators
from isthmus.program.options import Options
from isthmus.trace.op import OPERATORS

from . import kernels
from .lowering import HOST_ONLY, LOWERING

__all__ = ["COUNTING", "agrees", "fuses", "is_wide", "refuses", "rounded"]

COMPUTED = {"float32", "int32", "bool"}

# Types an operator does not take although the runtime computes with them elsewhere.
NOT_FOR: Mapping[Operator, tuple[set[str], str]] = {
    np.divide: ({"int32"}, "integers are divided through float32"),
    np.mean: ({"int32", "bool"}, "integers are averaged in int32"),
    np.abs: ({"bool"}, "truth values have no size"),
    np.ceil: ({"int32", "bool"}, "integers are rounded through float32"),
    np.floor: ({"int32", "bool"}, "integers are rounded through float32"),
    np.round: ({"int32", "bool"}, "integers are rounded through float32"),
    np.trunc: ({"int32", "bool"}, "integers are rounded through float32"),
    np.reciprocal: ({"int32"}, "integers are divided through float32"),
    np.nan_to_num: ({"int32", "bool"}, "integers are numbers"),
    np.fmax: ({"bool"}, "truth values have no order"),
    np.fmin: ({"bool"}, "truth values have no order"),
    np.isposinf: ({"int32", "bool"}, "it takes floats alone"),
    np.isneginf: ({"int32", "bool"}, "it takes floats alone"),
    np.isfinite: ({"int32", "bool"}, "it takes floats alone"),
    np.isinf: ({"int32", "bool"}, "it takes floats alone"),
    np.isnan: ({"int32", "bool"}, "it takes floats alone"),
    np.pow: ({"int32", "bool"}, "integer powers are computed in float32"),
    np.cumsum: ({"int32", "bool"}, "NumPy adds int32 as int64"),
    np.prod: ({"int32", "bool"}, "NumPy multiplies int32 as int64"),
    np.sum: ({"int32", "bool"}, "NumPy adds int32 as int64"),
    np.matmul: ({"int32", "bool"}, "matrices of integers are multiplied in float32"),
    np.add: ({"bool"}, "truth values have no sum"),
    np.multiply: ({"bool"}, "truth values have no product"),
    np.maximum: ({"bool"}, "truth values have no order"),
    np.minimum: ({"bool"}, "truth values have no order"),
    **{
        op: ({"int32", "int64", "bool"}, "extremes of integers are found in float32")
        for op in (np.argmax, np.argmin, np.max, np.min, OPERATORS["npx.largest"])
    },
}

# Operators that OpenVINO computes in int32 where they are of int64, with the same result as long
# as the operands are in the range of int32. That is checked where they enter (`executor`), and
# none of these leaves that range.
NARROWED = {
    OPERATORS["np.getitem"],
    np.argmax,
    np.argmin,
    np.broadcast_to,
    OPERATORS["np.concat"],
    np.equal,
    np.expand_dims,
    np.greater,
    np.greater_equal,
    np.less,
    np.less_equal,
    np.not_equal,
    np.permute_dims,
    OPERATORS["np.reshape"],
    np.squeeze,
    np.take,
    OPERATORS["np.take_along_axis"],
    np.where,
    watched.any_outside,
    watched.inside,
    npx.gather_nd,
    npx.scatter_elements,
    npx.scatter_nd,
    control_operators.conditional,
    control_operators.scan,
    control_operators.loop,
}
# Operators whose arithmetic of int64 is that of int32 where all that they read and make is in its
# range, which `narrow` tells of inputs that are small; that they are is checked at each call.
COUNTING: frozenset[Operator] = frozenset(
    {
        np.abs,
        np.add,
        OPERATORS["np.arange"],
        OPERATORS["np.astype"],
        np.cumsum,
        np.floor_divide,
        OPERATORS["np.full"],
        np.maximum,
        np.minimum,
        np.multiply,
        np.negative,
        OPERATORS["np.quotient"],
        np.remainder,
        np.subtract,
    }
)
# Of those the ones that divide, by a constant, so that the quotient in float32 can be corrected.
DIVIDING = {np.floor_divide, OPERATORS["np.quotient"], np.remainder}
MOST_DIVIDED, LARGEST_DIVISOR = 2**30, 2**22
# Operators that take integers of eight bits, which only a float is made of.
NARROWING = {OPERATORS["npx.dequantize"], OPERATORS["npx.quantize"]}
# Composites whose kernels give what their NumPy bodies give, of NaN and infinities too. gelu does
# not of an infinity where there is AVX-512; the plugin makes that kernel of the formula as well.
AGREEING = {
    npx.elu,
    npx.gelu,
    npx.hard_swish,
    npx.layer_norm,
    npx.leaky_relu,
    npx.mish,
    npx.rms_norm,
    npx.sigmoid,
    npx.silu,
    OPERATORS["npx.softmax_by_line"],
    OPERATORS["npx.weighted_by_softmax"],
}
# The reductions of updates that may go to one place twice. The plugin makes those of one line, and
# of several axes those that are reduced, one after another; the others at once.
REPEATED: Mapping[Operator, set[str]] = {
    npx.scatter_elements: {"add", "max", "min", "mul", "none"},
    npx.scatter_nd: {"add", "mul"},
}
WHOLE = OPERATORS["npx.convolution_of_integers"]
CONVOLUTIONS = {WHOLE, npx.conv_transpose, npx.convolution}
MAX_AXES = 6  # of the kernels that compute a composite whole
INT32 = numpy.iinfo(numpy.int32)


def is_wide(array: numpy.ndarray[Any, Any], limit: int = INT32.max) -> bool:
    """Whether an array of int64 has elements beyond int32, or beyond a smaller limit."""
    if _name(array.dtype) != "int64" or not array.size:
        return False
    return bool(array.min() < -limit - (limit == INT32.max) or array.max() > limit)


def fuses(node: Node) -> bool:
    """Whether a composite has a row of its own and its arrays are all float32, or a kernel."""
    if kernels.KERNELS in node.op.kernels:
        return True
    if node.op not in LOWERING or not is_standard(node):
        return False
    if node.op is npx.grid_sample and node.attributes["mode"] != "linear":
        return False  # its positions are rounded otherwise, so that others are the nearest
    types = [v.type for v in node.operands if v is not None]
    return (
        all(_name(t.dtype) == "float32" for t in types) and max(t.ndim for t in types) <= MAX_AXES
    )


def agrees(node: Node) -> bool:
    """Whether the kernel of a composite gives what its NumPy body gives, wherever that is NaN."""
    return node.op in AGREEING


def refuses(node: Node, options: Options | None = None) -> str | None:
    """None where OpenVINO computes the node as NumPy does, else why not."""
    return _refuses(node, options, is_inside=False)


def _refuses(node: Node, options: Options | None, is_inside: bool) -> str | None:
    """is_inside: of a node in a body, whose inputs are not those that a call checks."""
    if kernels.KERNELS in node.op.kernels:
        return kernels.reason(node, options)
    host_only = node.op.host_only or HOST_ONLY.get(node.op)
    if host_only is not None:
        return host_only
    if node.op not in LOWERING:
        return "OpenVINO has no such operator"
    types_taken = COMPUTED
    counts = node.op in COUNTING and not is_inside and _has_int64(node)
    if node.op in NARROWED or counts:
        types_taken = COMPUTED | {"int64"}
    if node.op in NARROWING:
        types_taken = {"float32", "int8", "int32", "uint8"}
    for t in _types(node):
        if _name(t.dtype) not in types_taken:
            return f"OpenVINO does not compute in {t.dtype}"
    read = [*node.operands, *(value for body in node.bodies for value in body.outputs)]
    if any(is_wide(value.array) for value in read if isinstance(value, Constant)):
        return "a constant of int64 is beyond int32, in which OpenVINO computes"
    if any(same(size, 0) for t in _types(node) for size in t.shape):
        return "an array is empty, of which runtimes make other things than NumPy"
    if counts and any(map(_is_position, node.operands)):
        return "after a reduction the plugin computes int64 otherwise"
    if counts and not is_narrow(node):
        return "its integers may be beyond int32, in which OpenVINO computes"
    if node.op in DIVIDING and (reason := _division_reason(node, counts)) is not None:
        return reason
    excluded, reason = NOT_FOR.get(node.op, (set(), ""))
    if any(_name(t.dtype) in excluded for t in _types(node)[:1]):
        return reason
    if node.op in CONVOLUTIONS and not _types(node)[1].is_static:
        return "OpenVINO does not convolve with a weight of unknown size"
    if node.op.looks_up and node.attributes.get("mode") == "wrap":
        return "OpenVINO divides integers through float32, as positions go round; take mode='clip'"
    if node.op in REPEATED:
        return placement_reason(node, REPEATED[node.op])
    return index_reason(node) or body_reason(
        node, lambda inner: _refuses(inner, options, is_inside=True)
    )


def _has_int64(node: Node) -> bool:
    return any(_name(t.dtype) == "int64" for t in _types(node))


def _is_position(value: Value | None) -> bool:
    """Whether it is what a search along an axis found, perhaps moved or cast since: arithmetic that
    the plugin makes a part of its reduction came out wrong (2 less a position, 2026.4.1)."""
    while isinstance(value, Result) and value.node.op not in (np.argmax, np.argmin):
        if value.node.op.interval not in (cast, moved, some):
            return False
        value = value.node.operands[0]
    return isinstance(value, Result)


def _division_reason(node: Node, counts: bool) -> str | None:
    """Why a quotient may be another: None for int64 by a constant, which is corrected."""
    whole, divisor = node.operands
    if whole is None or whole.type.dtype.kind == "f":
        return "OpenVINO's remainder of floats is not NumPy's fmod"
    if not counts or not isinstance(divisor, Constant):
        return "OpenVINO divides integers through float32 and truncates"
    least, most = divisor.array.min(), divisor.array.max()
    found = reach(whole, LIMITS[0])
    if not 1 <= least <= most <= LARGEST_DIVISOR or found is None or found > MOST_DIVIDED:
        return "OpenVINO divides integers through float32 and truncates, corrected of small ones"
    return None


def rounded(node: Node) -> str | None:
    """Why the plugin may not be given the node where it decides itself what is in half precision:
    it does so with all convolutions."""
    inner = (one for body in node.bodies for one in body.nodes())
    if node.op is WHOLE or any(rounded(one) is not None for one in inner):
        return "OpenVINO rounds the sums of convolutions where it is asked for half precision"
    return None


def _types(node: Node) -> list[Type]:
    values = [value for value in node.operands if value is not None]
    return [value.type for value in (*values, *node.results)]


@lru_cache
def _name(dtype: numpy.dtype[Any]) -> str:
    """The dtype's name, which NumPy puts together whenever it is asked."""
    return dtype.name
