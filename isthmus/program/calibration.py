"""What is seen in arrays of a graph while it runs on the user's samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd
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
# Numbers of an array that are kept, by which its range is narrowed: of ResNet-50 on 16 crops 98 %
# of others' labels stayed with 2**16 and with all, 95 % with 2**12.
MOST_KEPT, LEAST_KEPT = 2**16, 2**10
KEPT_BYTES = 2**28  # of all samples

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
    has_images = any(axis == 1 for _, axis in wanted)
    return _seen_outside(run, wanted) if has_images else _seen_inside(run, wanted)


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


def _seen_outside(run: _Run, wanted: Wanted) -> dict[int, Statistics]:
    """The arrays themselves, as many at a time as `MOST_BYTES` allows, of one sample.

    What is narrower depends on the ends of all samples, so that a part of each image is kept for
    then. A program that reduced them itself would take many times as long to compile.
    """
    found = {}
    for part in _slices(wanted, run.sizes):
        room = KEPT_BYTES // 4 // (len(run.sets) * len(part))
        most = max(LEAST_KEPT, min(MOST_KEPT, room))
        values = [value for value, _ in part]
        seen = [
            [
                (_channels(array, axis), _kept(array, most) if axis == 1 else None)
                for array, (_, axis) in zip(one, part, strict=True)
            ]
            for one in run.answers(run.loaded(values))
        ]
        for value, column in zip(values, zip(*seen, strict=True), strict=True):
            statistics, kept = zip(*column, strict=True)
            whole = _joined(value, statistics)
            found[id(value)] = whole if kept[0] is None else _narrowed(whole, kept)
    return found


def _narrowed(whole: Statistics, kept: Sequence[Any]) -> Statistics:
    """The range by which these numbers lose least."""
    counts = numpy.histogram(numpy.concatenate(kept), BINS, whole.ends)[0]
    ratio = nearest_ratio(counts, *whole.ends)
    return Statistics(whole.low * ratio, whole.high * ratio, whole.mean)


def _kept(array: Any, most: int) -> Any:
    """Numbers from all over an array: a step that has no divisor with the sizes meets each column
    and row as often as the others."""
    flat = array.reshape(-1)
    step = max(1, flat.size // most)
    while gcd(step, flat.size) > 1:
        step += 1
    return flat[::step].copy()


def _channels(array: Any, axis: int) -> Statistics:
    """Of the places along an axis."""
    axes = tuple(i for i in range(array.ndim) if i != axis % array.ndim)
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


def _slices(
    wanted: Wanted, known: Sequence[Mapping[str, int]]
) -> Iterator[list[tuple[Value, int]]]:
    """The values in parts whose arrays fit into `MOST_BYTES`, for the largest of the sizes."""
    part: list[tuple[Value, int]] = []
    held = 0
    for value, axis in wanted:
        count = product(value.type.shape)
        size = max(evaluate(count, sizes) for sizes in known) * value.type.dtype.itemsize
        if part and held + size > MOST_BYTES:
            yield part
            part, held = [], 0
        part.append((value, axis))
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
