"""The types each operator takes: a literal table, and why the others are left to the host.

Checked against the kernels that ONNX Runtime 1.31 registers for CPU and for CUDA at the
opsets emitted, and against NumPy on the CPU provider. Where only a CUDA kernel differs,
the reason comes from its source.
"""

from __future__ import annotations

from collections.abc import Mapping

from isthmus import np, npx
from isthmus.graph.operator import Operator
from isthmus.np import watched
from isthmus.npx import control_operators
from isthmus.trace.op import OPERATORS

__all__ = ["ANY", "CUSTOM", "FLOAT", "NARROW", "NARROWING", "REASONS", "TYPES"]

FLOAT = frozenset({"float32"})
INTEGER = frozenset({"int32", "int64"})
BOOL = frozenset({"bool"})
NUMBER = FLOAT | INTEGER
ANY = NUMBER | BOOL
NARROW = frozenset({"int8", "uint8"})
CUSTOM = ANY | NARROW | frozenset({"float64"})  # of custom operators, where their kernels state it
STORED = NARROW | frozenset({"int32"})
NARROWING = frozenset(  # take NARROW, or give it
    {
        OPERATORS["npx.dequantize"],
        npx.dynamic_quantize,
        OPERATORS["npx.integer_matmul"],
        OPERATORS["npx.quantize"],
        OPERATORS["npx.quantized_lstm"],
    }
)

# The types of the operand that decides; the first, where several are of one type.
TYPES: Mapping[Operator, frozenset[str]] = {
    np.abs: ANY,
    np.acos: FLOAT,
    np.acosh: FLOAT,
    np.add: ANY,
    np.all: BOOL,
    np.any: BOOL,
    watched.any_outside: INTEGER,
    OPERATORS["np.arange"]: NUMBER,
    np.argmax: FLOAT,
    np.argmin: FLOAT,
    np.asin: FLOAT,
    np.asinh: FLOAT,
    OPERATORS["np.astype"]: ANY,
    np.atan: FLOAT,
    np.atan2: FLOAT,
    np.atanh: FLOAT,
    np.bitwise_and: BOOL,
    np.bitwise_invert: BOOL,
    np.bitwise_or: BOOL,
    np.bitwise_xor: BOOL,
    np.broadcast_to: ANY,
    np.cbrt: FLOAT,
    np.ceil: ANY,
    OPERATORS["np.concat"]: ANY,
    np.conj: NUMBER,
    np.cos: FLOAT,
    np.cosh: FLOAT,
    np.cumsum: FLOAT,
    np.deg2rad: FLOAT,
    np.divide: FLOAT,
    np.equal: ANY,
    np.exp: FLOAT,
    np.exp2: FLOAT,
    np.expand_dims: ANY,
    np.expm1: FLOAT,
    np.fabs: FLOAT,
    np.floor: ANY,
    np.floor_divide: NUMBER,
    np.fmax: ANY,
    np.fmin: ANY,
    np.fmod: NUMBER,
    OPERATORS["np.full"]: ANY,
    OPERATORS["np.getitem"]: ANY,
    np.greater: NUMBER,
    np.greater_equal: NUMBER,
    np.heaviside: FLOAT,
    np.hypot: FLOAT,
    np.imag: ANY,
    watched.inside: INTEGER,
    np.isfinite: FLOAT,
    np.isinf: FLOAT,
    np.isnan: FLOAT,
    np.isneginf: FLOAT,
    np.isposinf: FLOAT,
    np.less: NUMBER,
    np.less_equal: NUMBER,
    np.log: FLOAT,
    np.log10: FLOAT,
    np.log1p: FLOAT,
    np.log2: FLOAT,
    np.logaddexp: FLOAT,
    np.logaddexp2: FLOAT,
    np.logical_and: BOOL,
    np.logical_not: BOOL,
    np.logical_or: BOOL,
    np.logical_xor: BOOL,
    np.matmul: FLOAT,
    np.max: FLOAT,
    OPERATORS["npx.largest"]: FLOAT,
    np.maximum: ANY,
    np.mean: FLOAT,
    np.min: FLOAT,
    np.minimum: ANY,
    OPERATORS["np.modf_fraction"]: FLOAT,
    OPERATORS["np.modf_whole"]: FLOAT,
    np.multiply: ANY,
    np.nan_to_num: FLOAT,
    np.negative: NUMBER,
    np.not_equal: ANY,
    np.permute_dims: ANY,
    np.positive: NUMBER,
    np.pow: FLOAT,
    np.prod: FLOAT,
    OPERATORS["np.quotient"]: INTEGER,
    np.rad2deg: FLOAT,
    np.real: ANY,
    np.reciprocal: FLOAT,
    np.remainder: NUMBER,
    OPERATORS["np.reshape"]: ANY,
    np.rint: FLOAT,
    np.round: NUMBER,
    np.sign: NUMBER,
    np.sin: FLOAT,
    np.sinh: FLOAT,
    np.sqrt: FLOAT,
    np.square: NUMBER,
    np.squeeze: ANY,
    np.subtract: NUMBER,
    np.sum: FLOAT,
    np.take: ANY,
    OPERATORS["np.take_along_axis"]: ANY,
    np.tan: FLOAT,
    np.tanh: FLOAT,
    np.trunc: ANY,
    np.where: BOOL,
    npx.average_pool: FLOAT,
    control_operators.conditional: BOOL,
    npx.conv_transpose: FLOAT,
    npx.convolution: FLOAT,
    OPERATORS["npx.convolution_of_integers"]: FLOAT,
    OPERATORS["npx.dequantize"]: STORED,
    npx.erf: FLOAT,
    control_operators.scan: ANY,
    npx.gather_nd: ANY,
    npx.max_pool: FLOAT,
    OPERATORS["npx.quantize"]: FLOAT,
    npx.scatter_elements: ANY,
    npx.scatter_nd: ANY,
    control_operators.loop: ANY,
}

# Why the numbers that `TYPES` leaves out are the host's, where it is not for want of a kernel.
REASONS: Mapping[Operator, str] = {
    np.argmax: "CUDA compares integers as float32",
    np.argmin: "CUDA compares integers as float32",
    np.bitwise_and: "CUDA has no kernel for the bits of integers",
    np.bitwise_invert: "CUDA has no kernel for the bits of integers",
    np.bitwise_or: "CUDA has no kernel for the bits of integers",
    np.bitwise_xor: "CUDA has no kernel for the bits of integers",
    np.max: "CUDA reduces integers as float32",
    OPERATORS["npx.largest"]: "CUDA reduces integers as float32",
    np.min: "CUDA reduces integers as float32",
    np.pow: "integer powers are computed in floating point",
    np.prod: "CUDA reduces integers as float32",
    np.sum: "integers are added in floating point, and do not wrap",
}
