"""Operations of an ONNX model that give an operand as it is, known from its types alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy
import onnx
from onnx import numpy_helper, shape_inference

Shape = tuple[Any, ...]
Types = Mapping[str, tuple[int, Shape]]
Constants = Mapping[str, numpy.ndarray[Any, Any]]

HIGHEST = 2**31 - 1  # a slice to there, or beyond, is to the end


def idle_operations(model: onnx.ModelProto) -> list[str]:
    """The nodes that do nothing, as text; bodies of control flow are not looked at."""
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*inferred.input, *inferred.value_info, *inferred.output]
    types = {value.name: _type(value) for value in values}
    constants = {one.name: numpy_helper.to_array(one) for one in inferred.initializer}
    types |= {one.name: (one.data_type, tuple(one.dims)) for one in inferred.initializer}
    return [
        f"{node.op_type} {node.name}: {[types.get(name) for name in node.input if name]}"
        for node in inferred.node
        if _is_idle(node, types, constants)
    ]


def _type(value: onnx.ValueInfoProto) -> tuple[int, Shape]:
    tensor = value.type.tensor_type
    sizes = (dim.dim_param or dim.dim_value for dim in tensor.shape.dim)
    return tensor.elem_type, tuple(sizes)


def _is_idle(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    rule = RULES.get(node.op_type)
    return rule is not None and rule(node, types, constants)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _same_type(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    given, made = types.get(node.input[0]), types.get(node.output[0])
    known = given is not None and all(size not in ("", None) for size in given[1])
    return known and given == made


def _in_order(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    order = list(_attributes(node).get("perm", ()))
    return bool(order) and order == list(range(len(order)))


def _to_its_dtype(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    given = types.get(node.input[0])
    return given is not None and given[0] == _attributes(node)["to"]


def _of_one(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    return len(node.input) == 1


def _by_nothing(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    widths = constants.get(node.input[1])
    return widths is not None and not widths.any()


def _whole(node: onnx.NodeProto, types: Types, constants: Constants) -> bool:
    start, stop, steps = (_constant(node, at, constants) for at in (1, 2, 4))
    if start is None or stop is None or (len(node.input) > 4 and steps is None):
        return False
    forwards = steps is None or (steps == 1).all()
    return bool(forwards and not start.any() and (stop >= HIGHEST).all())


def _constant(
    node: onnx.NodeProto, at: int, constants: Constants
) -> numpy.ndarray[Any, Any] | None:
    return constants.get(node.input[at]) if at < len(node.input) else None


RULES: Mapping[str, Callable[[onnx.NodeProto, Types, Constants], bool]] = {
    "Cast": _to_its_dtype,
    "Concat": _of_one,
    "Expand": _same_type,
    "Pad": _by_nothing,
    "Reshape": _same_type,
    "Slice": _whole,
    "Squeeze": _same_type,
    "Tile": _same_type,
    "Transpose": _in_order,
    "Unsqueeze": _same_type,
}


def identities(model: onnx.ModelProto) -> Iterator[str]:
    """Those that only rename a value which is no output."""
    outputs = {value.name for value in model.graph.output}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.output[0] not in outputs:
            yield node.name
