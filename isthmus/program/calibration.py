"""What is seen in arrays of a graph while it runs on the user's samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

__all__ = ["seen_in"]

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
    their channels. backend, options: what computes them. Of images a few large numbers leave the
    others few integers: where clipping them loses less, the range is narrower (`nearest_ratio`).
    Raises UsageError for samples that are empty or do not fit, and for arrays that are not finite.
    """
    if not wanted:
        return {}
    sets = _bound(traced, samples)
    run = _Run(
        graph, [arrays for arrays, _ in sets], [sizes for _, sizes in sets], backend, options
    )
    images = [value for value, axis in wanted if axis == 1]
    return _seen_in_images(run, images) | _seen_inside(
        run, [pair for pair in wanted if pair[1] != 1]
    )


@dataclass(frozen=True)
class _Run:
    """A graph, and of each sample the arrays and their named sizes."""

    graph: Graph
    sets: Sequence[Sequence[Any]]
    sizes: Sequence[Mapping[str, int]]
    backend: Backend
    options: Options

    def loaded(self, outputs: Sequence[Value]) -> Pipeline:
        """The graph up to these values."""
        names = tuple(f"seen.{i}" for i in range(len(outputs)))
        part = replace(self.graph, outputs=tuple(outputs), output_names=names)
        return _pipeline(part, self.backend, self.options)

    def answers(self, pipeline: Pipeline) -> Iterator[list[Any]]:
        """What it gives for each sample."""
        for position, arrays in enumerate(self.sets):
            try:
                yield pipeline(arrays, pipeline.binder.sizes(arrays))
            except UsageError as problem:
                raise type(problem)(f"samples[{position}]: {problem}") from None


def _seen_inside(run: _Run, wanted: Wanted) -> dict[int, Statistics]:
    """Channels are reduced inside the program, so that no array of a layer is kept."""
    if not wanted:
        return {}
    answers = run.answers(run.loaded(_reduced(run.graph, wanted)))
    parts = [[numpy.asarray(array, numpy.float64) for array in one] for one in answers]
    found = {}
    for i, (value, _) in enumerate(wanted):
        found[id(value)] = _joined(value, [one[3 * i : 3 * i + 3] for one in parts])
    return found


def _seen_in_images(run: _Run, values: Sequence[Value]) -> dict[int, Statistics]:
    """The arrays themselves, as many at a time as `MOST_BYTES` allows, of one sample.

    All samples twice, for what is narrower depends on the ends of all; a program that also reduces
    them would take many times as long to compile.
    """
    found = {}
    for part in _slices(values, run.sizes):
        pipeline = run.loaded(part)
        seen = [[_channels(array) for array in one] for one in run.answers(pipeline)]
        whole = [_joined(value, [one[i] for one in seen]) for i, value in enumerate(part)]
        counts = [numpy.zeros(BINS, numpy.int64) for _ in part]
        for outputs in run.answers(pipeline):
            for array, count, each in zip(outputs, counts, whole, strict=True):
                count += numpy.histogram(array, BINS, each.ends)[0]
        for value, count, each in zip(part, counts, whole, strict=True):
            ratio = nearest_ratio(count, *each.ends)
            found[id(value)] = Statistics(each.low * ratio, each.high * ratio, each.mean)
    return found


def _channels(array: Any) -> Statistics:
    """Of an image [N, C, H, W], or one of other axes behind the channels."""
    axes = tuple(axis for axis in range(array.ndim) if axis != 1)
    with numpy.errstate(all="ignore"):  # what is not finite is told with its value
        mean = array.mean(axis=axes, dtype=numpy.float64)
    low, high = (each(axis=axes).astype(numpy.float64) for each in (array.min, array.max))
    return Statistics(low, high, mean)


def _joined(value: Value, parts: Iterable[Sequence[Any]]) -> Statistics:
    """Of all samples, whatever their order."""
    low, high, mean = (numpy.stack(column) for column in zip(*parts, strict=True))
    found = Statistics(low.min(axis=0), high.max(axis=0), numpy.sort(mean, axis=0).mean(axis=0))
    _check_finite(value, found)
    return found


def _slices(values: Sequence[Value], known: Sequence[Mapping[str, int]]) -> Iterator[list[Value]]:
    """The values in parts whose arrays fit into `MOST_BYTES`, for the largest of the sizes."""
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


def _bound(traced: Traced, samples: Sequence[Any]) -> list[tuple[list[Any], dict[str, int]]]:
    """The arrays of each set of arguments and their sizes; UsageError for one that does not fit."""
    arguments = CallArguments(*traced.arguments, traced.graph.inputs)
    binder = Binder(traced.graph)
    found = []
    for position, sample in enumerate(samples):
        args, kwargs = _as_call(sample)
        try:
            arrays = [numpy.asarray(array) for array in arguments.bound(args, kwargs)]
            sizes = dict(binder.sizes(arrays))
        except UsageError as problem:
            raise type(problem)(f"samples[{position}]: {problem}") from None
        if any(not array.size for array in arrays):
            raise UsageError(
                f"samples[{position}] holds an empty array, of which nothing can be learnt; "
                "leave it out"
            )
        found.append((arrays, sizes))
    if not found:
        raise UsageError("no samples: give some sets of arguments")
    return found


def _as_call(sample: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(sample, dict):
        return (), sample
    return (tuple(sample), {}) if isinstance(sample, tuple | list) else ((sample,), {})


def _reduced(graph: Graph, wanted: Wanted) -> list[Value]:
    """Three numbers for each channel of each wanted value."""
    outputs: list[Value] = []
    with assuming(graph.constraints), recording(), copying():
        for value, axis in wanted:
            x = Array(value)
            others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
            outputs += [as_value(f(x, axis=others)) for f in (np.min, np.max, np.mean)]
    return outputs


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
