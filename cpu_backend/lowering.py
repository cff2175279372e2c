"""What OpenVINO computes: one row an operator. `capability.py` says for which types.

A composite is listed where OpenVINO has an operation for it or fuses a form of it best;
the others are lowered through what they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping

from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.graph.operator import Operator
from isthmus.npx import control_operators
from isthmus.rewrite import formulas
from isthmus.trace.op import OPERATORS

from . import control_rules, formula_rules, movement_rules, network_rules, rules
from .formula_rules import same, written
from .reduction_rules import extreme, position, reduction, running_sum
from .rules import Rule, keeping_nan, plain, swapped

__all__ = ["HOST_ONLY", "LOWERING"]

LOWERING: Mapping[Operator, Rule] = {
    np.abs: plain(ov.abs),
    np.acos: plain(ov.acos),
    np.acosh: plain(ov.acosh),
    np.add: rules.add,
    np.all: reduction(ov.reduce_logical_and),
    np.any: reduction(ov.reduce_logical_or),
    OPERATORS["np.arange"]: rules.arange,
    np.argmax: position(ov.reduce_max),
    np.argmin: position(ov.reduce_min),
    np.asin: plain(ov.asin),
    np.asinh: plain(ov.asinh),
    OPERATORS["np.astype"]: rules.cast,
    np.atan: plain(ov.atan),
    np.atan2: written(formulas.atan2),
    np.atanh: plain(ov.atanh),
    np.bitwise_and: plain(ov.bitwise_and),
    np.bitwise_invert: plain(ov.bitwise_not),
    np.bitwise_or: plain(ov.bitwise_or),
    np.bitwise_xor: plain(ov.bitwise_xor),
    np.broadcast_to: movement_rules.broadcast,
    np.cbrt: written(formulas.cbrt),
    np.ceil: plain(ov.ceiling),
    OPERATORS["np.concat"]: movement_rules.concat,
    np.conj: same,
    np.cos: plain(ov.cos),
    np.cosh: plain(ov.cosh),
    np.cumsum: running_sum,
    np.deg2rad: written(formulas.deg2rad),
    np.divide: rules.divide,
    np.equal: plain(ov.equal),
    np.exp: rules.exp,
    np.exp2: written(formulas.exp2),
    np.expand_dims: movement_rules.expand_dims,
    np.expm1: written(formulas.expm1),
    np.fabs: plain(ov.abs),
    np.floor: plain(ov.floor),
    np.fmax: formula_rules.skipping_nan(ov.maximum, formulas.fmax),
    np.fmin: formula_rules.skipping_nan(ov.minimum, formulas.fmin),
    OPERATORS["np.full"]: rules.full,
    OPERATORS["np.getitem"]: movement_rules.getitem,
    np.greater: swapped(ov.less),
    np.greater_equal: swapped(ov.less_equal),
    np.heaviside: written(formulas.heaviside),
    np.hypot: written(formulas.hypot),
    np.imag: written(formulas.imag),
    np.isfinite: rules.is_finite,
    np.isinf: plain(ov.is_inf),
    np.isnan: plain(ov.is_nan),
    np.isneginf: written(formulas.isneginf),
    np.isposinf: written(formulas.isposinf),
    np.less: plain(ov.less),
    np.less_equal: plain(ov.less_equal),
    np.log: plain(ov.log),
    np.log10: written(formulas.log10),
    np.log1p: written(formulas.log1p),
    np.log2: written(formulas.log2),
    np.logaddexp: written(formulas.logaddexp),
    np.logaddexp2: written(formulas.logaddexp2),
    np.logical_and: plain(ov.logical_and),
    np.logical_not: plain(ov.logical_not),
    np.logical_or: plain(ov.logical_or),
    np.logical_xor: plain(ov.logical_xor),
    np.matmul: network_rules.matmul,
    np.max: extreme(ov.reduce_max),
    np.maximum: keeping_nan(ov.maximum),
    np.mean: reduction(ov.reduce_mean),
    np.min: extreme(ov.reduce_min),
    np.minimum: keeping_nan(ov.minimum),
    OPERATORS["np.modf_fraction"]: written(formulas.modf_fraction),
    OPERATORS["np.modf_whole"]: written(formulas.trunc),
    np.multiply: rules.multiply,
    np.nan_to_num: written(formulas.nan_to_num),
    np.negative: plain(ov.negative),
    np.not_equal: plain(ov.not_equal),
    np.permute_dims: movement_rules.transpose,
    np.positive: same,
    np.pow: rules.power,
    np.prod: reduction(ov.reduce_prod),
    np.rad2deg: written(formulas.rad2deg),
    np.real: same,
    np.reciprocal: written(formulas.reciprocal),
    OPERATORS["np.reshape"]: movement_rules.reshape,
    np.rint: plain(ov.round, mode="half_to_even"),
    np.round: formula_rules.round,
    np.sign: plain(ov.sign),
    np.sin: plain(ov.sin),
    np.sinh: plain(ov.sinh),
    np.sqrt: plain(ov.sqrt),
    np.square: formula_rules.square,
    np.squeeze: movement_rules.squeeze,
    np.subtract: plain(ov.subtract),
    np.sum: reduction(ov.reduce_sum),
    np.take: movement_rules.take,
    OPERATORS["np.take_along_axis"]: movement_rules.take_along_axis,
    np.tan: plain(ov.tan),
    np.tanh: plain(ov.tanh),
    np.trunc: written(formulas.trunc),
    np.where: plain(ov.select),
    npx.average_pool: network_rules.average_pool,
    npx.batch_norm: network_rules.batch_norm,
    control_operators.conditional: control_rules.cond,
    npx.convolution: network_rules.convolution,
    npx.elu: rules.elu,
    npx.erf: plain(ov.erf),
    control_operators.scan: control_rules.foreach,
    npx.fully_connected: network_rules.fully_connected,
    npx.gelu: rules.gelu,
    npx.hard_sigmoid: plain(ov.hsigmoid),
    npx.hard_swish: plain(ov.hswish),
    OPERATORS["npx.largest"]: extreme(ov.reduce_max),
    npx.layer_norm: network_rules.layer_norm,
    npx.leaky_relu: rules.leaky_relu,
    npx.log_softmax: network_rules.log_softmax,
    npx.max_pool: network_rules.max_pool,
    npx.mish: plain(ov.mish),
    npx.relu: plain(ov.relu),
    npx.relu6: plain(ov.clamp, min_value=0.0, max_value=6.0),
    npx.rms_norm: network_rules.rms_norm,
    npx.sigmoid: plain(ov.sigmoid),
    npx.silu: plain(ov.swish),
    npx.softmax: network_rules.softmax,
    OPERATORS["npx.softmax_by_line"]: network_rules.softmax_by_line,
    OPERATORS["npx.weighted_by_softmax"]: network_rules.weighted_by_softmax,
    control_operators.loop: control_rules.while_loop,
}

_BITS = (
    np.copysign,
    OPERATORS["np.frexp_exponent"],
    OPERATORS["np.frexp_mantissa"],
    np.ldexp,
    np.nextafter,
    np.signbit,
    np.spacing,
)
_INTEGERS = (
    np.bitwise_count,
    np.gcd,
    np.lcm,
)

HOST_ONLY: Mapping[Operator, str] = {
    **dict.fromkeys(_BITS, "OpenVINO cannot read the bits of floats"),
    np.bitwise_left_shift: "OpenVINO takes the number of bits modulo 32",
    np.bitwise_right_shift: "OpenVINO takes the number of bits modulo 32",
    **dict.fromkeys(_INTEGERS, "OpenVINO has no such operation on integers"),
    np.float_power: "NumPy computes powers in float64",
    np.floor_divide: "OpenVINO divides integers through float32 and truncates",
    np.fmod: "OpenVINO's remainder of floats is not NumPy's fmod",
    np.i0: "OpenVINO has no Bessel functions",
    np.remainder: "OpenVINO's remainder of floats is not NumPy's fmod",
}
