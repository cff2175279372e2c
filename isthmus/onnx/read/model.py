"""A model as nodes: parsed once, with attributes as Python values and weights as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import FileError

from .file import Tensors, parsed

__all__ = ["Body", "Model", "Node", "opened"]

Array = numpy.ndarray[Any, Any]
STANDARD = ("", "ai.onnx")


@dataclass(frozen=True)
class Node:
    """One operation. Operands and results that are left out are named ""."""

    op: str  # as "Add", or "ai.onnx.ml.Scaler" of another domain
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: Any

    @property
    def domain(self) -> str:
        return self.op.rpartition(".")[0]


@dataclass(frozen=True)
class Body:
    """A graph: of the file, of a branch or step, or of a function."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def last_used(self) -> tuple[tuple[str, ...], ...]:
        """For each node the values that no later one takes."""
        seen, rows = set(self.outputs), []
        for node in reversed(self.nodes):
            fresh = {*node.inputs, *node.outputs, *free(node)} - seen - {""}
            seen |= fresh
            rows.append(tuple(fresh))
        return tuple(reversed(rows))


@dataclass(frozen=True)
class Model:
    """A file: its graph, what operators mean in it, and its own functions."""

    path: Path
    body: Body
    opsets: Mapping[str, int]
    functions: Mapping[str, Any]  # by "domain.name", as onnx's FunctionProto
    types: Mapping[str, Any]  # of inputs, as onnx's TypeProto
    tensors: Tensors = field(repr=False)

    def function(self, proto: Any, given: Mapping[str, Any], more: Iterable[Any] = ()) -> Body:
        """A function's body, for the attributes of one call; more: defaults of other attributes."""
        known = (*more, *proto.attribute_proto)
        defaults = {a.name: _attribute(a, self.tensors, {}) for a in known}
        return _body(proto, self.tensors, {**defaults, **given})


def free(node: Node) -> set[str]:
    """The values that a node's branches and steps read from outside of them."""
    bodies = [value for value in node.attributes.values() if isinstance(value, Body)]
    found: set[str] = set()
    for body in bodies:
        inner = {*body.inputs, *body.constants}
        made = {name for one in body.nodes for name in one.outputs}
        read = {name for one in body.nodes for name in (*one.inputs, *free(one))}
        found |= (read | set(body.outputs)) - inner - made
    return found


def opened(path: Path) -> Model:
    """The model of a file; FileError says in one line what is wrong with it."""
    proto, tensors = parsed(path), Tensors(path)
    try:
        return _model(path, proto, tensors)
    except FileError:
        raise
    except RecursionError:
        raise FileError(f"{path}: graphs inside of graphs without end; export it again") from None
    except Exception as problem:  # a file may hold whatever it likes
        reason = " ".join(str(problem).split())[:120] or type(problem).__name__
        raise FileError(f"{path}: not an ONNX model ({reason}); export it again") from problem


def _model(path: Path, proto: Any, tensors: Tensors) -> Model:
    body = _body(proto.graph, tensors, {})
    opsets = {("" if o.domain in STANDARD else o.domain): o.version for o in proto.opset_import}
    functions = {_named(f.domain, f.name): f for f in proto.functions}
    types = {value.name: value.type for value in proto.graph.input}
    return Model(path, body, opsets, functions, types, tensors)


def _body(proto: Any, tensors: Tensors, given: Mapping[str, Any]) -> Body:
    constants: dict[str, Array] = {}
    nodes = [_node(node, tensors, given) for node in proto.node]
    if hasattr(proto, "initializer"):
        constants = {tensor.name: tensors.array(tensor) for tensor in proto.initializer}
        for sparse in proto.sparse_initializer:
            constants[sparse.values.name] = _dense(sparse, tensors)
        inputs = tuple(value.name for value in proto.input)
        outputs = tuple(value.name for value in proto.output)
    else:
        inputs, outputs = tuple(proto.input), tuple(proto.output)
    known = {*inputs, *constants}
    return Body(_ordered(nodes, known, tensors.path), constants, inputs, outputs)


def _ordered(nodes: Sequence[Node], known: set[str], path: Path) -> tuple[Node, ...]:
    """The nodes, each after those whose results it takes; FileError for a circle."""
    makers: dict[str, Node] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if makers.setdefault(name, node) is not node or name in known:
                raise FileError(f"{path}: two values are named '{name}'; export it again")
    found: dict[int, Node] = {}
    for root in nodes:
        _place(root, makers, found, path)
    return tuple(found.values())


def _place(root: Node, makers: Mapping[str, Node], found: dict[int, Node], path: Path) -> None:
    """Put a node behind its makers, without recursion: files are thousands of nodes deep."""
    waiting: list[tuple[Node, Iterator[str]]] = [(root, _needs(root))]
    open_nodes = {id(root)}
    while waiting:
        node, needs = waiting[-1]
        maker = next((makers[n] for n in needs if n in makers and id(makers[n]) not in found), None)
        if maker is None:
            found.setdefault(id(node), node)
            open_nodes.discard(id(node))
            waiting.pop()
        elif id(maker) in open_nodes:
            raise FileError(f"{path}: node '{maker.name or maker.op}' needs its own result")
        else:
            open_nodes.add(id(maker))
            waiting.append((maker, _needs(maker)))


def _needs(node: Node) -> Iterator[str]:
    return iter([*filter(None, node.inputs), *free(node)])


def _node(proto: Any, tensors: Tensors, given: Mapping[str, Any]) -> Node:
    attributes = {}
    for attribute in proto.attribute:
        if not attribute.ref_attr_name:
            attributes[attribute.name] = _attribute(attribute, tensors, given)
        elif attribute.ref_attr_name in given:
            attributes[attribute.name] = given[attribute.ref_attr_name]
    names = (proto.domain, proto.op_type, proto.name, *proto.input, *proto.output)
    if not all(isinstance(name, str) for name in names):
        raise FileError(f"{tensors.path}: a name in it is no text; export it again")
    op = _named(proto.domain, proto.op_type)
    return Node(op, proto.name, tuple(proto.input), tuple(proto.output), attributes, proto)


def _named(domain: str, op: str) -> str:
    return op if domain in STANDARD else f"{domain}.{op}"


def _attribute(proto: Any, tensors: Tensors, given: Mapping[str, Any]) -> Any:
    """Numbers and texts as Python's, tensors as arrays, graphs as bodies, lists as lists."""
    read = READERS.get(proto.type)
    if read is None:
        raise FileError(
            f"{tensors.path}: attribute '{proto.name}' is of a kind that is not known here"
        )
    return read(proto, tensors, given)


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")


def _dense(sparse: Any, tensors: Tensors) -> Array:
    """A sparse tensor as the array it stands for."""
    shape, values = tuple(sparse.dims), tensors.array(sparse.values)
    at = tensors.array(sparse.indices)
    whole = numpy.zeros(shape, values.dtype)
    if at.ndim == 1:
        whole.reshape(-1)[at] = values
    else:
        whole[tuple(at.T)] = values
    return whole


# By the number of AttributeProto.AttributeType, which never changes.
READERS: dict[int, Callable[[Any, Tensors, Mapping[str, Any]], Any]] = {
    1: lambda a, *_: a.f,
    2: lambda a, *_: a.i,
    3: lambda a, *_: _text(a.s),
    4: lambda a, tensors, _: tensors.array(a.t),
    5: lambda a, tensors, given: _body(a.g, tensors, given),
    6: lambda a, *_: list(a.floats),
    7: lambda a, *_: list(a.ints),
    8: lambda a, *_: [_text(text) for text in a.strings],
    9: lambda a, tensors, _: [tensors.array(tensor) for tensor in a.tensors],
    10: lambda a, tensors, given: [_body(graph, tensors, given) for graph in a.graphs],
    11: lambda a, tensors, _: _dense(a.sparse_tensor, tensors),
    13: lambda a, *_: a.tp,
}
