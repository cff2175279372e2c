"""Whether requests of several callers may be run as one: if their rows do not see each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import IsthmusError
from isthmus.graph import tree
from isthmus.graph.dims import Dim, plain_name
from isthmus.graph.nodes import Graph, Type
from isthmus.program.executable import Executable
from isthmus.program.options import Options
from isthmus.program.random_inputs import random_inputs
from isthmus.trace.tracing import Traced

__all__ = ["batch_axis", "why_not_joined"]

Array = numpy.ndarray[Any, Any]

SEEDS = (0, 1, 2)  # of rows that are run alone and together
# How far apart they may be, as a part of the largest magnitude.
TOLERANCE = {"f32": 1e-3}
OF_LOWER_PRECISION = 0.1


def batch_axis(graph: Graph) -> str | None:
    """The name of the first axis of every input and result; None where it differs."""
    types = [value.type for value in (*graph.inputs, *graph.outputs)]
    first = {plain_name(kind.shape[0]) if kind.shape else None for kind in types}
    name = first.pop() if len(first) == 1 else None
    return name if name is not None and all(_has_once(kind, name) for kind in types) else None


def why_not_joined(
    traced: Traced, precision: str, sizes: Sequence[Mapping[str, int]]
) -> str | None:
    """Why several requests must not be run as one; None where they may.

    Rows are run alone and together, on OpenVINO and in float32, which every machine has: where a
    row's result depends on the others, a server that joins requests would give each caller numbers
    made of another's. precision: the program's, in which integers may be rounded the other way.
    sizes: of the other names, from which the smallest is taken.
    """
    graph = traced.graph
    axis = batch_axis(graph)
    if axis is None:
        return "the first axis of the inputs and results is not one and the same named size"
    if any(len(value.type.shape) == 1 for value in (*graph.inputs, *graph.outputs)):
        return f"an array has no axis beside {axis}, and servers want one"
    if not sizes:
        return "no usual size of its other names is one that the program takes; give buckets"
    program = Executable(traced, "cpu", Options(), "allow")
    names = [value.name for value in graph.inputs]
    items = [random_inputs(graph, names, {**sizes[0], axis: 1}, seed) for seed in SEEDS]
    try:
        with numpy.errstate(all="ignore"):
            alone = [_results(program, item) for item in items]
            joined = {name: numpy.concatenate([item[name] for item in items]) for name in names}
            together = _results(program, joined)
    except (IsthmusError, IndexError, ArithmeticError, numpy.linalg.LinAlgError) as problem:
        return f"rows could not be run together: {' '.join(str(problem).split())}"
    tolerance = TOLERANCE.get(precision, OF_LOWER_PRECISION)
    rows = [numpy.concatenate(each) for each in zip(*alone, strict=True)]
    if all(_is_close(*pair, tolerance) for pair in zip(together, rows, strict=True)):
        return None
    return f"a row's result depends on the other rows of {axis}"


def _results(program: Executable, arrays: Mapping[str, Array]) -> list[Array]:
    positional, keyword = tree.map_leaves(lambda name: arrays[name], program.traced.arguments)
    return [numpy.asarray(leaf) for _, leaf in tree.leaves(program(*positional, **keyword))]


def _is_close(found: Array, wanted: Array, tolerance: float) -> bool:
    """Kernels are chosen by size, and add in another order."""
    if found.shape != wanted.shape:
        return False
    if found.dtype.kind not in "fc":
        return tolerance > TOLERANCE["f32"] or bool(numpy.array_equal(found, wanted))
    finite = numpy.isfinite(wanted)
    bound = tolerance * float(numpy.abs(wanted[finite]).max(initial=0))
    return bool(numpy.allclose(found, wanted, rtol=0, atol=bound, equal_nan=True))


def _has_once(kind: Type, name: str) -> bool:
    return sum(isinstance(size, Dim) and name in size.names() for size in kind.shape) == 1
