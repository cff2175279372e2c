"""The types each operator takes: a literal table, and why the others are left to the host.

Checked against the kernels that ONNX Runtime 1.31 registers for CPU and for CUDA at the
opsets emitted, and against NumPy on the CPU provider. Where only a CUDA kernel differs,
the reason comes from its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus import np, npx
from isthmus.op import OPERATORS, Op

FLOAT = frozenset({"float32"})
INTEGER = frozenset({"int32", "int64"})
BOOL = frozenset({"bool"})
NUMBER = FLOAT | INTEGER
ANY = NUMBER | BOOL

# The types of the operand that decides; the first, where several are of one type.
TYPES: Mapping[Op[..., Any], frozenset[str]] = {
    np.abs: ANY,
    np.add: ANY,
    np.all: BOOL,
    np.any: BOOL,
    OPERATORS["np.arange"]: NUMBER,
    np.argmax: FLOAT,
    np.argmin: FLOAT,
    np.astype: ANY,
    np.broadcast_to: ANY,
    np.ceil: ANY,
    np.concat: ANY,
    np.cos: FLOAT,
    np.divide: FLOAT,
    np.equal: ANY,
    np.exp: FLOAT,
    np.expand_dims: ANY,
    np.floor: ANY,
    np.floor_divide: NUMBER,
    OPERATORS["np.full"]: ANY,
    OPERATORS["np.getitem"]: ANY,
    np.greater: NUMBER,
    np.greater_equal: NUMBER,
    np.isfinite: FLOAT,
    np.isinf: FLOAT,
    np.isnan: FLOAT,
    np.less: NUMBER,
    np.less_equal: NUMBER,
    np.log: FLOAT,
    np.logical_and: BOOL,
    np.logical_not: BOOL,
    np.logical_or: BOOL,
    np.logical_xor: BOOL,
    np.matmul: FLOAT,
    np.max: FLOAT,
    np.maximum: ANY,
    np.mean: FLOAT,
    np.min: FLOAT,
    np.minimum: ANY,
    np.multiply: ANY,
    np.negative: NUMBER,
    np.not_equal: ANY,
    np.permute_dims: ANY,
    np.pow: FLOAT,
    np.prod: FLOAT,
    np.remainder: NUMBER,
    np.reshape: ANY,
    np.round: NUMBER,
    np.sign: NUMBER,
    np.sin: FLOAT,
    np.sqrt: FLOAT,
    np.squeeze: ANY,
    np.subtract: NUMBER,
    np.sum: FLOAT,
    np.take: ANY,
    np.tanh: FLOAT,
    np.where: BOOL,
    npx.average_pool: FLOAT,
    npx.convolution: FLOAT,
    npx.erf: FLOAT,
    npx.max_pool: FLOAT,
}

# Why the numbers that `TYPES` leaves out are the host's, where it is not for want of a kernel.
REASONS: Mapping[Op[..., Any], str] = {
    np.argmax: "CUDA compares integers as float32",
    np.argmin: "CUDA compares integers as float32",
    np.max: "CUDA reduces integers as float32",
    np.min: "CUDA reduces integers as float32",
    np.pow: "integer powers are computed in floating point",
    np.prod: "CUDA reduces integers as float32",
    np.sum: "integers are added in floating point, and do not wrap",
}
