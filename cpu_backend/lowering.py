"""What OpenVINO computes: one row an operator. `capability.py` says for which types.

A composite is listed where OpenVINO has an operation for it or fuses a form of it best;
the others are lowered through what they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.op import OPERATORS, Op

from . import movement_rules, network_rules, rules
from .reduction_rules import extreme, reduction
from .rules import Rule, keeping_nan, plain, swapped

LOWERING: Mapping[Op[..., Any], Rule] = {
    np.abs: plain(ov.abs),
    np.add: plain(ov.add),
    np.all: reduction(ov.reduce_logical_and),
    np.any: reduction(ov.reduce_logical_or),
    OPERATORS["np.arange"]: rules.arange,
    np.astype: rules.cast,
    np.broadcast_to: movement_rules.broadcast,
    np.ceil: plain(ov.ceiling),
    np.concat: movement_rules.concat,
    np.cos: plain(ov.cos),
    np.divide: rules.divide,
    np.equal: plain(ov.equal),
    np.exp: rules.exp,
    np.expand_dims: movement_rules.expand_dims,
    np.floor: plain(ov.floor),
    OPERATORS["np.full"]: rules.full,
    OPERATORS["np.getitem"]: movement_rules.getitem,
    np.greater: swapped(ov.less),
    np.greater_equal: swapped(ov.less_equal),
    np.isfinite: rules.is_finite,
    np.isinf: plain(ov.is_inf),
    np.isnan: plain(ov.is_nan),
    np.less: plain(ov.less),
    np.less_equal: plain(ov.less_equal),
    np.log: plain(ov.log),
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
    np.multiply: plain(ov.multiply),
    np.negative: plain(ov.negative),
    np.not_equal: plain(ov.not_equal),
    np.permute_dims: movement_rules.transpose,
    np.pow: plain(ov.power),
    np.prod: reduction(ov.reduce_prod),
    np.reshape: movement_rules.reshape,
    np.round: plain(ov.round, mode="half_to_even"),
    np.sign: plain(ov.sign),
    np.sin: plain(ov.sin),
    np.sqrt: plain(ov.sqrt),
    np.squeeze: movement_rules.squeeze,
    np.subtract: plain(ov.subtract),
    np.sum: reduction(ov.reduce_sum),
    np.take: movement_rules.take,
    np.tanh: plain(ov.tanh),
    np.where: plain(ov.select),
    npx.average_pool: network_rules.average_pool,
    npx.batch_norm: network_rules.batch_norm,
    npx.convolution: network_rules.convolution,
    npx.elu: rules.elu,
    npx.erf: plain(ov.erf),
    npx.fully_connected: network_rules.fully_connected,
    npx.gelu: rules.gelu,
    npx.hard_sigmoid: plain(ov.hsigmoid),
    npx.hard_swish: plain(ov.hswish),
    npx.layer_norm: network_rules.layer_norm,
    npx.leaky_relu: rules.leaky_relu,
    npx.log_softmax: network_rules.log_softmax,
    npx.max_pool: network_rules.max_pool,
    npx.relu: plain(ov.relu),
    npx.relu6: plain(ov.clamp, min_value=0.0, max_value=6.0),
    npx.sigmoid: plain(ov.sigmoid),
    npx.silu: plain(ov.swish),
    npx.softmax: network_rules.softmax,
}

HOST_ONLY: Mapping[Op[..., Any], str] = {
    np.argmax: "OpenVINO's top-k drops NaN and returns int32",
    np.argmin: "OpenVINO's top-k drops NaN and returns int32",
    np.floor_divide: "OpenVINO divides integers through float32 and truncates",
    np.remainder: "OpenVINO's remainder of floats is not NumPy's fmod",
}
