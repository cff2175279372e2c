"""The neutral graph: typed values, the nodes that make them, and their order.

A value knows the node that makes it and a node knows its operands, so that a
graph is nothing but its outputs; there is no builder and no global state.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy

from isthmus.errors import UsageError

from .constraints import Constraint, assuming
from .dims import Dim, Shape
from .operator import Operator
from .shapes import same_shape

__all__ = [
    "Constant",
    "Graph",
    "Held",
    "Holder",
    "Input",
    "Node",
    "Result",
    "Type",
    "Value",
    "next_number",
    "topological",
]


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """dtype and shape; sizes are ints or named dimensions.

    >>> import isthmus as im
    >>> x = im.spec("float32", ["n", 3])
    >>> x, x.ndim, x.is_static
    (float32[n, 3], 2, False)
    """

    dtype: numpy.dtype[Any]
    shape: Shape = ()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        return not any(isinstance(size, Dim) for size in self.shape)

    def same(self, other: Type) -> bool:
        """Whether dtype and every size are the same expression."""
        return self.dtype == other.dtype and same_shape(self.shape, other.shape)

    def __repr__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One array of a graph, see `Input`, `Constant` and `Result`; or outside of one, see `Held`.

    >>> import isthmus as im
    >>> graph = im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph
    >>> [value.type for value in graph.outputs]
    [float32[n]]
    """

    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Input(Value):
    """An array the caller gives.

    >>> import isthmus as im
    >>> im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph.inputs
    (Input(type=float32[n], name='x'),)
    """

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Value):
    """An array known when the graph was made, which nobody changes: see `trace.constants`.

    >>> import isthmus as im
    >>> (node,) = im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph.nodes()
    >>> node.operands[1].array
    array(1., dtype=float32)
    """

    array: numpy.ndarray[Any, Any]


class Holder(Protocol):
    """What holds arrays: a device of `isthmus.eager`. `memory`: its own, if not the host's."""

    memory: Any


class Held(Value):
    """An array that a device holds: in the host's memory, in its own, or in both.

    Each form is made of the other when it is first wanted; neither is ever written to.
    """

    __slots__ = ("_buffer", "_host", "device")
    device: Any
    _host: Any
    _buffer: Any

    def __init__(self, type: Type, device: Holder, host: Any = None, buffer: Any = None) -> None:
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "device", device)
        object.__setattr__(self, "_host", host)
        object.__setattr__(self, "_buffer", buffer)

    def host(self) -> numpy.ndarray[Any, Any]:
        """The elements in the host's memory."""
        if self._host is None:
            assert self.device.memory is not None
            object.__setattr__(self, "_host", self.device.memory.get(self._buffer))
        found: numpy.ndarray[Any, Any] = self._host
        return found

    @property
    def is_on_host(self) -> bool:
        """Whether `host` need not fetch them."""
        return self._host is not None

    def buffer(self) -> Any:
        """The elements in the device's memory."""
        if self._buffer is None:
            assert self.device.memory is not None
            object.__setattr__(self, "_buffer", self.device.memory.put(self._host))
        return self._buffer


@dataclass(frozen=True, slots=True, eq=False)
class Result(Value):
    """An array that a node makes; `index` tells which, for operators with several.

    >>> import isthmus as im
    >>> (output,) = im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph.outputs
    >>> output.node.op, output.index
    (np.add, 0)
    """

    node: Node = field(repr=False)  # whose text would be that of all the graph before it
    index: int


_numbers = itertools.count()


def next_number() -> int:
    """A number above that of every node made so far, and below that of all later ones."""
    return next(_numbers)


@dataclass(slots=True, eq=False)
class Node:
    """One use of an operator.

    `expansion` holds, for a composite operator, the same results made of simpler
    operators; `location` is the line of the user's program, or "". Attributes that are graphs are
    its `bodies`, which it runs: see `isthmus.graph.bodies`. Nodes are numbered as they are `made`.
    `shown` are values that show sizes the node uses, where no operand does: they come before.
    `block` is the path of the block that recorded it, or "". `precision` is "bf16" or "f16" where
    its float32 operands and results are rounded to that format (`graph.half`), or "".

    >>> import isthmus as im
    >>> graph = im.trace(lambda x: im.np.sum(x, axis=0), im.spec("float32", ["n", 3])).graph
    >>> (node,) = graph.nodes()
    >>> print(node, node.attributes["axis"], [value.type for value in node.results])
    np.sum(float32[n, 3]) 0 [float32[3]]
    """

    op: Operator
    operands: tuple[Value | None, ...]
    attributes: Mapping[str, Any]
    location: str = ""
    expansion: tuple[Value, ...] = ()
    results: tuple[Result, ...] = field(default=())
    made: int = field(default_factory=_numbers.__next__)
    shown: tuple[Value, ...] = ()
    block: str = ""
    precision: str = ""

    @property
    def needs(self) -> tuple[Value | None, ...]:
        """What must be computed before the node."""
        return (*self.operands, *self.shown) if self.shown else self.operands

    @property
    def at(self) -> str:
        """Its line for an error, as " at file:line"; "" where it is not known."""
        return f" at {self.location}" if self.location else ""

    @property
    def bodies(self) -> list[Graph]:
        """The graphs it runs, for an operator of control flow."""
        return [value for value in self.attributes.values() if isinstance(value, Graph)]

    def inferred(self) -> tuple[Type, ...]:
        """The types of its results, from its operands' types alone."""
        if self.op.infer is None:
            return tuple(value.type for value in self.expansion)
        types = [None if value is None else value.type for value in self.operands]
        found = self.op.infer(*types, **self.attributes)
        return found if isinstance(found, tuple) else (found,)

    @property
    def discovered(self) -> Dim | None:
        """The size of its results that is only known when it has run."""
        size = self.attributes["size"] if self.op.discovers else None
        return size if isinstance(size, Dim) else None

    def __str__(self) -> str:
        types = ", ".join("None" if v is None else str(v.type) for v in self.operands)
        return f"{self.op.name}({types})"


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Named inputs, named outputs, and everything the outputs need.

    >>> import isthmus as im
    >>> graph = im.trace(lambda x: {"y": x + 1}, im.spec("float32", ["n"])).graph
    >>> [value.name for value in graph.inputs], graph.output_names
    (['x'], ('y',))
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Value, ...]
    output_names: tuple[str, ...]
    constant_names: Mapping[int, str] = field(default_factory=dict)  # id(array) -> name
    constraints: tuple[Constraint, ...] = ()

    def __copy__(self) -> Graph:
        """Itself: a graph is never changed, and knows constants by their identity."""
        return self

    def __deepcopy__(self, _: Any) -> Graph:
        return self

    def nodes(self) -> list[Node]:
        """The nodes in an order in which every operand comes before its use.

        >>> import isthmus as im
        >>> graph = im.trace(lambda x: -im.np.exp(x), im.spec("float32", ["n"])).graph
        >>> [node.op for node in graph.nodes()]
        [np.exp, np.negative]
        """
        return topological(self.outputs)

    def all_nodes(self) -> Iterator[Node]:
        """The nodes, each followed by those of its bodies.

        >>> import isthmus as im
        >>> graph = im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph
        >>> [node.op for node in graph.all_nodes()]
        [np.add]
        """
        for node in self.nodes():
            yield node
            for body in node.bodies:
                yield from body.all_nodes()

    def constants(self) -> list[Constant]:
        """The constants in order of use; one array is one constant, however often it is used.

        >>> import isthmus as im
        >>> graph = im.trace(lambda x: x + 2, im.spec("float32", ["n"])).graph
        >>> [constant.array for constant in graph.constants()]
        [array(2., dtype=float32)]
        """
        found: dict[int, Constant] = {}
        for value in self._values():
            if isinstance(value, Constant):
                found.setdefault(id(value.array), value)
        return list(found.values())

    def dimension_names(self) -> list[str]:
        """The names of the sizes of the inputs, in order of appearance.

        >>> import isthmus as im
        >>> im.trace(lambda x: x + 1, im.spec("float32", ["batch", 3, "n"])).graph.dimension_names()
        ['batch', 'n']
        """
        sizes = (size for value in self.inputs for size in value.type.shape)
        names = (name for size in sizes if isinstance(size, Dim) for name in sorted(size.names()))
        return list(dict.fromkeys(names))

    def _values(self) -> Iterator[Value]:
        for node in self.nodes():
            yield from (value for value in node.operands if value is not None)
            for body in node.bodies:
                yield from body._values()
        yield from self.outputs

    def verify(self) -> None:
        """Infer every type again and compare; catches a pass that made a wrong graph.

        Raises UsageError that names the node.

        >>> import isthmus as im
        >>> im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph.verify()
        """
        known = set(map(id, self.inputs))
        with assuming(self.constraints):
            self._verify(known)

    def _verify(self, known: set[int]) -> None:
        for node in self.nodes():
            for value in node.operands:
                if isinstance(value, Input) and id(value) not in known:
                    raise UsageError(f"{node} uses '{value.name}', which is no input of the graph")
            for result, inferred in zip(node.results, node.inferred(), strict=True):
                if not result.type.same(inferred):
                    raise UsageError(f"{node}: has type {result.type}, but {inferred} is inferred")


def topological(
    outputs: Sequence[Value], known: Collection[int] = (), since: int = 0
) -> list[Node]:
    """The nodes that the outputs need, operands first; linear in the size of the graph.

    Nodes whose id is known, or that were made before the number `since`, are left out, with
    all that only they need.
    """
    order: list[Node] = []
    done: set[int] = set()  # and not a copy of what is known, which may be more than is needed
    stack: list[tuple[Node, bool]] = [(node, False) for node in _makers(outputs)]
    while stack:
        node, visited = stack.pop()
        if id(node) in done or id(node) in known or node.made < since:
            continue
        makers = () if visited else [one for one in _makers(node.needs) if id(one) not in done]
        if makers:
            stack.append((node, True))
            stack.extend([(maker, False) for maker in makers])
        else:
            done.add(id(node))
            order.append(node)
    return order


def _makers(values: Sequence[Value | None]) -> list[Node]:
    return [value.node for value in reversed(values) if isinstance(value, Result)]
