"""Arithmetic of int64 in int32, which some runtimes make of it: where that is the same.

What a graph computes of its inputs is known to be small where the inputs are. So a runtime may
compute it as long as they are, which is checked at each call.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy

from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Graph, Input, Node, Result, Value
from isthmus.graph.operator import Operator

from .intervals import MOST_VALUES, Interval, interval

__all__ = ["LIMITS", "input_limit", "is_narrow", "reach"]

INT32, INT64 = numpy.iinfo(numpy.int32), numpy.dtype(numpy.int64)
LIMITS = (2**24, 2**16, 2**8)  # how large elements of inputs may be; the first is what is assumed


def reach(value: Value, limit: int) -> int | None:
    """The largest magnitude that an array of integers has if no input is beyond the limit; None
    where the graph does not tell, or by a named size alone.

    >>> import isthmus as im
    >>> from isthmus.analysis.narrow import reach
    >>> graph = im.trace(lambda i: i * 3 + 1, im.spec("int64", [2])).graph
    >>> reach(graph.outputs[0], 100)
    301
    """
    found = interval(value, {id(v): Interval(-limit, limit) for v in _inputs(value)})
    if found is None or isinstance(found.lowest, Dim) or isinstance(found.highest, Dim):
        return None
    return max(abs(found.lowest), abs(found.highest))


def _inputs(value: Value) -> list[Input]:
    """The inputs that an array of integers is made of, among the first values that it is."""
    found: list[Input] = []
    seen: set[int] = set()
    waiting: list[Value] = [value]
    while waiting and len(seen) < MOST_VALUES:
        one = waiting.pop()
        if id(one) in seen or one.type.dtype.kind not in "iub":
            continue
        seen.add(id(one))
        if isinstance(one, Input):
            found.append(one)
        elif isinstance(one, Result):
            waiting += [operand for operand in one.node.operands if operand is not None]
    return found


def is_narrow(node: Node, limit: int = LIMITS[0]) -> bool:
    """Whether all that the node reads and makes of integers is in the range of int32."""
    values = [value for value in (*node.operands, *node.results) if value is not None]
    whole = (value for value in values if value.type.dtype.kind in "iu")
    reaches = (reach(value, limit) for value in whole)
    return all(found is not None and found <= INT32.max for found in reaches)


def input_limit(graph: Graph, operators: Collection[Operator]) -> int:
    """How large elements of the graph's int64 inputs may be for its arithmetic to be that of int32;
    -1 where no size is known to be small enough."""
    nodes = [
        node
        for node in graph.nodes()
        if node.op in operators
        and any(v is not None and v.type.dtype == INT64 for v in (*node.operands, *node.results))
    ]
    if not nodes:
        return int(INT32.max)
    return next((limit for limit in LIMITS if all(is_narrow(n, limit) for n in nodes)), -1)
