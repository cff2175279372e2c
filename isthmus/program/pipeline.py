"""A graph in segments that run one after another: a whole program, or a body the host drives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy

from isthmus.analysis.index_checks import IndexGuards
from isthmus.graph.interpreter import Reference
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value
from isthmus.graph.runner import Arrays, Ran, Runner

from .backend import Backend
from .between import with_those_between
from .bound_call import Again, bound_run
from .explanation import SegmentTimes, ran_of
from .host import Host
from .inputs import Binder
from .long_sums import loaded_by_length
from .options import Options
from .partition import Segment, partition
from .watching import watched

__all__ = ["Guarded", "Pipeline", "guarded"]

Array = numpy.ndarray[Any, Any]


class Pipeline:
    """Arrays of the graph's inputs and sizes in, arrays of its outputs out."""

    def __init__(self, graph: Graph, backend: Backend, options: Options) -> None:
        self.graph = graph
        self.backend = backend
        self.options = options
        longest = getattr(backend, "longest", None)

        def refuses(node: Node) -> str | None:
            return backend.refuses(node, options)

        whole, flags = watched(graph, refuses, longest)
        self.outputs = whole.outputs[len(flags) :]
        self.flags = set(map(id, flags))
        nodes = whole.nodes()
        reasons = with_those_between(nodes, {id(node): refuses(node) for node in nodes})
        self.segments = partition(whole, lambda node: reasons[id(node)], longest)
        self.binder = Binder(graph)
        self.runners = [self._load(segment) for segment in self.segments]
        self.direct = not flags and _is_direct(self.segments, graph)
        self.places = None if flags else _places(self.segments, graph)
        self.times = SegmentTimes(len(self.segments))

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        if self.direct:
            return self.runners[0](arrays, sizes)
        if self.places is not None:
            reads, writes = self.places
            found = self.runners[0]([arrays[i] for i in reads], sizes)
            return [found[i] for i in writes]
        known = {id(v): array for v, array in zip(self.graph.inputs, arrays, strict=True)}
        given, sizes = sizes, dict(sizes)
        for i, (segment, runner) in enumerate(zip(self.segments, self.runners, strict=True)):
            operands = [known[id(value)] for value in segment.reads]
            before = len(sizes)
            outputs = self.times.run(i, runner, operands, sizes)
            if self.flags and self._tells(segment, outputs):
                return Reference(self.graph)(arrays, dict(given))  # which raises
            self.binder.discovered(segment.writes, outputs, sizes, before)
            known.update(zip(map(id, segment.writes), outputs, strict=True))
        return _results(self.outputs, known)

    def _tells(self, segment: Segment, outputs: Sequence[Array]) -> bool:
        """Whether a watched lookup in a segment was outside."""
        pairs = zip(segment.writes, outputs, strict=True)
        return any(id(value) in self.flags and bool(array) for value, array in pairs)

    def describe(self) -> list[str]:
        """The operations with the place where each runs."""
        places = ["host" if part.on_host else self.backend.name for part in self.segments]
        found = zip(places, self.runners, strict=True)
        counts = Counter((place, text) for place, runner in found for text in runner.describe())
        return [
            f"{place}: {n} x {text}" if n > 1 else f"{place}: {text}"
            for (place, text), n in counts.items()
        ]

    def _load(self, segment: Segment) -> Runner:
        if segment.on_host:
            return Host(segment.graph, self.options.threads, self._body)
        if getattr(self.backend, "adds_in_line", False):
            return loaded_by_length(segment.graph, self._on_backend)
        return self._on_backend(segment.graph)

    def _on_backend(self, graph: Graph) -> Runner:
        return guarded(graph, self.backend.load(graph, self.options))

    def _body(self, body: Graph) -> Runner:
        """A body of a loop or branch that the host drives; numbers alone are quicker by NumPy."""
        values = [value for node in body.all_nodes() for value in _values(node)]
        if not any(value.type.ndim for value in values):
            return Reference(body)
        return Pipeline(body, self.backend, self.options)


def _values(node: Node) -> list[Value]:
    return [value for value in (*node.operands, *node.results) if value is not None]


def guarded(graph: Graph, runner: Runner) -> Runner:
    """The runner behind the checks of its indices, if there are any."""
    guards = IndexGuards(graph)
    return Guarded(guards, runner) if guards.checks else runner


class Guarded:
    """A runner behind the checks of its indices; before them where it raises IndexError itself."""

    def __init__(self, guards: IndexGuards, runner: Runner) -> None:
        self.guards = guards
        self.runner = runner
        self.is_told = bool(getattr(runner, "tells_outside", False))

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        if self.is_told:
            try:
                return self.runner(arrays, sizes)
            except IndexError:
                self.guards(arrays, sizes)  # which says the input's name
                raise
        self.guards(arrays, sizes)
        return self.runner(arrays, sizes)

    def bind(self, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
        run = bound_run(self.runner, arrays, sizes)

        def again() -> Collection[Array]:
            self.guards(arrays, sizes)
            return run()

        return again

    def ran(self) -> Ran | None:
        return ran_of(self.runner)

    def describe(self) -> list[str]:
        return self.runner.describe()


def _is_direct(segments: Sequence[Segment], graph: Graph) -> bool:
    """Whether one segment reads the inputs and writes the outputs as the caller has them."""
    if len(segments) != 1:
        return False
    reads = list(map(id, segments[0].reads)) == list(map(id, graph.inputs))
    return reads and list(map(id, segments[0].writes)) == list(map(id, graph.outputs))


def _places(segments: Sequence[Segment], graph: Graph) -> tuple[list[int], list[int]] | None:
    """Of one segment that computes all results: which inputs it reads, and which of what it writes
    the results are. None for any other program, and where a result is what another one is."""
    if len(segments) != 1 or any(node.discovered is not None for node in graph.nodes()):
        return None
    inputs = {id(value): i for i, value in enumerate(graph.inputs)}
    writes = {id(value): i for i, value in enumerate(segments[0].writes)}
    wanted = list(map(id, graph.outputs))
    if len(set(wanted)) < len(wanted) or not writes.keys() >= set(wanted):
        return None
    return [inputs[id(value)] for value in segments[0].reads], [writes[i] for i in wanted]


def _results(outputs: Sequence[Value], known: Mapping[int, Array]) -> list[Array]:
    """The outputs; copies where one is an input, a constant or an output before it, so that results
    are the caller's, and each its own."""
    found: list[Array] = []
    given: set[int] = set()
    for value in outputs:
        array = value.array if isinstance(value, Constant) else known[id(value)]
        is_own = isinstance(value, Result) and id(value) not in given
        found.append(array if is_own else array.copy())
        given.add(id(value))
    return found
