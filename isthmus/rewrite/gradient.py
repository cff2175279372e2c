"""Gradients: a reverse sweep over a graph, by the rule each operator states beside its body.

The result is a graph of the same operators, so that a gradient runs on every backend.
Composites need no rule: they are differentiated through what they are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.dims import Shape, same
from isthmus.graph.foreign import check_plain
from isthmus.graph.interpreter import Reference
from isthmus.graph.nodes import Graph, Input, Node, Type, Value
from isthmus.graph.passes import Known, copy_node, expand
from isthmus.trace.array import Array
from isthmus.trace.by_name import found_by_name, has_place, is_sent_by_value
from isthmus.trace.discovery import finders_are, recording
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import Arguments, traced_once

from .body_gradient import control_gradients

__all__ = ["Differentiated", "grad", "gradient_graph", "unbroadcast", "value_and_grad"]

Cotangents = dict[int, Array]  # id of a value -> the gradient of the output by it


def value_and_grad(
    function: Callable[..., Any], wrt: int | Sequence[int] = 0
) -> Callable[..., tuple[Any, Any]]:
    """(f(*args), df/dargs[wrt]) for an f that returns one number.

    wrt: a position, or several for a tuple of gradients; each nests as its argument
    does. Takes NumPy arrays, or traced ones inside a program that is compiled.
    Raises UsageError for results that are no number, for arguments that are no
    floats, and where an operator on the way states no gradient.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import np
    >>> im.value_and_grad(lambda x: np.sum(x**2))(numpy.array([1.0, 3.0]))
    (array(10.), array([2., 6.]))
    """

    return Differentiated(function, wrt, both=True)


def grad(function: Callable[..., Any], wrt: int | Sequence[int] = 0) -> Callable[..., Any]:
    """df/dargs[wrt] for an f that returns one number; see `value_and_grad`.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import np
    >>> im.grad(lambda x, y: np.sum(x * y), wrt=(0, 1))(numpy.array([1.0, 3.0]), numpy.array([5.0]))
    (array([5., 5.]), array([4.]))
    """
    return Differentiated(function, wrt, both=False)


class Differentiated:
    """A function's gradient, with its value or alone; it travels to other processes with it."""

    def __init__(
        self, function: Callable[..., Any], wrt: int | Sequence[int], *, both: bool
    ) -> None:
        self._arguments = function, wrt, both
        update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function, wrt, both = self._arguments
        nested = (args, kwargs)
        traced = traced_once(function, Arguments(*tree.map_leaves(_type, nested)))
        names = traced.arguments[0]
        wanted = names[wrt] if isinstance(wrt, int) else tuple(names[i] for i in wrt)
        graph = gradient_graph(traced.graph, [name for _, name in tree.leaves(wanted)])
        value, *gradients = _run(graph, [leaf for _, leaf in tree.leaves(nested)])
        gradient = tree.rebuild(wanted, gradients)
        return (value, gradient) if both else gradient

    def __reduce__(self) -> Any:
        """To pickle: by its name where it decorates a function, else what it was made of."""
        if has_place(self) and not is_sent_by_value(self):
            return found_by_name, (self.__module__, vars(self)["__qualname__"])
        function, wrt, both = self._arguments
        return (value_and_grad if both else grad), (function, wrt)


def gradient_graph(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with the gradient of its one output by each named input as further outputs."""
    graph = expand(graph, keep=lambda node: False)
    output = _checked_output(graph)
    wanted = [_checked_input(graph, name) for name in names]
    with recording():
        finders_are(graph.nodes())
        one = Array(as_value(np.ones((), output.type.dtype)))
        found = _swept(graph.nodes(), {id(output): one}, wanted)
        gradients = tuple(_of(found, value).value for value in wanted)
    names = (*graph.output_names, *(f"{name}.gradient" for name in names))
    return replace(graph, outputs=(output, *gradients), output_names=names)


def _checked_output(graph: Graph) -> Value:
    types = [value.type for value in graph.outputs]
    if len(types) != 1 or types[0].shape or types[0].dtype.kind != "f":
        raise UsageError(
            f"the function returns {', '.join(map(str, types))}; a gradient is that of one "
            "floating number: return np.sum(...) or np.mean(...) of the result"
        )
    return graph.outputs[0]


def _checked_input(graph: Graph, name: str) -> Input:
    (value,) = (value for value in graph.inputs if value.name == name)
    if value.type.dtype.kind != "f":
        raise UsageError(f"{name}: {value.type} has no gradient; give floats, or leave it out")
    return value


# The sweep


def _swept(nodes: Sequence[Node], found: Cotangents, wanted: Sequence[Value]) -> Cotangents:
    """The gradient by every value between those it is found by and what is wanted."""
    active = _active(nodes, wanted)
    found = dict(found)
    for node in reversed(nodes):
        reached = [id(result) for result in node.results if id(result) in found]
        if reached and not active.isdisjoint(reached):
            for value, gradient in _operand_gradients(node, found):
                if id(value) in active:
                    _add(found, value, gradient)
    return found


def _active(nodes: Sequence[Node], wanted: Sequence[Value]) -> set[int]:
    """The ids of the floating and complex values that depend smoothly on what is wanted."""
    active = set(map(id, wanted))
    for node in nodes:
        given = [value for value in node.operands if value is not None and id(value) in active]
        smooth = not node.op.zero_gradient or any(map(_is_complex, given))
        if given and smooth:
            active.update(id(r) for r in node.results if r.type.dtype.kind in "fc")
    return active


def _is_complex(value: Value) -> bool:
    return value.type.dtype.kind == "c"


def _operand_gradients(node: Node, found: Mapping[int, Array]) -> Iterator[tuple[Value, Array]]:
    for value, gradient in zip(node.operands, _vjp(node, found), strict=True):
        if value is not None and gradient is not None:
            yield value, Array(as_value(gradient))


def _vjp(node: Node, found: Mapping[int, Array]) -> Sequence[Any]:
    """The gradient by each operand, or None where there is none."""
    if node.bodies:
        return control_gradients(node, found, _swept)
    if node.op.vjp is None or len(node.results) != 1 or any(map(_is_complex, node.results)):
        raise UsageError(f"{node}{node.at} is not differentiable: {_reason(node)}")
    operands = [None if value is None else Array(value) for value in node.operands]
    (result,) = node.results
    return node.op.vjp(found[id(result)], Array(result), *operands, **node.attributes)


def _reason(node: Node) -> str:
    op = node.op
    if any(map(_is_complex, node.results)):
        return "a gradient does not go through complex numbers"
    if op.vjp is None:
        return f"{op.name} states no gradient; give one, as @primitive(infer=..., vjp=...)"
    return f"{op.name} has several results; make it an operator for each"


def _add(found: Cotangents, value: Value, gradient: Array) -> None:
    part = unbroadcast(gradient, value.type.shape)
    known = found.get(id(value))
    found[id(value)] = part if known is None else np.add(known, part)


def unbroadcast(g: Array, shape: Shape) -> Array:
    """g summed over the axes along which an operand of the given shape was repeated."""
    leading = g.ndim - len(shape)
    if leading:
        g = np.sum(g, axis=tuple(range(leading)))
    wide = [i for i, size in enumerate(shape) if same(size, 1) and not same(g.shape[i], 1)]
    return np.sum(g, axis=tuple(wide), keepdims=True) if wide else g


def _of(found: Cotangents, value: Input) -> Array:
    """What was found, or zeros where the output does not depend on the input."""
    if id(value) in found:
        return found[id(value)]
    return Array(as_value(np.zeros(value.type.shape, value.type.dtype)))


# Running


def _type(leaf: Any) -> Type:
    check_plain(leaf, "an argument")
    if not isinstance(leaf, Array | numpy.ndarray | numpy.generic):
        raise UsageError(f"{leaf!r} is no array; give arrays, and close over what is static")
    return Type(leaf.dtype.newbyteorder("="), leaf.shape)


def _run(graph: Graph, leaves: Sequence[Any]) -> Sequence[Any]:
    if not any(isinstance(leaf, Array) for leaf in leaves):
        return Reference(graph)([numpy.asarray(leaf) for leaf in leaves], {})
    known: Known = dict(zip(map(id, graph.inputs), map(as_value, leaves), strict=True))
    for node in graph.nodes():
        copy = copy_node(node, known)
        finders_are([copy])
        known.update(zip(map(id, node.results), copy.results, strict=True))
    return [Array(known.get(id(value), value)) for value in graph.outputs]
