"""Which values of a model decide its shapes, or are other numbers that a program has to know."""

from __future__ import annotations

from . import standard_functions
from .model import Body, Model, Node
from .operators import ROWS

__all__ = ["deciding_values"]


def deciding_values(model: Model) -> frozenset[str]:
    """The values that a row takes as sizes or known numbers, and what these are computed from.

    A shape says nothing of the values of an array, so that nothing before a Shape is among them.
    """
    return frozenset(_collected(model, model.body))


def _collected(model: Model, body: Body, wanted: tuple[str, ...] = ()) -> set[str]:
    """wanted: results of the body that decide something outside of it."""
    found = set(wanted)
    for node in reversed(body.nodes):
        decides = node.op not in ("Shape", "Size") and bool(found.intersection(node.outputs))
        for value in node.attributes.values():
            if isinstance(value, Body):
                found |= _collected(model, value, value.outputs if decides else ())
        found.update(_read_as_numbers(model, node, decides))
        if decides:
            found.update(filter(None, node.inputs))
    return found


def _read_as_numbers(model: Model, node: Node, decides: bool) -> set[str]:
    row = ROWS.get(node.op)
    if row is not None:
        positions = [*row.sizes, *row.known]
    else:
        inner = _function(model, node)
        wanted = inner.outputs if inner is not None and decides else ()
        known = set() if inner is None else _collected(model, inner, wanted)
        positions = [] if inner is None else [i for i, n in enumerate(inner.inputs) if n in known]
    return {node.inputs[i] for i in positions if i < len(node.inputs) and node.inputs[i]}


def _function(model: Model, node: Node) -> Body | None:
    """The body of a function of the file or of the standard, where operands do not decide it."""
    proto = model.functions.get(node.op)
    if proto is not None:
        return model.function(proto, node.attributes)
    opset = model.opsets.get(node.domain, 1)
    proto = standard_functions.fixed(node, opset)
    if proto is None:
        return None
    return model.function(proto, node.attributes, standard_functions.defaults(node, opset))
