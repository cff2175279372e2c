"""For which operators and types ONNX Runtime computes what NumPy computes, on CPU and CUDA.

`types_taken` says which types that are; all others are the host's. The sign of a zero is
not kept: the Where of the CPU provider loses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy

from isthmus import np, npx
from isthmus.analysis.index_checks import body_reason, index_reason
from isthmus.analysis.placements import placement_reason
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Constant, Node, Type
from isthmus.graph.operator import Operator
from isthmus.graph.passes import is_standard
from isthmus.graph.shapes import same_shape
from isthmus.npx.windows import along, padding_of
from isthmus.onnx.write.kernels import KERNELS
from isthmus.onnx.write.lowering import HOST_ONLY, LOWERING
from isthmus.program.kernels import kernel_reason
from isthmus.program.options import Options
from isthmus.trace.op import OPERATORS

from .types_taken import ANY, CUSTOM, FLOAT, NARROW, NARROWING, REASONS, TYPES

__all__ = ["LONGEST", "agrees", "fuses", "refuses"]

MAX_AXES = 8  # of CUDA's kernels for broadcasting, transposing and reducing
LONGEST = 2**24  # positions are compared as float32


def fuses(node: Node, options: Options) -> bool:
    """Whether a composite is one ONNX operation here, and its arrays are all float32; or whether
    it has a kernel."""
    if KERNELS in node.op.kernels:
        return True
    if node.op not in LOWERING or node.op in TYPES or not is_standard(node):
        return False
    if node.op in ON_CPU and not (options.device == "cpu" or options.precision == "int8"):
        return False
    if node.op in (NOT_BY_CUDNN | NOT_ON_CUDA) and options.device != "cpu":
        return False
    taken = FLOAT | NARROW if node.op in NARROWING else FLOAT
    taken = taken | {"int32"} if node.op in BYTES else taken
    if any(t.dtype.name not in taken for t in _types(node)):
        return False
    return node.op not in FITS or FITS[node.op](node)


# Composites whose kernels on CUDA are cuDNN's: in its default arithmetic, which may round factors
# to TF32; without a bias that is no constant; and a gru's state is reset after its product alone.
NOT_BY_CUDNN = {npx.gru, npx.lstm, npx.rnn}

# Composites whose kernels on CUDA add otherwise: cuDNN's of a batch, of one example.
# Kernels of bytes are the CPU provider's.
BYTES = {OPERATORS["npx.integer_matmul"], OPERATORS["npx.quantized_lstm"]}
NOT_ON_CUDA = {npx.grid_sample, npx.instance_norm, *BYTES}
# What the CPU provider computes as NumPy does, and CUDA may not.
ROUNDED_BY_CUDNN: Mapping[Operator, str] = {
    OPERATORS["npx.convolution_of_integers"]: "cuDNN may take an algorithm that rounds its sums",
}

# Composites without a kernel on CUDA, where no program is asked for in int8.
ON_CPU = {npx.dynamic_quantize}

# Composites whose kernels give what their NumPy bodies give, of NaN and infinities too; of numbers
# whose squares overflow layer_norm makes NaN. Sigmoid is less exact: 3e-4 of it at -8.
AGREEING = {
    npx.elu,
    npx.gelu,
    npx.hard_sigmoid,
    npx.hard_swish,
    npx.layer_norm,
    npx.leaky_relu,
    npx.log_softmax,
    npx.relu,
    npx.relu6,
    npx.softmax,
}


def agrees(node: Node) -> bool:
    """Whether the kernel of a composite gives what its NumPy body gives, wherever that is NaN."""
    return node.op in AGREEING


def refuses(node: Node, options: Options, *, in_file: bool = False) -> str | None:
    """None where ONNX Runtime computes the node as NumPy does, else why not.

    in_file: of a file, in which a position outside is an error of the standard's, as of NumPy's.
    """
    if KERNELS in node.op.kernels:
        device = node.op.kernels[KERNELS].devices[0] if in_file else options.device or "cuda"
        return kernel_reason(node, KERNELS, CUSTOM, device)
    host_only = node.op.host_only or HOST_ONLY.get(node.op)
    if host_only is not None:
        return host_only
    if node.op not in LOWERING:
        return "ONNX has no such operator"
    if node.op in (npx.scatter_elements, npx.scatter_nd):
        return _type_reason(node) or _placement_reason(node, options, in_file)
    if node.op in ROUNDED_BY_CUDNN and options.device != "cpu" and not in_file:
        return ROUNDED_BY_CUDNN[node.op]
    rule = EXCEPT.get(node.op)
    # The CPU provider stops at a position outside, and NumPy runs the call then: see `executor`.
    told = (in_file or options.device == "cpu") and _has_positions(node)
    except_reason = None if rule is None or (told and rule is index_reason) else rule(node)
    inside = body_reason(node, lambda inner: refuses(inner, options, in_file=in_file))
    return _type_reason(node) or except_reason or inside


def _has_positions(node: Node) -> bool:
    return len(node.operands) > 1 and _types(node)[1].dtype.kind == "i"


def _type_reason(node: Node) -> str | None:
    types = _types(node)
    taken = ANY | NARROW if node.op in NARROWING else ANY
    for t in types:
        if t.dtype.name not in taken:
            return f"{t.dtype} is not among the types that are sent to ONNX Runtime"
        if t.ndim > MAX_AXES:
            return f"{t.ndim} axes, of which CUDA takes {MAX_AXES}"
        if 0 in [size for size in t.shape if isinstance(size, int)]:
            return "an array is empty, of which runtimes make other things than NumPy"
    dtype = types[0].dtype
    if dtype.name in TYPES.get(node.op, ANY | NARROW if node.op in BYTES else ANY):
        return None
    return REASONS.get(node.op, f"ONNX Runtime has no kernel for {dtype} on both CPU and CUDA")


def _types(node: Node) -> list[Type]:
    return [value.type for value in (*node.operands, *node.results) if value is not None]


def _divisor_reason(node: Node) -> str | None:
    """Integer division by 0 or -1 stops the CPU provider, and CUDA makes up a number."""
    divisor = node.operands[1]
    assert divisor is not None
    if divisor.type.dtype.kind == "f":
        return None
    if isinstance(divisor, Constant) and not numpy.isin(divisor.array, (0, -1)).any():
        return None
    return "integers are divided by what may be 0 or -1"


def _decimals_reason(node: Node) -> str | None:
    if _types(node)[0].dtype.kind == "i" and node.attributes["decimals"] < 0:
        return "integers are rounded to tens in float64"
    return None


def _length_reason(node: Node) -> str | None:
    sizes = _types(node)[0].shape
    count = int(numpy.prod([size for size in sizes if not isinstance(size, Dim)], dtype=object))
    return f"more than {LONGEST} elements are searched" if count > LONGEST else None


def _uneven_reason(node: Node) -> str | None:
    sides = padding_of(node.attributes["padding"], _types(node)[0].ndim - 2)
    uneven = any(before != after for before, after in sides)
    if uneven and not node.attributes["count_padding"]:
        return "padding that is uneven and not counted; CUDA takes it for even"
    return None


def _spread_reason(node: Node) -> str | None:
    axes = _types(node)[0].ndim - 2
    more, steps = (along(node.attributes[n], n, axes) for n in ("output_padding", "strides"))
    if any(extra >= step for extra, step in zip(more, steps, strict=True)):
        return "ONNX Runtime takes no output_padding that is not below the stride"
    return None


def _stored_reason(node: Node) -> str | None:
    q, scale, zero = node.operands
    assert q is not None and scale is not None
    if scale.type.dtype.name not in FLOAT:
        return f"ONNX Runtime is given no scales of {scale.type.dtype}"
    if q.type.dtype == numpy.int32 and zero is not None:
        return "integers of 32 bits have no zero point in ONNX"
    return None


# Reductions of updates that may go to one place twice: those that the CPU provider makes one after
# another, and those that mean one thing in a file. Updates of several axes are made at once.
IN_ORDER = ("add", "max", "min", "mul", "none")
DEFINED = ("add", "max", "min", "mul")


def _placement_reason(node: Node, options: Options, in_file: bool) -> str | None:
    on_cpu = options.device == "cpu"
    repeated = DEFINED if in_file else IN_ORDER if on_cpu else ()
    in_order = repeated if node.op is npx.scatter_elements else ()
    return placement_reason(node, in_order, checks=in_file or on_cpu)


EXCEPT: Mapping[Operator, Callable[[Node], str | None]] = {
    np.argmax: _length_reason,
    np.argmin: _length_reason,
    np.floor_divide: _divisor_reason,
    np.fmod: _divisor_reason,
    np.remainder: _divisor_reason,
    OPERATORS["np.quotient"]: _divisor_reason,
    np.round: _decimals_reason,
    np.take: index_reason,
    OPERATORS["np.take_along_axis"]: index_reason,
    OPERATORS["npx.dequantize"]: _stored_reason,
    npx.average_pool: _uneven_reason,
    npx.conv_transpose: _spread_reason,
    npx.gather_nd: index_reason,
}


def _is_image(node: Node) -> bool:
    """Whether x is [N, C, H, W] and the statistics are known: a convolution absorbs them."""
    x, *statistics = node.operands
    return x is not None and x.type.ndim == 4 and all(isinstance(s, Constant) for s in statistics)


def _is_last_axis(node: Node) -> bool:
    x, *others = _types(node)[:3]
    return all(same_shape(t.shape, x.shape[-1:]) for t in others)


def _is_4d(node: Node) -> bool:
    return _types(node)[0].ndim == 4


FITS: Mapping[Operator, Callable[[Node], bool]] = {
    npx.batch_norm: _is_image,
    npx.global_average_pool: _is_4d,
    npx.layer_norm: _is_last_axis,
}
