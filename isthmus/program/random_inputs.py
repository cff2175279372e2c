"""Arrays for a program whose own are not at hand: of its types, by a seed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy

from isthmus.analysis.index_checks import IndexGuards
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, plain_name
from isthmus.graph.nodes import Graph, Input, Type
from isthmus.graph.passes import expand
from isthmus.graph.shapes import evaluate
from isthmus.system import machine

__all__ = ["random_inputs", "sizes_shown"]

Array = numpy.ndarray[Any, Any]

HIGHEST_INTEGER = 1  # any mask has it, and any table of two rows


def random_inputs(
    graph: Graph, names: Collection[str], sizes: Mapping[str, int], seed: int = 0
) -> dict[str, Array]:
    """Arrays for the inputs of these names: normal floats, truth values, integers.

    Integers are 0 or 1; those that look something up are from 0 to below its size.
    Raises UsageError for a size that is not among `sizes`, and for more than half of the memory.

    >>> from isthmus.trace.tracing import spec, trace
    >>> graph = trace(lambda x: x + 1, spec("float32", ["n", 4])).graph
    >>> random_inputs(graph, ["x"], {"n": 2})["x"].shape
    (2, 4)
    """
    wanted = [value for value in graph.inputs if value.name in names]
    shapes = {value.name: _shape(value, sizes) for value in wanted}
    _check_memory(wanted, shapes)
    bounds = _bounds(graph, sizes)
    return {
        value.name: _made(value, shapes[value.name], seed, bounds.get(value.name))
        for value in wanted
    }


def sizes_shown(graph: Graph, arrays: Mapping[str, Array]) -> dict[str, int]:
    """The named sizes that the shapes of given arrays tell, as far as they fit the inputs."""
    found: dict[str, int] = {}
    for value in graph.inputs:
        shape = arrays[value.name].shape if value.name in arrays else ()
        for size, number in zip(value.type.shape, shape, strict=False):
            if (name := plain_name(size)) is not None:
                found.setdefault(name, number)
    return found


def _shape(value: Input, sizes: Mapping[str, int]) -> tuple[int, ...]:
    said = f"random {value.name}: {value.type}"
    for size in value.type.shape:
        if isinstance(size, Dim) and (unknown := sorted(size.names() - sizes.keys())):
            raise UsageError(f"{said}: how much is {unknown[0]}? give --size {unknown[0]}=N")
    shape = tuple(evaluate(size, sizes) for size in value.type.shape)
    if min(shape, default=0) < 0:
        raise UsageError(f"{said} would be of shape {shape}; give other sizes")
    return shape


def _check_memory(wanted: list[Input], shapes: Mapping[str, tuple[int, ...]]) -> None:
    needed = sum(math.prod(shapes[v.name]) * v.type.dtype.itemsize for v in wanted)
    free = machine.available_bytes() or machine.memory_bytes()
    if free is not None and needed > free / 2:
        gib = f"{needed / 2**30:,.1f} GiB, {free / 2**30:,.1f} GiB are free"
        raise UsageError(f"random input of {gib}; give smaller sizes")


def _bounds(graph: Graph, sizes: Mapping[str, int]) -> dict[str, int]:
    """For the inputs that are positions in an array, the size of the smallest such array."""
    guards = IndexGuards(expand(graph, lambda node: False))
    found: dict[str, int] = {}
    for position, size in ((at, size) for at, limits, _ in guards.checks for size in limits):
        if not isinstance(size, Dim) or size.names() <= sizes.keys():
            name, limit = guards.names[position], evaluate(size, sizes)
            found[name] = min(limit, found.get(name, limit))
    return found


def _made(value: Input, shape: tuple[int, ...], seed: int, bound: int | None) -> Array:
    random = numpy.random.default_rng((seed, zlib.crc32(value.name.encode())))
    kind = value.type.dtype.kind
    if kind in "fc":
        return _normal(random, value.type, shape)
    if bound == 0 and 0 not in shape:
        said = f"random {value.name}: it looks up an axis of size 0, which has no element"
        raise UsageError(f"{said}; give larger sizes")
    above = HIGHEST_INTEGER + 1 if bound is None else max(bound, 1)
    if kind in "iu":  # a small type counts no further than it can
        above = min(above, int(numpy.iinfo(value.type.dtype).max) + 1)
    return random.integers(0, above, shape).astype(value.type.dtype)


def _normal(random: numpy.random.Generator, kind: Type, shape: tuple[int, ...]) -> Array:
    parts: Array = random.standard_normal(shape)
    if kind.dtype.kind == "c":
        parts = parts + 1j * random.standard_normal(shape)
    return parts.astype(kind.dtype)
