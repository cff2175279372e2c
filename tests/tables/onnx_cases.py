"""Single ONNX operators with the attributes that are easily got wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy

Arrays = dict[str, numpy.ndarray[Any, Any]]


@dataclass(frozen=True)
class Case:
    """One node: its operator, operands that are inputs, those that are constants, attributes."""

    op: str
    inputs: Arrays
    constants: Arrays = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 20
    order: tuple[str, ...] = ()

    @property
    def operands(self) -> list[str]:
        return list(self.order) or [*self.inputs, *self.constants]

    def __str__(self) -> str:
        told = ",".join(f"{k}={v}".replace(" ", "") for k, v in self.attributes.items())
        return f"{self.op}({told or ','.join(self.operands)})"


def normal(*shape: int) -> Any:
    return numpy.random.default_rng(shape).standard_normal(shape).astype(numpy.float32)


def ints(*values: int) -> Any:
    return numpy.array(values, numpy.int64)


def i32(values: Any) -> Any:
    return numpy.array(values, numpy.int32)


def f32(value: float) -> Any:
    return numpy.float32(value)


X = {"x": normal(2, 4, 9, 10)}
ROWS = {"x": normal(3, 4, 5)}
TABLE = {"x": normal(6, 5)}
KERNEL = {"w": normal(6, 4, 3, 2)}
TWO = {"x": i32([7, -7, 7, -7, 6, 0]), "y": i32([2, 2, -2, -2, 3, 5])}
SIGNS = {"x": normal(4, 6) * 3}


def conv(**attributes: Any) -> Case:
    return Case("Conv", X, {**KERNEL, "b": normal(6)}, attributes)


def max_pool(**attributes: Any) -> Case:
    return Case("MaxPool", X, {}, {"kernel_shape": [3, 2], **attributes})


def average_pool(**attributes: Any) -> Case:
    return Case("AveragePool", X, {}, {"kernel_shape": [3, 2], **attributes})


def cut(starts: Any, ends: Any, axes: Any, steps: Any) -> Case:
    constants = {"starts": ints(*starts), "ends": ints(*ends)}
    return Case("Slice", ROWS, {**constants, "axes": ints(*axes), "steps": ints(*steps)})


def reduce(op: str, axes: tuple[int, ...] | None, **attributes: Any) -> Case:
    return Case(op, ROWS, {} if axes is None else {"axes": ints(*axes)}, attributes)


CASES = [
    conv(),
    conv(auto_pad="SAME_UPPER", strides=[2, 2]),
    conv(auto_pad="SAME_LOWER", strides=[2, 3]),
    conv(auto_pad="VALID", strides=[1, 2]),
    conv(pads=[2, 0, 1, 3], dilations=[2, 3], strides=[2, 1]),
    Case("Conv", X, {"w": normal(6, 2, 3, 3)}, {"group": 2, "pads": [1, 1, 1, 1]}),
    Case("Conv", X, {"w": normal(4, 1, 3, 3)}, {"group": 4}),
    max_pool(),
    max_pool(strides=[2, 2], pads=[1, 0, 1, 1]),
    max_pool(strides=[2, 3], ceil_mode=1),
    max_pool(strides=[3, 2], pads=[1, 1, 1, 1], ceil_mode=1),
    max_pool(dilations=[2, 3], strides=[1, 2], pads=[1, 1, 1, 0]),
    max_pool(auto_pad="SAME_UPPER", strides=[2, 2]),
    max_pool(auto_pad="SAME_LOWER", strides=[2, 2]),
    max_pool(pads=[2, 1, 2, 1]),
    average_pool(),
    average_pool(strides=[2, 2], pads=[1, 0, 1, 1]),
    average_pool(strides=[2, 2], pads=[1, 0, 1, 1], count_include_pad=1),
    average_pool(strides=[2, 3], ceil_mode=1),
    average_pool(strides=[2, 3], ceil_mode=1, pads=[1, 1, 1, 1], count_include_pad=1),
    average_pool(auto_pad="SAME_UPPER", strides=[2, 2]),
    average_pool(dilations=[2, 2], strides=[2, 1]),
    average_pool(pads=[2, 1, 2, 1]),
    Case("GlobalAveragePool", X),
    Case("GlobalMaxPool", X),
    Case("Gemm", TABLE, {"b": normal(5, 3)}),
    Case("Gemm", TABLE, {"b": normal(3, 5), "c": normal(3)}, {"transB": 1}),
    Case("Gemm", TABLE, {"b": normal(3, 6), "c": normal(5, 3)}, {"transA": 1, "transB": 1}),
    Case("Gemm", TABLE, {"b": normal(5, 3), "c": normal(6, 1)}, {"alpha": 0.5, "beta": -2.0}),
    Case("BatchNormalization", X, {n: abs(normal(4)) + 0.1 for n in "sbmv"}, {"epsilon": 1e-3}),
    Case("LayerNormalization", ROWS, {"s": normal(5), "b": normal(5)}, {"epsilon": 1e-3}),
    Case("LayerNormalization", ROWS, {"s": normal(4, 5)}, {"axis": 1}),
    Case("Softmax", ROWS),
    Case("Softmax", ROWS, {}, {"axis": 1}),
    Case("LogSoftmax", ROWS, {}, {"axis": 0}),
    Case("Gelu", SIGNS),
    Case("Gelu", SIGNS, {}, {"approximate": "tanh"}),
    Case("Erf", SIGNS),
    Case("HardSigmoid", SIGNS),
    Case("HardSigmoid", SIGNS, {}, {"alpha": 1 / 6}),
    Case("HardSwish", SIGNS),
    Case("Mish", SIGNS),
    Case("LeakyRelu", SIGNS, {}, {"alpha": 0.3}),
    Case("Elu", SIGNS, {}, {"alpha": 0.7}),
    Case("PRelu", SIGNS, {"slope": normal(6)}),
    Case("Softplus", SIGNS),
    Case("Relu", SIGNS),
    Case("Sigmoid", SIGNS),
    Case("Clip", SIGNS, {"low": f32(0), "high": f32(6)}),
    Case("Clip", SIGNS, {"low": f32(-1)}),
    Case("Clip", SIGNS, {"high": f32(0.5)}, order=("x", "", "high")),
    Case("Div", TWO),
    Case("Mod", TWO),
    Case("Mod", TWO, {}, {"fmod": 1}),
    Case("Pow", {"x": abs(normal(3, 4))}, {"y": ints(2)}),
    Case("Max", {"x": normal(3, 1), "y": normal(4), "z": normal(3, 4)}),
    Case("Min", {"x": normal(3, 1), "y": normal(4)}),
    Case("Mean", {"x": normal(3, 1), "y": normal(4), "z": normal(3, 4)}),
    Case("Sum", {"x": normal(3, 1), "y": normal(4)}),
    Case("Cast", {"x": numpy.array([-2.7, 0.0, 2.7], numpy.float32)}, {}, {"to": 6}),
    Case("Cast", {"x": i32([0, 3, -1])}, {}, {"to": 9}),
    Case("Where", {"c": numpy.array([[True], [False]]), "x": normal(2, 3), "y": normal(3)}),
    Case("Reciprocal", {"x": abs(normal(4)) + 1}),
    Case("Round", {"x": numpy.array([0.5, 1.5, -2.5, 2.4], numpy.float32)}),
    reduce("ReduceMean", (1, -1)),
    reduce("ReduceMean", None, keepdims=0),
    reduce("ReduceSum", (0,), keepdims=0),
    reduce("ReduceSum", None, noop_with_empty_axes=1),
    reduce("ReduceMax", (-2,)),
    reduce("ReduceMin", (1,), keepdims=0),
    reduce("ReduceProd", (2,)),
    reduce("ReduceL2", (1, 2)),
    Case("ReduceMean", ROWS, {}, {"axes": [1], "keepdims": 0}, opset=13),
    Case("ReduceSum", {"x": i32([[1, 2], [3, 4]])}, {"axes": ints(1)}),
    Case("ArgMax", ROWS, {}, {"axis": 1, "keepdims": 0}),
    Case("ArgMin", ROWS),
    Case("Reshape", ROWS, {"shape": ints(0, -1)}),
    Case("Reshape", ROWS, {"shape": ints(5, 0, 3)}),
    Case("Flatten", ROWS),
    Case("Flatten", ROWS, {}, {"axis": 0}),
    Case("Flatten", ROWS, {}, {"axis": -1}),
    Case("Transpose", ROWS),
    Case("Transpose", ROWS, {}, {"perm": [1, 2, 0]}),
    Case("Squeeze", {"x": normal(1, 3, 1)}),
    Case("Squeeze", {"x": normal(1, 3, 1)}, {"axes": ints(-1)}),
    Case("Unsqueeze", TABLE, {"axes": ints(0, -1)}),
    Case("Expand", {"x": normal(3, 1)}, {"shape": ints(2, 1, 4)}),
    Case("Pad", TABLE, {"pads": ints(1, 0, 2, 3), "value": f32(7)}),
    Case("Pad", TABLE, {"pads": ints(1, 2, 2, 1)}, {"mode": "reflect"}),
    Case("Pad", TABLE, {"pads": ints(1, 2, 2, 1)}, {"mode": "edge"}),
    Case("Concat", {"x": normal(2, 3), "y": normal(2, 1)}, {}, {"axis": -1}),
    Case("Tile", TABLE, {"repeats": ints(2, 1)}),
    cut((1, 0), (3, 9_223_372_036_854_775_807), (0, 2), (1, 2)),
    cut((-1,), (-9_223_372_036_854_775_807,), (1,), (-1,)),
    cut((4,), (0,), (-1,), (-2,)),
    cut((-100,), (100,), (1,), (3,)),
    Case("Split", TABLE, {}, {"axis": 0, "num_outputs": 3}, outputs=3),
    Case("Split", TABLE, {}, {"axis": 1, "num_outputs": 2}, outputs=2),
    Case("Split", TABLE, {"split": ints(1, 4)}, {"axis": 1}, outputs=2),
    Case("Split", TABLE, {}, {}, outputs=2, opset=13),
    Case("Gather", TABLE, {"i": ints(-1, 0, 2)}, {"axis": 1}),
    Case("Gather", TABLE, {"i": numpy.array(3)}),
    Case("Gather", {"x": normal(6, 5), "i": i32([[1, 5], [0, 2]])}),
    Case("GatherElements", TABLE, {"i": ints(0, 1, 2, 3, 4).reshape(1, 5)}),
    Case("QuantizeLinear", SIGNS, {"s": f32(0.1), "z": numpy.array(100, "uint8")}),
    Case("QuantizeLinear", SIGNS, {"s": f32(0.1)}),
    Case(
        "QuantizeLinear",
        SIGNS,
        {"s": normal(4) ** 2 + f32(0.1), "z": numpy.zeros(4, "int8")},
        {"axis": 0},
    ),
    Case(
        "DequantizeLinear",
        {"q": numpy.arange(-9, 9, dtype="int8")},
        {"s": f32(0.1), "z": numpy.array(3, "int8")},
    ),
    Case(
        "DequantizeLinear",
        {"q": i32([[1, -2], [3, 4000]])},
        {"s": numpy.array([0.5, 2], numpy.float32)},
    ),
    Case("Einsum", {"x": normal(2, 3), "y": normal(3, 4)}, {}, {"equation": "ij,jk->ki"}),
]
