"""What a backend is, and how one is found: the entry point group `isthmus.backends`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy

from isthmus.errors import BackendMissing, UsageError
from isthmus.graph.nodes import Graph, Node, Type
from isthmus.graph.runner import Runner

from .options import Options

__all__ = [
    "Backend",
    "Diagnosis",
    "Facts",
    "Memory",
    "Setting",
    "backend_names",
    "facts_of",
    "find_backend",
    "writers",
]

Write = Callable[[Graph, Path], None]


@dataclass(frozen=True)
class Setting:
    """One that a backend takes beside its levers: which values, and how an error names them.

    >>> from isthmus.extend import Setting
    >>> Setting(lambda value: value in ("on", "off"), "'on' or 'off'").takes("on")
    True
    """

    takes: Callable[[Any], bool]
    values: str


@dataclass(frozen=True)
class Facts:
    """What `isthmus doctor` says of a backend.

    devices: the names that `Options.device` may have, (None,) where there is one alone.
    remedy: what to do where it does not work. default_precision: in which the runtime itself
    would compute float32 models on this machine; None where it has no choice or does not load.

    >>> from isthmus.extend import Facts
    >>> Facts(devices=("cuda", "cpu")).remedy
    'reinstall the package that brings it'
    """

    devices: tuple[str | None, ...] = (None,)
    remedy: str = "reinstall the package that brings it"
    default_precision: str | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What a backend found out about its runtime on this machine.

    found: facts, each with its name. problems: what is wrong, each with the command that mends it.

    >>> from isthmus.extend import Diagnosis
    >>> Diagnosis(found=(("driver", "580.65"),)).problems
    ()
    """

    found: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


class Backend(Protocol):
    """A way to run graphs.

    `fuses`: whether a composite is run as one operation of the runtime.
    `refuses`: None where the runtime computes a node as NumPy does, else the reason.
    `load`: a graph of accepted nodes, ready to run; raises BackendMissing.

    What a backend may have beside these, and the core looks for: `longest`, a `splitting.Longest`,
    if a graph can be too long for one `load`; `memory(options)`, a `Memory`; `writes`, the suffixes
    of the files it can write, each with a function of a graph and a path; `facts()`, a `Facts`;
    `precisions(options)`, those that its device on this machine computes in, if more than "f32";
    `places_half(options)`, whether its runtime itself decides what runs in half precision;
    `agrees(node)`, whether its kernel of a composite that it fuses gives what NumPy's body gives,
    of NaN and infinities as well: formulas that are that composite are then given to the kernel;
    `saturates(node, options)`, whether its kernels of integers add products of the layer in 16
    bits, so that weights get 7 bits; options are None for a file that is read anywhere;
    `levers(options)`, settings of `Options.extra` that change how a program is computed and not
    what, each with its values (of JSON), the default first, for `isthmus.compile(levers=...)`, and
    `isthmus.tune` tries them; `settings(options)`, those with more values than can be tried, or
    that change what is computed, each a `Setting`: they are given in the same way, and are neither
    tuned nor saved; `misplaced(graph, options)`, what of a graph its runtime would compute
    elsewhere than on the device, for `on_host="error"`; `diagnosis()`, a `Diagnosis` for
    `isthmus doctor`; `emulates(options)`,
    those of its precisions that it computes in float32 and rounds, so that they are never faster;
    `scales_apart`, True if its runtime computes scales and shifts behind a layer apart from it, so
    that they are given to it within the weights;
    `refuses_in_file(node, options)`, what `refuses` is of a file, where that differs;
    `adds_in_line`, True if its kernels add long lines of float32 one element after the other, so
    that it is given long sums in stages.

    >>> import isthmus as im
    >>> from isthmus.extend import Options
    >>> from isthmus.numpy_backend import NumpyBackend
    >>> (node,) = im.trace(im.np.tanh, im.spec("float32", ["n"])).graph.nodes()
    >>> NumpyBackend().refuses(node, Options()) is None
    True
    """

    name: str

    def fuses(self, node: Node, options: Options) -> bool: ...

    def refuses(self, node: Node, options: Options) -> str | None: ...

    def load(self, graph: Graph, options: Options) -> Runner: ...


class Memory(Protocol):
    """Where a backend keeps the arrays of `isthmus.namespace` between calls.

    A backend has it as the method `memory(options)` if that is not the host's memory; its
    runners then have `on_device(buffers, sizes) -> buffers` for graphs whose sizes are all known.
    """

    is_host: bool  # whether it is the host's memory after all, so that `get` copies nothing

    def put(self, array: numpy.ndarray[Any, Any]) -> Any:
        """A buffer with the elements."""

    def get(self, buffer: Any) -> numpy.ndarray[Any, Any]:
        """The elements of a buffer."""

    def type_of(self, buffer: Any) -> Type:
        """The dtype and shape of a buffer."""

    def export(self, buffer: Any) -> Any:
        """The buffer as a DLPack capsule, not copied."""

    def imported(self, other: Any) -> Any:
        """A buffer that shares the memory of another library's array, by DLPack."""

    def dlpack_device(self) -> tuple[Any, int]:
        """DLPack's kind and number of the device."""


def backend_names() -> list[str]:
    """The names of the backends that are installed, ours and others'.

    >>> import isthmus as im
    >>> {"cpu", "gpu", "numpy"} <= set(im.backend_names())
    True
    """
    from importlib.metadata import entry_points  # with all it imports, slow to start

    return sorted(entry_points(group="isthmus.backends").names)


@cache
def find_backend(name: str) -> Backend:
    """The backend of a name; UsageError if there is none, BackendMissing if it cannot load."""
    from importlib.metadata import entry_points

    found = entry_points(group="isthmus.backends", name=name)
    if not found:
        raise UsageError(f"no backend '{name}'; there are {', '.join(backend_names())}")
    try:
        backend: Backend = next(iter(found)).load()()
    except ImportError as problem:
        raise BackendMissing(f"backend '{name}' cannot be loaded: {problem}") from problem
    return backend


def facts_of(backend: Backend) -> Facts:
    """What a backend says of itself."""
    found: Facts = getattr(backend, "facts", Facts)()
    return found


def writers() -> dict[str, tuple[Backend, Write]]:
    """The suffixes of the files that installed backends write, each with its backend."""
    found: dict[str, tuple[Backend, Write]] = {}
    for backend in _installed():
        for suffix, write in getattr(backend, "writes", {}).items():
            found.setdefault(suffix, (backend, write))
    return found


def _installed() -> list[Backend]:
    found = []
    for name in backend_names():
        try:
            found.append(find_backend(name))
        except BackendMissing:
            continue
    return found
