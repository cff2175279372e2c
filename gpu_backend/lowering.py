"""What ONNX Runtime computes: one row an operator. `capability.py` says for which types.

A composite is listed where ONNX has an operation for it, with kernels on CPU and CUDA;
the others are lowered through what they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus import np, npx
from isthmus.op import OPERATORS, Op

from . import division_rules, movement_rules, network_rules, rules
from .reduction_rules import extreme, position, reduction, truth
from .rules import Rule, by_kind, inverted, keeping_nan, onnx, same

LOWERING: Mapping[Op[..., Any], Rule] = {
    np.abs: by_kind(f=rules.absolute, i=onnx("Abs"), b=same),
    np.add: by_kind(f=onnx("Add", 14), i=onnx("Add", 14), b=onnx("Or")),
    np.all: truth("ReduceMin"),
    np.any: truth("ReduceMax"),
    OPERATORS["np.arange"]: movement_rules.arange,
    np.argmax: position("ReduceMax"),
    np.argmin: position("ReduceMin"),
    np.astype: rules.cast,
    np.broadcast_to: movement_rules.broadcast_to,
    np.ceil: by_kind(f=onnx("Ceil"), i=same, b=same),
    np.concat: movement_rules.concat,
    np.cos: onnx("Cos"),
    np.divide: onnx("Div", 14),
    np.equal: onnx("Equal"),
    np.exp: onnx("Exp"),
    np.expand_dims: movement_rules.expand_dims,
    np.floor: by_kind(f=onnx("Floor"), i=same, b=same),
    np.floor_divide: by_kind(f=division_rules.floor_divide, i=division_rules.floor_divide_int),
    OPERATORS["np.full"]: movement_rules.full,
    OPERATORS["np.getitem"]: movement_rules.getitem,
    np.greater: onnx("Greater"),
    np.greater_equal: onnx("GreaterOrEqual"),
    np.isfinite: rules.is_finite,
    np.isinf: rules.is_infinite,
    np.isnan: onnx("IsNaN"),
    np.less: onnx("Less"),
    np.less_equal: onnx("LessOrEqual"),
    np.log: onnx("Log"),
    np.logical_and: onnx("And"),
    np.logical_not: onnx("Not"),
    np.logical_or: onnx("Or"),
    np.logical_xor: onnx("Xor"),
    np.matmul: onnx("MatMul"),
    np.max: extreme("ReduceMax"),
    np.maximum: by_kind(f=onnx("Max"), i=onnx("Max"), b=onnx("Or")),
    np.mean: reduction("ReduceMean"),
    np.min: extreme("ReduceMin"),
    np.minimum: by_kind(f=onnx("Min"), i=onnx("Min"), b=onnx("And")),
    np.multiply: by_kind(f=onnx("Mul", 14), i=onnx("Mul", 14), b=onnx("And")),
    np.negative: onnx("Neg"),
    np.not_equal: inverted(onnx("Equal")),
    np.permute_dims: movement_rules.transpose,
    np.pow: onnx("Pow", 15),
    np.prod: reduction("ReduceProd"),
    np.remainder: by_kind(f=division_rules.remainder, i=onnx("Mod")),
    np.reshape: movement_rules.reshape,
    np.round: by_kind(f=onnx("Round"), i=same),
    np.sign: by_kind(f=keeping_nan(onnx("Sign")), i=onnx("Sign")),
    np.sin: onnx("Sin"),
    np.sqrt: onnx("Sqrt"),
    np.squeeze: movement_rules.squeeze,
    np.subtract: onnx("Sub", 14),
    np.sum: reduction("ReduceSum"),
    np.take: movement_rules.take,
    np.tanh: onnx("Tanh"),
    np.where: rules.where,
    npx.average_pool: network_rules.average_pool,
    npx.batch_norm: network_rules.batch_norm,
    npx.convolution: network_rules.convolution,
    npx.elu: onnx("Elu", takes=("alpha",)),
    npx.erf: onnx("Erf"),
    npx.fully_connected: network_rules.fully_connected,
    npx.gelu: network_rules.gelu,
    npx.global_average_pool: onnx("GlobalAveragePool"),
    npx.hard_sigmoid: onnx("HardSigmoid", alpha=1 / 6, beta=0.5),
    npx.hard_swish: onnx("HardSwish", 14),
    npx.layer_norm: network_rules.layer_norm,
    npx.leaky_relu: network_rules.leaky_relu,
    npx.log_softmax: onnx("LogSoftmax", takes=("axis",)),
    npx.max_pool: network_rules.max_pool,
    npx.relu: onnx("Relu", 14),
    npx.relu6: network_rules.relu6,
    npx.sigmoid: onnx("Sigmoid"),
    npx.softmax: onnx("Softmax", takes=("axis",)),
}

HOST_ONLY: Mapping[Op[..., Any], str] = {}
