"""What is seen in arrays of a graph while it runs on the user's samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Graph, Result, Type, Value
from isthmus.graph.passes import expand, without_idle_nodes
from isthmus.rewrite.quantization.integers import Statistics
from isthmus.trace.array import Array
from isthmus.trace.constants import copying
from isthmus.trace.discovery import recording
from isthmus.trace.recording import as_value
from isthmus.trace.tracing import Traced

from .backend import Backend
from .call_arguments import CallArguments
from .options import Options
from .pipeline import Pipeline

__all__ = ["seen_in"]

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
