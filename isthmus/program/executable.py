"""Graph -> Executable: trace, expand, cut into segments, load each, run them in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import Any

import numpy

from isthmus.analysis.cost import Cost, cost_of
from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.nodes import Node, Type
from isthmus.graph.passes import expand
from isthmus.system.threads import available_threads
from isthmus.trace.array import Array as Handle
from isthmus.trace.tracing import Arguments, Traced, spec, trace

from .backend import Options, find_backend
from .bound_call import Bound, bound_run, check_shareable
from .explanation import explanation
from .pipeline import Pipeline

Array = numpy.ndarray[Any, Any]


def compile(
    function: Callable[..., Any],
    specs: Any,
    *,
    backend: str = "cpu",
    precision: str = "f32",
    threads: int | None = None,
    numerics: str = "numpy",
    on_host: str = "allow",
    device: str | None = None,
    constraints: Sequence[str] = (),
) -> Executable:
    """A function or Block, traced for arguments of the given types and loaded on a backend.

    specs: `isthmus.spec`s nested as the arguments; a dict is keyword arguments.
    threads: compute threads; None is what affinity and the container's quota allow.
    on_host: "allow" runs what the backend does not compute as NumPy does by NumPy;
    "error" refuses such a program. device: "cuda" or "cpu", for the gpu backend.
    constraints: what holds of named sizes, such as "seq <= 512"; checked at every call.
    Raises UsageError, TraceError, BackendMissing.
    """
    options = checked_options(precision, threads, numerics, on_host, device)
    traced = trace(function, specs, constraints=constraints)
    return Executable(traced, backend, options, on_host)


def checked_options(
    precision: str, threads: int | None, numerics: str, on_host: str, device: str | None
) -> Options:
    """The options of `compile`, each checked."""
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise UsageError(f"threads={threads!r}: give a whole number from 1, or None for all")
    if on_host not in ("allow", "error"):
        raise UsageError(f"on_host={on_host!r}: give 'allow' or 'error'")
    if numerics not in ("numpy", "fast"):
        raise UsageError(f"numerics={numerics!r}: give 'numpy' or 'fast'")
    return Options(precision, threads or available_threads(), numerics, device)


class Executable:
    """A program ready to run: NumPy arrays in, NumPy arrays out, for any size of its names."""

    def __init__(self, traced: Traced, backend: str, options: Options, on_host: str) -> None:
        self.traced = traced
        self.backend = find_backend(backend)
        self.options = options
        graph = expand(traced.graph, self._keeps)
        graph.verify()
        self.graph = graph
        if on_host == "error":
            self._refuse_host()
        self._run = Pipeline(graph, self.backend, options)
        self.segments = self._run.segments
        self._sizes = self._run.binder.sizes
        self._names = [value.name for value in graph.inputs]

    def _keeps(self, node: Node) -> bool:
        """Whether a composite stays whole; what the host runs is always made of primitives."""
        return self.backend.fuses(node, self.options) and self._refuses(node) is None

    def _refuses(self, node: Node) -> str | None:
        return self.backend.refuses(node, self.options)

    def _refuse_host(self) -> None:
        refused = ((node, self._refuses(node)) for node in self.graph.nodes())
        reasons = list(dict.fromkeys(f"{node.op.name}: {r}" for node, r in refused if r))
        if reasons:
            raise UsageError(
                f"on_host='error', but backend '{self.backend.name}' leaves {reasons[0]} "
                f"({len(reasons)} in all); change the program, or allow the host"
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The program's result, nested as the function returned it; new arrays every time."""
        given = self._arguments(args, kwargs)
        if any(isinstance(array, Handle) for array in given):
            outputs = self._run_held(given)
        else:
            arrays = [_whole(array) for array in given]
            outputs = self._run(arrays, self._sizes(arrays))
        if len(outputs) == 1 and isinstance(self.traced.result, str):
            return outputs[0]
        return tree.rebuild(self.traced.result, outputs)

    def bind(self, *args: Any, **kwargs: Any) -> Bound:
        """The program on these very arrays, for calls that cost as little as the runtime allows.

        Change their elements, call, read the result, whose arrays stay the same ones. Raises
        UsageError for arrays of a wrong type, or that are not writeable and in C order.
        """
        arrays = self._arguments(args, kwargs)
        sizes = self._sizes(arrays)
        check_shareable(self._names, arrays)
        if self._run.direct:
            return Bound(bound_run(self._run.runners[0], arrays, sizes), self.traced.result)
        return Bound(lambda: self._run(arrays, sizes), self.traced.result)

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

    def on_device(self, buffers: Sequence[Any]) -> list[Any]:
        """The results, in the device's memory, for inputs that are there."""
        results: list[Any] = self._run.runners[0].on_device(buffers)  # type: ignore[attr-defined]
        return results

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        positional, keyword = self.traced.arguments
        if len(args) != len(positional) or set(kwargs) != set(keyword):
            raise UsageError(self._expected(args, kwargs))
        if not args and list(kwargs) == self._names:
            return list(kwargs.values())
        given = (args, {name: kwargs[name] for name in keyword})
        if not tree.same_structure(given, (positional, keyword)):
            raise UsageError(self._expected(args, kwargs))
        return [leaf for _, leaf in tree.leaves(given)]

    def _expected(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        wanted = ", ".join(f"{value.name}: {value.type}" for value in self.graph.inputs)
        given = ", ".join([f"{len(args)} positional"] * bool(args) + sorted(kwargs)) or "nothing"
        return f"arguments {given} given; the program takes {wanted}"

    def explain(self) -> str:
        """The segments: where each runs, what it is made of, why the host has any, and what the
        cuts between them cost in the calls so far."""
        head = (
            f"{len(self.segments)} segment(s) on backend '{self.backend.name}', "
            f"{self.options.precision}, {self.options.threads} thread(s)"
        )
        described = [runner.describe() for runner in self._run.runners]
        return explanation(head, self.segments, described, self.backend.name, self._run.times)

    def cost(self, **sizes: int) -> Cost:
        """Operations, bytes moved and parameters by operator, for given sizes of the names."""
        return cost_of(self.traced.graph, sizes)

    def save(self, path: str | Path) -> None:
        """Write the program and its constants to one file; `isthmus.load` reads it."""
        from .archive import save

        save(self.traced, path)


def _whole(array: Any) -> Any:
    """NumPy's scalars as the 0-d arrays they stand for."""
    return numpy.asarray(array) if isinstance(array, numpy.generic) else array


def jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile at the first call with each combination of argument types; see `compile`.

    >>> @jit(backend="numpy")
    ... def double(x):
    ...     return 2 * x
    """
    if function is None:
        return lambda wrapped: Jitted(wrapped, options)
    return Jitted(function, options)


class Jitted:
    """A function with one Executable for each combination of dtypes and shapes it was given."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        update_wrapper(self, function)
        self.function = function
        self.options = dict(options)
        self.executables: dict[Any, Executable] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = [(path, leaf) for path, leaf in tree.leaves((args, kwargs))]
        key = tuple((path, _signature(path, leaf)) for path, leaf in found)
        if key not in self.executables:
            self.executables[key] = self._compiled(args, kwargs)
        return self.executables[key](*args, **kwargs)

    def _compiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Executable:
        specs = tree.map_leaves(lambda leaf: spec(leaf.dtype, leaf.shape), (args, kwargs))
        return compile(self.function, Arguments(*specs), **self.options)


def _signature(path: tuple[str, ...], leaf: Any) -> tuple[str, tuple[int, ...]]:
    if not isinstance(leaf, numpy.ndarray | Handle):
        raise UsageError(f"argument {'.'.join(path[1:])}: {leaf!r} is no array; give a NumPy array")
    return leaf.dtype.str, tuple(leaf.shape)
