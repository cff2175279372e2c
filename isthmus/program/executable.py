"""Graph -> Executable: trace, expand, cut into segments, load each, run them in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from isthmus.analysis.cost import Cost, cost_of
from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.foreign import plain
from isthmus.graph.nodes import Node, Type
from isthmus.graph.runner import Runner
from isthmus.trace.array import Array as Handle
from isthmus.trace.tracing import Traced

from . import archive
from .archive import Levers, Precision
from .backend import find_backend
from .bound_call import Bound, bound_run, check_shareable
from .call_arguments import CallArguments
from .explanation import explanation, notes_of, ran_text
from .kernels import Libraries, kernel_lines
from .levers import levers_of
from .options import Options
from .partition import Segment
from .pipeline import Pipeline
from .precision import check_offered
from .prepared import prepared
from .recent import Recent
from .requests.statistics import Counter, Stats
from .requests.workers import Workers
from .watching import watched

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .requests.batches import Batches
    from .requests.joining import Item
    from .requests.results import Results

__all__ = ["Executable"]

Array = numpy.ndarray[Any, Any]

MOST_WAYS = 16  # of joining items that a program remembers


class Executable:
    """A program ready to run: NumPy arrays in, NumPy arrays out, for any size of its names.

    Made by `compile` and `load`. Safe to call from several threads. tuning: the document of
    `isthmus.tune` that it was chosen by, which `save` keeps; None where it was not tuned.

    >>> import numpy
    >>> import isthmus as im
    >>> run = im.compile(lambda x, y: {"sum": x + y}, (im.spec("float32", ["n"]),) * 2)
    >>> run(numpy.ones(3, numpy.float32), numpy.ones(3, numpy.float32))
    {'sum': array([2., 2., 2.], dtype=float32)}
    """

    def __init__(self, traced: Traced, backend: str, options: Options, on_host: str) -> None:
        self.traced = traced
        self.backend = find_backend(backend)
        self.options = options
        self.on_host = on_host
        self.tuning: Mapping[str, Any] | None = None
        check_offered(self.backend, options)
        graph = prepared(traced.graph, self.backend, options)
        graph.verify()
        self.graph = graph
        if on_host == "error":
            self._refuse_host()
        self._run = Pipeline(graph, self.backend, options)
        self.segments = self._run.segments
        self._runner: Runner = self._run.runners[0] if self._run.direct else self._run
        self._sizes = self._run.binder.sizes
        self._names = [value.name for value in graph.inputs]
        self._arguments = CallArguments(*traced.arguments, graph.inputs)
        self._nested = tree.nesting(traced.result)
        self._workers = Workers(options.streams)
        self._counter = Counter()
        self._batches: Recent[Batches] = Recent(MOST_WAYS)

    def _refuses(self, node: Node) -> str | None:
        return self.backend.refuses(node, self.options)

    def _refuse_host(self) -> None:
        graph, _ = watched(self.graph, self._refuses, getattr(self.backend, "longest", None))
        refused = ((node, self._refuses(node)) for node in graph.nodes())
        reasons = list(dict.fromkeys(f"{node.op.name}: {r}" for node, r in refused if r))
        if reasons:
            raise UsageError(
                f"on_host='error', but backend '{self.backend.name}' leaves {reasons[0]} "
                f"({len(reasons)} in all); change the program, or allow the host"
            )
        misplaced = getattr(self.backend, "misplaced", None)
        elsewhere: list[str] = [] if misplaced is None else misplaced(graph, self.options)
        if elsewhere:
            raise UsageError(
                f"on_host='error', but backend '{self.backend.name}' computes {elsewhere[0]} on "
                f"the host ({len(elsewhere)} in all); change the program, or allow the host"
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The program's result, nested as the function returned it; new arrays every time.

        Arguments are given by position, in the order of the specs, or by name.
        Raises UsageError for other arguments, dtypes or axes, DimensionError for sizes that
        differ, IndexOutside for an index outside the array it looks up.

        >>> import numpy
        >>> import isthmus as im
        >>> run = im.compile(lambda x: x + 1, im.spec("float32", ["n"]))
        >>> run(numpy.array([1, 2], numpy.float32))
        array([2., 3.], dtype=float32)
        """
        quick = self._arguments.in_order(args, kwargs)
        sizes = None if quick is None else self._run.binder.remembered_sizes(quick)
        if quick is not None and sizes is not None:
            return self._nested(self._runner(quick, sizes))
        given = self._arguments.bound(args, kwargs)
        if any(isinstance(array, Handle) for array in given):
            return self._nested(self._run_held(given))
        arrays = [_whole(array) for array in given]
        return self._nested(self._run(arrays, self._sizes(arrays)))

    def bind(self, *args: Any, **kwargs: Any) -> Bound:
        """The program on these very arrays, for calls that cost as little as the runtime allows.

        Change their elements, call, read the result, whose arrays stay the same ones. Raises
        UsageError for arrays of a wrong type, or that are not writeable and in C order.

        >>> import numpy
        >>> import isthmus as im
        >>> run = im.compile(lambda x: x * 2, im.spec("float32", [2]))
        >>> x = numpy.array([1, 2], numpy.float32)
        >>> bound = run.bind(x)
        >>> x[0] = 5
        >>> bound()
        array([10.,  4.], dtype=float32)
        """
        arrays = self._arguments.bound(args, kwargs)
        sizes = self._sizes(arrays)
        check_shareable(self._names, arrays)
        if self._run.direct:
            return Bound(bound_run(self._run.runners[0], arrays, sizes), self._nested)
        return Bound(lambda: self._run(arrays, sizes), self._nested)

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """A call that one of the program's threads makes; its result, or what it raised, later.

        There are as many threads as `streams`; the others wait, in the order they came. Leave the
        arrays as they are until the result is there. `cancel` works until a call has begun. What
        `add_done_callback` calls runs on such a thread, so it must not wait for another future of
        the same program; it may call the program itself.

        >>> import numpy
        >>> import isthmus as im
        >>> run = im.compile(lambda x: x * 2, im.spec("float32", ["n"]))
        >>> futures = [run.submit(numpy.full(n, n, numpy.float32)) for n in (1, 2)]
        >>> [future.result().tolist() for future in futures]
        [[2.0], [4.0, 4.0]]
        """
        return self._workers.submit(self, *args, **kwargs)

    def map(
        self,
        iterable: Iterable[Any],
        batch: int | None = None,
        *,
        pad: Mapping[str, Any] | None = None,
        axis: str | None = None,
        window: int | None = None,
    ) -> Results:
        """An iterator of the result of each item, in order; up to `batch` items a run.

        An item is a dict (arguments by name), a tuple (by position) or the only argument. With a
        batch it may be a single example, without the axis of that name, and its result is then
        without it too, or a set of arguments with the axis. axis: the name of the axis, "batch" or
        the first axis of every input unless given. Items whose other sizes differ are run in groups
        of equal sizes. pad: what inputs are lengthened with, by name, so that
        different sizes are run together where a run less is worth the padding; results are cut to
        the item's own size. window: how many items are held at once, 16 batches unless given.

        A result is that of the call alone within float error, as kernels are chosen by size;
        elementwise programs give the same bits. Where the first batch shows that results depend on
        the other items, or the first that is padded that they depend on the padding, it is
        UsageError.
        An item that fails raises at its place, and the next one follows. `close` cancels the rest.
        Raises UsageError for programs whose axis is not clear, or whose results do not have it.

        >>> import numpy
        >>> import isthmus as im
        >>> from isthmus import np
        >>> run = im.compile(lambda x: np.sum(x, axis=1), im.spec("float32", ["batch", "n"]))
        >>> items = [numpy.ones(n, numpy.float32) for n in (3, 1, 3)]
        >>> [float(total) for total in run.map(items, batch=2, pad={"x": 0})]
        [3.0, 1.0, 3.0]
        >>> run.stats.items, run.stats.asked
        (3, 7)
        """
        from .requests import mapping

        mapping.check_numbers(batch, window)
        if batch is None:
            if pad is not None or axis is not None:
                raise UsageError("pad and axis are about batches; give map(..., batch=8)")
            return mapping.one_by_one(iterable, window or mapping.WINDOW, self._workers, self)
        batches = self._joined(axis, pad)
        held = window or mapping.WINDOW * batch

        def taken(item: Any) -> Item:
            args, kwargs = mapping.as_arguments(item)
            given = self._arguments.bound(args, kwargs)
            if any(isinstance(array, Handle) for array in given):
                raise UsageError(
                    "map(batch=...) joins NumPy's arrays; give numpy.asarray(x), or leave batch out"
                )
            return batches.item([_whole(array) for array in given], self._names)

        return mapping.in_batches(
            iterable, batch, held, self._workers, batches, taken, self._nested
        )

    def _joined(self, axis: str | None, pad: Mapping[str, Any] | None) -> Batches:
        """How items are joined; kept, as it is checked at the first batches alone."""
        from .requests.batches import Batches
        from .requests.joining import joining

        if pad is not None and not isinstance(pad, Mapping):
            raise UsageError(
                f"pad={pad!r}: give a dict of what pads each input, such as {{'x': 0}}"
            )
        key = (axis, *sorted((name, repr(value)) for name, value in (pad or {}).items()))
        return self._batches(
            key,
            lambda: Batches(
                joining(self.graph, axis, pad),
                self._run,
                self._sizes,
                self._counter,
                self.options.precision,
            ),
        )

    @property
    def stats(self) -> Stats:
        """What `map` has run in batches so far: items, runs, and the tokens asked and computed."""
        return self._counter.total

    def _run_held(self, given: list[Any]) -> list[Any]:
        """The same on arrays of a namespace; the results are on the device of the first of them."""
        first: Any = next(array.value for array in given if isinstance(array, Handle))
        arrays = [_whole(numpy.asarray(array)) for array in given]
        return [first.device.hold(output) for output in self._run(arrays, self._sizes(arrays))]

    def takes_buffers(self, types: Sequence[Type]) -> bool:
        """Whether `on_device` can run arrays of these types: in one segment, of a runtime with a
        memory of its own. Raises DimensionError for sizes the program does not take."""
        keeps = getattr(self._run.runners[0], "keeps_on_device", None) if self._run.direct else None
        return keeps is not None and keeps(self._run.binder.sizes_of(types))

    def on_device(self, buffers: Sequence[Any], types: Sequence[Type]) -> list[Any]:
        """The results, in the device's memory, for inputs of these types that are there."""
        sizes = self._run.binder.sizes_of(types)
        results: list[Any] = self._run.runners[0].on_device(buffers, sizes)  # type: ignore[attr-defined]
        return results

    def __reduce__(self) -> Any:
        """To pickle: what `save` writes, and the options; the other process loads it anew."""
        made_of = self.traced, self.backend.name, self.options, self.on_host
        return _loaded_again, made_of, {"tuning": self.tuning}

    def __copy__(self) -> Executable:
        """Itself: a program is never changed."""
        return self

    def __deepcopy__(self, _: Any) -> Executable:
        return self

    def explain(self) -> str:
        """The segments: where each runs, what it is made of, why the host has any, and what the
        cuts between them cost in the calls so far.

        >>> import isthmus as im
        >>> from isthmus import np
        >>> run = im.compile(lambda x: np.sort(np.tanh(x)), im.spec("float32", ["n"]), threads=1)
        >>> print(run.explain().splitlines()[0])
        2 segment(s) on backend 'cpu', f32, 1 thread(s)
        """
        head = (
            f"{len(self.segments)} segment(s) on backend '{self.backend.name}', "
            f"{self.options.precision}{', weights in int8' if self.options.weights else ''}, "
            f"{self.options.threads} thread(s)"
            + (f", {self.options.streams} streams" if self.options.streams > 1 else "")
            + "".join(f", {name}={value}" for name, value in self.options.extra.items())
        )
        described = [runner.describe() for runner in self._run.runners]
        ran = [
            [
                *_kernels_text(segment, self.backend.name),
                *ran_text(self.options.precision, runner),
                *notes_of(runner),
            ]
            for segment, runner in zip(self.segments, self._run.runners, strict=True)
        ]
        said = explanation(head, self.segments, described, self.backend.name, self._run.times, ran)
        return f"{said}\nmap: {self.stats}" if self.stats.runs else said

    def cost(self, **sizes: int) -> Cost:
        """Operations, bytes moved and parameters by operator, for given sizes of the names.

        A multiply-add is two operations. Raises UsageError for a size that is missing.

        >>> import isthmus as im
        >>> square = im.spec("float32", ["n", "n"])
        >>> run = im.compile(lambda x, y: x @ y, (square, square))
        >>> run.cost(n=100).operations
        2000000
        """
        return cost_of(self.traced.graph, sizes)

    def save(self, path: str | Path) -> None:
        """Write the program and its constants to one file; `isthmus.load` reads it.

        The file is a safetensors file with the graph in its header. Raises FileError where it
        cannot be written.

        >>> import numpy
        >>> import isthmus as im
        >>> im.compile(lambda x: x + 1, im.spec("float32", ["n"])).save("program.im")
        >>> im.load("program.im", backend="numpy")(numpy.zeros(2, numpy.float32))
        array([1., 1.], dtype=float32)
        """
        asked = Precision(self.options.precision, self.options.overrides)
        levers = Levers(self.backend.name, self._levers())
        on_backend = [segment.graph for segment in self.segments if not segment.on_host]
        libraries = Libraries.of(on_backend, self.backend.name)
        archive.save(self.traced, path, asked, self.tuning, levers, libraries)

    def _levers(self) -> dict[str, Any]:
        """Those of the backend's levers that it was told."""
        known = levers_of(self.backend, self.options) if self.options.extra else {}
        return {name: value for name, value in self.options.extra.items() if name in known}


def _loaded_again(traced: Traced, backend: str, options: Options, on_host: str) -> Executable:
    return Executable(traced, backend, options, on_host)


def _kernels_text(segment: Segment, backend: str) -> list[str]:
    return [] if segment.on_host else kernel_lines(segment.graph, backend)


def _whole(array: Any) -> Any:
    """A plain array as runtimes take it; NumPy's scalars as the 0-d arrays they stand for."""
    if isinstance(array, numpy.generic):
        return numpy.asarray(array)
    return plain(array) if type(array) in (numpy.ndarray, numpy.memmap) else array
