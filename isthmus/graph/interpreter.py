"""The executable specification: a graph run by its operators' own NumPy bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from .contract import check_results, results_of, run_body
from .dims import same
from .half import rounded
from .nodes import Constant, Graph, Node, Result, Value
from .operator import LOW
from .passes import expand, with_bodies, with_sizes
from .runner import Arrays, Ran, Runner
from .shapes import evaluate

__all__ = ["Loaded", "Reference", "loaded", "run_node"]

Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Loaded:
    """A body ready to run, while its node runs."""

    graph: Graph
    runner: Runner
    sizes: Mapping[str, int]

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        return self.runner(arrays, self.sizes)

    def no_rows(self, position: int) -> numpy.ndarray[Any, Any]:
        """What the outputs of a position are, stacked over no steps."""
        of = self.graph.outputs[position].type
        return numpy.zeros((0, *(evaluate(size, self.sizes) for size in of.shape)), of.dtype)


class Reference:
    """A graph, ready to be run by NumPy; arrays are dropped after their last use.

    load: how the bodies of loops and branches are loaded, if not by NumPy as well.
    """

    def __init__(self, graph: Graph, load: Callable[[Graph], Runner] | None = None) -> None:
        self.graph = expand(graph, keep=lambda node: False, bodies=load is None)
        self.nodes = self.graph.nodes()
        bodies = [body for node in self.nodes for body in node.bodies]
        self.bodies = {id(body): (load or Reference)(body) for body in bodies}
        self.uses = Counter(id(v) for node in self.nodes for v in node.operands)
        self.uses.update(id(v) for v in self.graph.outputs)
        self.constants = {id(constant.array) for constant in self.graph.constants()}
        self.half = _Half(self.nodes)

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        left = dict(self.uses)
        sizes = sizes if isinstance(sizes, dict) else dict(sizes)  # the caller learns what is found
        known = {id(v): a for v, a in zip(self.graph.inputs, arrays, strict=True)}
        with numpy.errstate(all="ignore"):
            for node in self.nodes:
                operands = [_array(value, known) for value in node.operands]
                if node.precision:
                    operands = self.half.operands(node, operands)
                results = run_node(self._with_bodies(node, sizes), operands, sizes)
                if node.precision:
                    results = [_rounded(array, node.precision) for array in results]
                if node.discovered is not None:
                    sizes[str(node.discovered)] = _found(node, results)
                known.update(zip(map(id, node.results), results, strict=True))
                _drop(node.operands, left, known)
        shared = {id(a) for a in arrays} | self.constants
        return [_own(_array(value, known), shared) for value in self.graph.outputs]

    def _with_bodies(self, node: Node, sizes: Mapping[str, int]) -> Node:
        """The node with its bodies loaded."""
        if not node.bodies:
            return node
        known = with_bodies(node, lambda body: Loaded(body, self.bodies[id(body)], sizes))
        return Node(node.op, node.operands, known, node.location)

    def ran(self) -> Ran:
        """In which precision products and convolutions run: float32, rounded where it is asked."""
        low = [node for node in self.nodes if node.op.precision == LOW]
        counts = Counter(
            _computed_in(node) for node in low if node.results[0].type.dtype.kind == "f"
        )
        return Ran(counts, "NumPy computes in the dtypes of arrays")

    def describe(self) -> list[str]:
        return [text for node in self.nodes for text in (_said(node), *self._of_bodies(node))]

    def _of_bodies(self, node: Node) -> list[str]:
        return [f"  {text}" for body in node.bodies for text in self.bodies[id(body)].describe()]


class _Half:
    """Operands of nodes in half precision, rounded to it: constants once, others as read.

    What such a node makes is rounded already.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        low = [node for node in nodes if node.precision]
        self.made = {(id(r), node.precision) for node in low for r in node.results}
        self.constants: dict[tuple[int, str], Array] = {}
        for node in low:
            for value in node.operands:
                if isinstance(value, Constant):
                    key = id(value.array), node.precision
                    if key not in self.constants:
                        self.constants[key] = _rounded(value.array, node.precision)

    def operands(self, node: Node, arrays: Sequence[Any]) -> list[Any]:
        """The arrays of the node's operands."""
        return [
            self._operand(value, array, node.precision)
            for value, array in zip(node.operands, arrays, strict=True)
        ]

    def _operand(self, value: Value | None, array: Any, precision: str) -> Any:
        if value is None or (id(value), precision) in self.made:
            return array
        if isinstance(value, Constant):
            return self.constants[id(value.array), precision]
        return _rounded(array, precision)


def _rounded(array: Array, precision: str) -> Array:
    return rounded(array, precision) if array.dtype.name == "float32" else array


def _computed_in(node: Node) -> str:
    dtype = node.results[0].type.dtype.name
    return f"{dtype} rounded to {node.precision}" if node.precision else dtype


def _said(node: Node) -> str:
    return f"{node} in {node.precision}" if node.precision else str(node)


def run_node(node: Node, operands: Sequence[Any], sizes: Mapping[str, int]) -> list[Array]:
    """The node's results, computed by its operator's body.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.extend import run_node
    >>> graph = im.trace(lambda x: im.np.sum(x, axis=0), im.spec("float64", ["n", 3])).graph
    >>> (node,) = graph.nodes()
    >>> run_node(node, [numpy.ones((2, 3))], {"n": 2})
    [array([2., 2., 2.])]
    """
    attributes = {
        key: with_sizes(value, sizes)
        for key, value in node.attributes.items()
        if not (node.op.discovers and key == "size")
    }
    if node.op.checked:
        return _checked(node, operands, attributes, sizes)
    arguments = [list(operands)] if node.op.variadic else list(operands)
    return _arrays(node.op.body(*arguments, **attributes))


def _checked(
    node: Node, operands: Sequence[Any], attributes: dict[str, Any], sizes: Mapping[str, int]
) -> list[Array]:
    results = _arrays(results_of(node.op, run_body(node.op, operands, attributes)))
    declared = [result.type for result in node.results]
    check_results(node.op, operands, results, declared, sizes)
    return results


def _arrays(outcome: Any) -> list[Array]:
    results = outcome if isinstance(outcome, tuple) else (outcome,)
    return [numpy.asarray(array) for array in results]


def _found(node: Node, results: Sequence[Array]) -> int:
    """The size that the node discovered, read from its results."""
    for value, array in zip(node.results, results, strict=True):
        for size, number in zip(value.type.shape, array.shape, strict=True):
            if same(size, node.attributes["size"]):
                return number
    raise AssertionError(f"{node.op} shows its size in none of its results")


def _array(value: Value | None, known: Mapping[int, Array]) -> Any:
    if isinstance(value, Constant):
        return value.array
    return None if value is None else known[id(value)]


def _own(array: Array, shared: set[int]) -> Array:
    """An output that nobody else writes to: not an input or a constant, nor a view of one.

    shared: the ids of arrays that others have; this one's is added.
    """
    if id(array) in shared or not array.flags.owndata:
        return array.copy()
    shared.add(id(array))
    return array


def _drop(values: Sequence[Value | None], left: dict[int, int], known: dict[int, Array]) -> None:
    for value in values:
        if isinstance(value, Result):
            left[id(value)] -= 1
            if not left[id(value)]:
                del known[id(value)]


def loaded(body: Graph | Loaded) -> Loaded:
    """A body as it is run: by NumPy, if nobody has loaded it elsewhere."""
    return body if isinstance(body, Loaded) else Loaded(body, Reference(body), {})
