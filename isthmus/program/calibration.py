"""What is seen in arrays of a graph while it runs on the user's samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Graph, Result, Type, Value
from isthmus.graph.passes import expand, without_idle_nodes
from isthmus.graph.shapes import evaluate, product
from isthmus.rewrite.quantization.integers import BINS, Statistics, nearest_ratio
from isthmus.trace.array import Array
from isthmus.trace.constants import copying
from isthmus.trace.discovery import recording
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import Traced

from .backend import Backend
from .call_arguments import CallArguments
from .inputs import Binder
from .options import Options
from .pipeline import Pipeline

__all__ = ["narrowed", "seen_in"]

MOST_BYTES = 2**28

Wanted = Sequence[tuple[Value, int]]


def seen_in(
    traced: Traced,
    graph: Graph,
    wanted: Wanted,
    samples: Sequence[Any],
    backend: Backend,
    options: Options,
) -> dict[int, Statistics]:
    """By the id of each wanted value: the least, the greatest and the mean of each channel.

    graph: of whose values they are, with the inputs of `traced`. wanted: values and the axes of
    their channels. backend, options: what computes them. Channels are reduced inside the program,
    so that no array of a layer is kept.
    Raises UsageError for samples that are empty or do not fit, and for arrays that are not finite.
    """
    if not wanted:
        return {}
    sets = _bound(traced, samples)
    pipeline = _pipeline(_reduced(graph, wanted), backend, options)
    sums: list[list[Any]] = [[] for _ in range(3 * len(wanted))]
    for position, arrays in enumerate(sets):
        try:
            found = pipeline(arrays, pipeline.binder.sizes(arrays))
        except UsageError as problem:
            raise type(problem)(f"samples[{position}]: {problem}") from None
        for column, array in zip(sums, found, strict=True):
            column.append(numpy.asarray(array, numpy.float64))
    known = {}
    for i, (value, _) in enumerate(wanted):
        low, high, mean = sums[3 * i : 3 * i + 3]
        known[id(value)] = Statistics(
            numpy.min(low, axis=0), numpy.max(high, axis=0), numpy.sort(mean, axis=0).mean(axis=0)
        )
        _check_finite(value, known[id(value)])
    return known


def narrowed(
    traced: Traced,
    graph: Graph,
    wanted: Wanted,
    seen: Mapping[int, Statistics],
    samples: Sequence[Any],
    backend: Backend,
    options: Options,
) -> dict[int, Statistics]:
    """What was seen, with the ranges of images those whose integers are nearest to the samples.

    A few large numbers leave the others few integers: where clipping them loses less, the range is
    narrower (`nearest_ratio`). Arguments are those of `seen_in`, which gives `seen`. So many arrays
    are kept at a time as `MOST_BYTES` allows, of one sample.
    """
    sets = _bound(traced, samples)
    found = dict(seen)
    for values in _slices([value for value, axis in wanted if axis == 1], graph, sets):
        names = tuple(f"seen.{i}" for i in range(len(values)))
        part = replace(graph, outputs=tuple(values), output_names=names)
        pipeline = _pipeline(part, backend, options)
        counts = [numpy.zeros(BINS, numpy.int64) for _ in values]
        for arrays in sets:
            outputs = pipeline(arrays, pipeline.binder.sizes(arrays))
            for value, array, count in zip(values, outputs, counts, strict=True):
                count += numpy.histogram(array, BINS, seen[id(value)].ends)[0]
        for value, count in zip(values, counts, strict=True):
            low, high, mean = seen[id(value)]
            ratio = nearest_ratio(count, *seen[id(value)].ends)
            found[id(value)] = Statistics(low * ratio, high * ratio, mean)
    return found


def _slices(values: Sequence[Value], graph: Graph, sets: Sequence[Any]) -> Iterator[list[Value]]:
    """The values in parts whose arrays fit into `MOST_BYTES`, for the largest of the samples."""
    known = [Binder(graph).sizes(arrays) for arrays in sets]
    part: list[Value] = []
    held = 0
    for value in values:
        count = product(value.type.shape)
        size = max(evaluate(count, sizes) for sizes in known) * value.type.dtype.itemsize
        if part and held + size > MOST_BYTES:
            yield part
            part, held = [], 0
        part.append(value)
        held += size
    if part:
        yield part


def _bound(traced: Traced, samples: Sequence[Any]) -> list[list[Any]]:
    """The arrays of each set of arguments; UsageError for one that does not fit."""
    arguments = CallArguments(*traced.arguments, traced.graph.inputs)
    found = []
    for position, sample in enumerate(samples):
        args, kwargs = _as_call(sample)
        try:
            arrays = [numpy.asarray(array) for array in arguments.bound(args, kwargs)]
        except UsageError as problem:
            raise type(problem)(f"samples[{position}]: {problem}") from None
        if any(not array.size for array in arrays):
            raise UsageError(
                f"samples[{position}] holds an empty array, of which nothing can be learnt; "
                "leave it out"
            )
        found.append(arrays)
    if not found:
        raise UsageError("no samples: give some sets of arguments")
    return found


def _as_call(sample: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(sample, dict):
        return (), sample
    return (tuple(sample), {}) if isinstance(sample, tuple | list) else ((sample,), {})


def _reduced(graph: Graph, wanted: Wanted) -> Graph:
    """The graph whose outputs are three numbers for each channel of each wanted value."""
    outputs: list[Value] = []
    with assuming(graph.constraints), recording(), copying():
        for value, axis in wanted:
            x = Array(value)
            others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
            outputs += [as_value(f(x, axis=others)) for f in (np.min, np.max, np.mean)]
    names = tuple(f"seen.{i}" for i in range(len(outputs)))
    return replace(graph, outputs=tuple(outputs), output_names=names)


def _pipeline(graph: Graph, backend: Backend, options: Options) -> Pipeline:
    def keeps(node: Any) -> bool:
        return backend.fuses(node, options) and backend.refuses(node, options) is None

    return Pipeline(without_idle_nodes(expand(graph, keeps)), backend, options)


def _check_finite(value: Value, seen: Statistics) -> None:
    if all(numpy.isfinite(part).all() for part in seen):
        return
    raise UsageError(
        f"the samples make {_described(value)} infinite or no number, which no integers stand for; "
        "give other samples, or keep what reads it in 'f32' by overrides"
    )


def _described(value: Value) -> str:
    kind: Type = value.type
    if isinstance(value, Result):
        return f"the {kind} of {value.node.op.name}{value.node.at}"
    return f"the input of {kind}"
