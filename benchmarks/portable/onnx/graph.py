"""An ONNX file as nodes and arrays, and a walk over them: run(graph, table, values).

A peer is a table: ONNX operator -> function(attributes, *operands), the operands being whatever
the peer computes with (tensors, traced arrays, symbols). Operands that say a shape, an axis or a
bound (`STATIC`) are Python numbers and tuples of them, as the peers' functions want them; what
computes such a number from a shape is in `onnx_sizes.SIZES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy

from ..timing.main import Missing
from .sizes import SIZES

__all__ = ["Array", "Graph", "Node", "check", "read", "run", "used"]

Array = numpy.ndarray[Any, Any]
Row = Callable[..., Any]

FIRST_OPSET = 13  # from here on axes are operands; older files say them in other ways

# The operands that are numbers of the program, not data, by position.
STATIC: dict[str, tuple[int, ...]] = {
    "Clip": (1, 2),
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "Linear": (3,),
    "Pad": (1, 2, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Unsqueeze": (1,),
}


@dataclass(frozen=True)
class Node:
    """One operation; operands that are left out are named ""."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def static(self) -> tuple[str, ...]:
        """The operands that are numbers of the program."""
        positions = (1,) if self.op.startswith("Reduce") else STATIC.get(self.op, ())
        return tuple(self.inputs[i] for i in positions if i < len(self.inputs) and self.inputs[i])


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of computation, the file's constants, names of inputs and outputs."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Values that are static operands, or from which one is computed (but for a shape's)."""
        found: set[str] = set()
        for node in reversed(self.nodes):
            found.update(node.static)
            if node.op != "Shape" and found.intersection(node.outputs):
                found.update(name for name in node.inputs if name)
        return frozenset(found)

    @cached_property
    def data(self) -> frozenset[str]:
        """Values that nodes take as arrays."""
        taken = (set(node.inputs) - set(node.static) for node in self.nodes if self.computes(node))
        return frozenset(set().union(*taken) - {""})

    @property
    def parameters(self) -> dict[str, Array]:
        """The constants that are data: weights, for a peer to make its own arrays of."""
        kept = self.data.union(self.outputs)
        return {name: array for name, array in self.constants.items() if name in kept}

    @cached_property
    def last_used(self) -> tuple[tuple[str, ...], ...]:
        """For each node the values that no later node takes."""
        seen, rows = set(self.outputs), []
        for node in reversed(self.nodes):
            fresh = {*node.inputs, *node.outputs} - seen - {""}
            seen |= fresh
            rows.append(tuple(sorted(fresh)))
        return tuple(reversed(rows))

    def computes(self, node: Node) -> bool:
        """True for a node of arrays, False for one that computes a size."""
        return node.op == "Shape" or not self.sizes.intersection(node.outputs)


def run(
    graph: Graph,
    table: Mapping[str, Row],
    values: Mapping[str, Any],
    sizes: Mapping[str, Row] = SIZES,
) -> list[Any]:
    """The graph's outputs; `values` has its inputs and parameters as the peer's own arrays."""
    values = dict(values)
    numbers: dict[str, Any] = {
        name: _number(graph.constants[name]) for name in graph.sizes & graph.constants.keys()
    }
    for node, unused in zip(graph.nodes, graph.last_used, strict=True):
        if not graph.computes(node):
            numbers[node.outputs[0]] = sizes[node.op](
                node.attributes, *(numbers[name] for name in node.inputs)
            )
            continue
        results = table[node.op](node.attributes, *_operands(node, values, numbers))
        _keep(node, results, numbers if node.op == "Shape" else values)
        for name in unused:
            values.pop(name, None)
    return [values[name] for name in graph.outputs]


def _operands(node: Node, values: Mapping[str, Any], numbers: Mapping[str, Any]) -> list[Any]:
    static = node.static
    return [
        None if not name else numbers[name] if name in static else values[name]
        for name in node.inputs
    ]


def _keep(node: Node, results: Any, into: dict[str, Any]) -> None:
    """A row gives one result, or a list of as many as the node has outputs."""
    listed = results if isinstance(results, list) else [results]
    into.update((name, result) for name, result in zip(node.outputs, listed, strict=False) if name)


def _number(array: Array) -> Any:
    found = array.tolist()
    return tuple(found) if isinstance(found, list) else found


def check(graph: Graph, table: Mapping[str, Row], peer: str) -> None:
    """Missing, if an operator has no row, or a size depends on what this walk cannot know."""
    made = {name for node in graph.nodes if not graph.computes(node) for name in node.outputs}
    shapes = {name for node in graph.nodes if node.op == "Shape" for name in node.outputs}
    if asked := graph.sizes - made - shapes - graph.constants.keys():
        raise Missing(f"ONNX value {min(asked)} is a size that data decides, unknown to {peer}")
    absent = {n.op for n in graph.nodes if n.op not in (table if graph.computes(n) else SIZES)}
    if absent:
        noun = "operators" if len(absent) > 1 else "operator"
        verb = "have" if len(absent) > 1 else "has"
        raise Missing(f"ONNX {noun} {', '.join(sorted(absent))} {verb} no row in {peer}")
    if taken := (made | shapes) & (graph.data | set(graph.outputs)):
        raise Missing(f"ONNX value {min(taken)} is a size that is used as data, unknown to {peer}")


def used(nodes: list[Node], outputs: tuple[str, ...]) -> tuple[Node, ...]:
    """Without the nodes whose results nobody takes any more."""
    taken, kept = set(outputs), []
    for node in reversed(nodes):
        if taken.intersection(node.outputs):
            kept.append(node)
            taken.update(node.inputs)
    return tuple(reversed(kept))


def read(folder: Path) -> Graph:
    """`model.onnx` of a prepared folder, its external data too."""
    path = folder / "model.onnx"
    if not path.exists():
        raise Missing(f"{folder} has no model.onnx, the only format this peer reads")
    import onnx

    model = onnx.load(path)
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if opset < FIRST_OPSET:
        raise Missing(f"{path.name} is of ONNX opset {opset}; peers read {FIRST_OPSET} and newer")
    return _graph(model.graph)


def _graph(proto: Any) -> Graph:
    from onnx import numpy_helper

    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.initializer}
    nodes = []
    for node in map(_node, proto.node):
        if node.op == "Constant":
            (constants[node.outputs[0]],) = (numpy.asarray(v) for v in node.attributes.values())
        else:
            nodes.append(_completed(node, constants))
    inputs = tuple(value.name for value in proto.input if value.name not in constants)
    return Graph(tuple(nodes), constants, inputs, tuple(value.name for value in proto.output))


def _node(proto: Any) -> Node:
    op = (
        f"{proto.domain}::{proto.op_type}" if proto.domain not in ("", "ai.onnx") else proto.op_type
    )
    attributes = {attribute.name: _attribute(attribute) for attribute in proto.attribute}
    return Node(op, tuple(proto.input), tuple(proto.output), attributes)


def _attribute(proto: Any) -> Any:
    """Text as str, tensors as arrays, element types as NumPy's names, lists as lists."""
    from onnx import TensorProto, helper, numpy_helper

    value = helper.get_attribute_value(proto)
    if proto.name in ("to", "dtype"):
        return helper.tensor_dtype_to_np_dtype(value).name
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | str):
        return [v.decode() if isinstance(v, bytes) else v for v in value]
    return value.decode() if isinstance(value, bytes) else value


def _completed(node: Node, constants: dict[str, Array]) -> Node:
    """Reductions' axes as an operand, as from opset 18 on; a convolution's kernel, if not said."""
    attributes = dict(node.attributes)
    inputs = node.inputs
    if node.op.startswith("Reduce") and "axes" in attributes:
        name = f"{node.outputs[0]}/axes"
        constants[name] = numpy.asarray(attributes.pop("axes"))
        inputs = (*inputs, name)
    if node.op in ("Conv", "ConvTranspose") and inputs[1] in constants:
        attributes.setdefault("kernel_shape", list(constants[inputs[1]].shape[2:]))
    return Node(node.op, inputs, node.outputs, attributes)
