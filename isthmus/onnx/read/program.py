"""An ONNX file as a program of Isthmus, so that its backends run it and its operations are counted.

traced = program_of(file, {"input": isthmus.spec("float32", [1, 3, 224, 224])}, walk)

The file is read by the caller, into nodes and arrays, and walked by the caller's function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from isthmus.errors import IsthmusError, UsageError
from isthmus.graph.constraints import assuming
from isthmus.graph.foreign import share
from isthmus.graph.nodes import Graph, Input, Type
from isthmus.trace.array import Array
from isthmus.trace.constants import copying
from isthmus.trace.discovery import recording
from isthmus.trace.location import located
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import Traced

from .rows import ROWS, Row

__all__ = ["program_of"]

# Results besides the first that inference does without.
OPTIONAL = ("Dropout", "LayerNormalization", "MaxPool", "BatchNormalization")


# A file as its reader has parsed it, a dataclass with `nodes`, `inputs`, `outputs`, `parameters`
# and `computes(node)`; a node, one with `op`, `inputs`, `outputs` and `attributes`.
File = Any
Node = Any
Walk = Callable[[File, Mapping[str, Row], Mapping[str, Any]], list[Any]]


def program_of(file: File, types: Mapping[str, Type], walk: Walk) -> Traced:
    """The program for inputs of the given types.

    walk: `(file, rows, values) -> outputs`, each node computed by its operator's row; it raises
    UsageError for a file that it cannot walk.

    Raises UsageError, with the reason, for a file that holds what Isthmus does not know.
    """
    known = {name: types[name] for name in file.inputs}
    inputs = tuple(Input(kind, name) for name, kind in known.items())
    file = replace(file, nodes=tuple(_counted(node) for node in file.nodes))
    _check(file)
    with assuming(()), recording(), copying(), located(""):
        weights = {name: share(array) for name, array in file.parameters.items()}
        values = {**weights, **{value.name: Array(value) for value in inputs}}
        found = walk(file, _explained_rows(), values)
        outputs = tuple(as_value(value) for value in found)
    graph = Graph(inputs, outputs, file.outputs)
    graph = replace(graph, constant_names=_names(file, graph))
    return Traced(graph, ((), {name: name for name in known}), {n: n for n in file.outputs})


def _names(file: File, graph: Graph) -> dict[int, str]:
    """The constants that are weights of the file, or a weight in another shape or order."""
    weights = {id(_owner(array)): name for name, array in file.parameters.items()}
    found: dict[int, str] = {}
    for constant in graph.constants():
        name = weights.get(id(_owner(constant.array)))
        if name is not None:
            found[id(constant.array)] = f"{name}/{len(found)}" if name in found.values() else name
    return found


def _owner(array: Any) -> Any:
    return array if array.base is None else array.base


def _check(file: File) -> None:
    absent = sorted({node.op for node in file.nodes if file.computes(node)} - ROWS.keys())
    if absent:
        noun, verb = ("operators", "are") if len(absent) > 1 else ("operator", "is")
        raise UsageError(f"ONNX {noun} {', '.join(absent)} {verb} not known to isthmus")
    taken = {name for node in file.nodes for name in node.inputs} | set(file.outputs)
    for node in file.nodes:
        more = taken.intersection(node.outputs[1:])
        if more and node.op in OPTIONAL:
            raise UsageError(f"ONNX {node.op}: its result {min(more)} is not known to isthmus")


def _counted(node: Node) -> Node:
    """A Split that says into how many parts."""
    if node.op != "Split" or len(node.inputs) > 1:
        return node
    return replace(node, attributes={"num_outputs": len(node.outputs), **node.attributes})


def _explained_rows() -> dict[str, Row]:
    return {name: _explained(name, row) for name, row in ROWS.items()}


def _explained(name: str, row: Row) -> Row:
    """The row; whatever a file's attributes make it raise says which operator it was."""

    @functools.wraps(row)
    def call(*operands: Any) -> Any:
        try:
            return row(*operands)
        except (IsthmusError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
            said = " ".join(str(problem).split()) or type(problem).__name__
            raise UsageError(f"ONNX {name}: {said}") from None

    return call
