"""The same graph with images as [N, H, W, C] and kernels as [H, W, in/groups, out].

For runtimes whose users write images so; ONNX has [N, C, H, W]. Nodes that take such images get
the attribute layout="NHWC"; a Transpose stands where the graph leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy

from .graph import Array, Graph, Node

__all__ = ["channels_last"]

LAST, FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
KERNEL = (2, 3, 1, 0)

# Nodes on images, whose rows read the layout; and those that do not ask where channels are.
SPATIAL = {"AveragePool", "BatchNormalization", "GlobalAveragePool", "MaxPool"}
ELEMENTWISE = {
    *("Add", "Clip", "Div", "HardSigmoid", "HardSwish", "Identity", "Mul", "Relu", "Sigmoid"),
    *("Sub", "Tanh"),
}


@dataclass
class _State:
    """Constants; the new names of values laid out anew; the names that are there as in the file."""

    constants: dict[str, Array]
    laid: dict[str, str]
    there: set[str]


def channels_last(graph: Graph) -> Graph:
    """Every two-dimensional convolution by a constant kernel, and what can follow it so."""
    state = _State(dict(graph.constants), {}, {*graph.constants, *graph.inputs})
    nodes = [new for node in graph.nodes for new in _moved(node, state)]
    nodes.extend(_back(graph.outputs, state))
    return replace(graph, nodes=tuple(nodes), constants=state.constants)


def _moved(node: Node, state: _State) -> Iterator[Node]:
    """The node on images laid out anew, or as it was on images laid back."""
    if _convolves(node, state):
        x, weight, *bias = node.inputs
        if x not in state.laid:
            state.laid[x] = f"{x}@NHWC"
            yield Node("Transpose", (x,), (state.laid[x],), {"perm": list(LAST)})
        yield _laid(node, (state.laid[x], _kernel(weight, state), *bias), state)
    elif _follows(node, state):
        yield _laid(node, tuple(state.laid.get(name, name) for name in node.inputs), state)
    else:
        yield from _back(node.inputs, state)
        state.there.update(node.outputs)
        yield node


def _convolves(node: Node, state: _State) -> bool:
    return node.op == "Conv" and getattr(state.constants.get(node.inputs[1]), "ndim", 0) == 4


def _kernel(name: str, state: _State) -> str:
    """The kernel laid out anew, once."""
    moved = f"{name}@HWIO"
    if moved not in state.constants:
        state.constants[moved] = numpy.ascontiguousarray(state.constants[name].transpose(KERNEL))
    return moved


def _follows(node: Node, state: _State) -> bool:
    """All that is not a number lies so already."""
    if node.op in SPATIAL:
        return node.inputs[0] in state.laid
    others = [name for name in node.inputs if name and name not in state.laid]
    numbers = all(getattr(state.constants.get(name), "size", 0) == 1 for name in others)
    return node.op in ELEMENTWISE and numbers and len(others) < len(node.inputs)


def _laid(node: Node, inputs: tuple[str, ...], state: _State) -> Node:
    output = node.outputs[0]
    state.laid[output] = f"{output}@NHWC"
    attributes = {**node.attributes, "layout": "NHWC"}
    return Node(node.op, inputs, (state.laid[output],), attributes)


def _back(names: tuple[str, ...], state: _State) -> Iterator[Node]:
    """Transposes to [N, C, H, W], each made once."""
    for name in names:
        if name in state.laid and name not in state.there:
            state.there.add(name)
            yield Node("Transpose", (state.laid[name],), (name,), {"perm": list(FIRST)})
