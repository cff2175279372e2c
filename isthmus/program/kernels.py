"""Kernels that operators of other packages state: whether a node's can be used, and the proof.

A library is code, and a runtime takes it into this process. So it is first taken into another,
which computes the node for some arrays of its types; only what comes back as the operator's body
computes it is used here. A library that is not there is no error: NumPy runs the body.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.graph.dims import Dim, same
from isthmus.graph.kernel import Kernel
from isthmus.graph.nodes import Graph, Node, Type
from isthmus.trace.tracing import spec, trace

from .backend import facts_of, find_backend

__all__ = [
    "Libraries",
    "check_kernels",
    "checksum",
    "kernel_lines",
    "kernel_reason",
    "used_kernels",
]

_PLAIN = (bool, int, float, str)
_known: dict[Any, str] = {}  # what was tried in this process: "", or what is wrong with it
_loaded: dict[tuple[str, str], str] = {}  # the sums of libraries, by backend and path


def kernel_reason(
    node: Node, backend: str, dtypes: Iterable[str], device: str | None = None
) -> str | None:
    """None where the node's kernel can be used, else why NumPy runs the body.

    dtypes: those that the runtime gives a library as they are. device: as the backend names it,
    where it has several. UsageError for a library that does not load, has no such operation, or
    computes something else.
    """
    kernel = node.op.kernels[backend]
    reason = _unfit(node, set(kernel.dtypes) & set(dtypes))
    if reason is not None:
        return reason
    if device is not None and device.partition(":")[0] not in kernel.devices:
        return f"its kernel {kernel} is not for device '{device}'"
    if not os.path.exists(kernel.library):
        return f"the library of its kernel, {kernel.library}, is not there"
    _check(node, kernel, backend, device)
    _check_loaded(node, kernel, backend)
    return None


def _unfit(node: Node, taken: set[str]) -> str | None:
    """Why a node is none that a kernel of these dtypes could be given."""
    types = [value.type for value in (*node.operands, *node.results) if value is not None]
    return _operand_reason(node) or _type_reason(types, taken) or _attribute_reason(node)


def _operand_reason(node: Node) -> str | None:
    if node.bodies:
        return "a kernel runs no bodies"
    return "a kernel takes no operand that is left out" if None in node.operands else None


def _type_reason(types: Iterable[Type], taken: set[str]) -> str | None:
    for each in types:
        if each.dtype.name not in taken:
            return f"its kernel does not take {each.dtype}"
        if any(same(size, 0) for size in each.shape):
            return "an array is empty, of which runtimes make other things than NumPy"
    return None


def _attribute_reason(node: Node) -> str | None:
    for name, value in node.attributes.items():
        if not _is_plain(value):
            kind = "a named size" if isinstance(value, Dim) else f"a {type(value).__name__}"
            return f"its kernel is given numbers and texts, and {name} is {kind}"
    return None


def _is_plain(value: Any) -> bool:
    """Whether both runtimes have attributes of this kind: a number, a text, or a list of one."""
    if isinstance(value, tuple | list):
        kinds = {type(part) for part in value}
        return len(kinds) == 1 and kinds <= {int, float, str}
    return type(value) in _PLAIN


def _check(node: Node, kernel: Kernel, backend: str, device: str | None, draws: Any = None) -> None:
    """UsageError if a trial of the node in another process says that its kernel is wrong.

    draws: sizes and operands, which are drawn for the types and remembered unless given.
    """
    from .kernel_trial import Trial, tried  # which starts processes, and few programs need

    trial = Trial.of(node, kernel, backend, device)
    key = (node.op, checksum(kernel.library), trial.key)
    wrong = _known.get(key)
    if wrong is None or draws is not None:
        wrong = tried(node.op, trial, draws)
        if wrong or draws is None:
            _known[key] = wrong
    if wrong:
        raise UsageError(f"{node.op.name}: its {backend} kernel {kernel} {wrong}")


def _check_loaded(node: Node, kernel: Kernel, backend: str) -> None:
    """UsageError where the file is another one than this process has loaded, and still runs."""
    path = kernel.library
    if _loaded.setdefault((backend, path), checksum(path)) != checksum(path):
        raise UsageError(
            f"{node.op.name}: {path} was written since this process loaded it; start it again"
        )


def checksum(library: str) -> str:
    """The SHA-256 of a file, read again where it has been written since. Raises FileError."""
    try:
        facts = os.stat(library)
    except OSError as problem:
        raise FileError(f"{library}: the library cannot be read: {problem.strerror}") from None
    return _checksum(library, (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns))


@cache
def _checksum(library: str, stamp: tuple[int, ...]) -> str:
    import hashlib  # loads a library of its own, which few programs need

    with open(library, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_kernels(op: Any, *operands: Any, **attributes: Any) -> list[str]:
    """Try the operator's kernels on these operands, each in a process of its own; who was tried.

    What a program does by itself with numbers drawn for its types, for operators whose operands are
    no such numbers: positions, or sizes that have to fit. Returns the names of the backends; one
    whose library is not there, or whose kernel does not take the operands, is left out. Raises
    UsageError for a kernel that does not load, ends the process, or computes something else.

    >>> import numpy
    >>> from isthmus.extend import Kernel, check_kernels, elementwise, primitive
    >>> @primitive(infer=elementwise, kernels={"cpu": Kernel("absent.so", "Twice", "my.ops")})
    ... def twice(x, /):
    ...     return x + x
    >>> check_kernels(twice, numpy.ones(3, numpy.float32))
    []
    """
    arrays = [numpy.asarray(operand) for operand in operands]
    graph = trace(
        lambda *given: op(*([list(given)] if op.variadic else given), **attributes),
        tuple(spec(array.dtype, array.shape) for array in arrays),
    ).graph
    found = []
    for backend, kernel in op.kernels.items():
        for node in (node for node in graph.nodes() if node.op is op):
            if os.path.exists(kernel.library) and _unfit(node, set(kernel.dtypes)) is None:
                _check(node, kernel, backend, _host_of(backend), [({}, arrays)])
                found.append(backend)
    return found


def _host_of(backend: str) -> str | None:
    """The processor, as a backend of several devices names it."""
    return "cpu" if "cpu" in facts_of(find_backend(backend)).devices else None


# What a program uses


def used_kernels(graph: Graph, backend: str) -> dict[str, Kernel]:
    """The kernels of the graph's operators for a backend, by the operators' names."""
    return {
        node.op.name: node.op.kernels[backend]
        for node in graph.all_nodes()
        if backend in node.op.kernels
    }


def kernel_lines(graph: Graph, backend: str) -> list[str]:
    """What `Executable.explain` says of them."""
    return [f"{name} is {kernel}" for name, kernel in used_kernels(graph, backend).items()]


@dataclass(frozen=True)
class Libraries:
    """The libraries of a saved program: by the names of the operators whose kernels it was run by.

    Each has library, sha256, operation, domain and version.
    """

    backend: str
    kernels: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, graphs: Iterable[Graph], backend: str) -> Libraries:
        """Those of the parts that the backend runs."""
        used = {name: k for graph in graphs for name, k in used_kernels(graph, backend).items()}
        return cls(backend, {name: _described(kernel) for name, kernel in used.items()})

    def check(self, path: object, graph: Graph, backend: str) -> None:
        """FileError where a library that the file names is missing, or has changed."""
        if backend != self.backend:
            return
        here = {node.op.name: node.op for node in graph.all_nodes()}
        for name, written in self.kernels.items():
            kernel = here[name].kernels.get(backend) if name in here else None
            found = written["library"] if kernel is None else kernel.library
            if kernel is None or not os.path.exists(found):
                raise FileError(
                    f"{path}: the {backend} library of '{name}' is missing: {found}; put it there, "
                    "or load the program with backend='numpy'"
                )
            if checksum(found) != written["sha256"]:
                raise FileError(
                    f"{path}: the {backend} library of '{name}' is another than it was saved "
                    f"with: {found} has SHA-256 {checksum(found)[:12]}, and had "
                    f"{written['sha256'][:12]}; put that one there, or save the program again"
                )


def _described(kernel: Kernel) -> dict[str, Any]:
    return {
        "library": kernel.library,
        "sha256": checksum(kernel.library),
        "operation": kernel.operation,
        "domain": kernel.domain,
        "version": kernel.version,
    }
