"""Programs as files that other runtimes read: ONNX and OpenVINO IR."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.graph.nodes import Graph, Node
from isthmus.system import files
from isthmus.trace.tracing import trace

from .backend import Backend, writers
from .kernels import used_kernels
from .long_sums import for_files
from .names import check_names
from .options import Options, checked_options, checked_samples
from .precision import in_precision
from .prepared import prepared

__all__ = ["export", "export_graph"]


def export(
    function: Callable[..., Any],
    specs: Any,
    path: str | Path,
    *,
    precision: str = "f32",
    weights: str | None = None,
    samples: Sequence[Any] | None = None,
    overrides: Mapping[str, str] | None = None,
    constraints: Sequence[str] = (),
) -> None:
    """Write a function or Block as `.onnx` (weights inside, above 2 GB beside it) or `.xml`.

    specs, constraints: as for `isthmus.compile`; the file's inputs, outputs and named sizes
    have the same names: nested keys are joined by dots, a result without a key is "output", those
    of a list "output.0", "output.1". A weight has its parameter's name, with a number behind it
    where that is taken. precision, weights, samples, overrides: as for `isthmus.compile`; what runs
    in half precision has its weights in it, the others stay float32. What `compile` checks at every
    call a file cannot: indices outside an array, empty arrays and other sizes are up to the runtime
    that reads it. Of operators with kernels (`isthmus.extend.Kernel`) the file names the operation
    and its domain; who reads it has to register the library, as a UserWarning and the file say.
    Raises UsageError for another suffix, for names that are empty, stand for two arrays or hold
    control characters, and for operators only the host computes as NumPy; FileError where the
    file cannot be written.

    >>> from pathlib import Path
    >>> import isthmus as im
    >>> im.export(im.np.tanh, im.spec("float32", ["n"]), "tanh.xml")
    >>> Path("tanh.xml").exists()
    True
    """
    target = Path(path)
    _checked(target)
    options = checked_options(
        precision, None, "numpy", "error", None, weights=weights, overrides=overrides
    )
    given = checked_samples(samples, precision)
    if precision == "auto":
        raise UsageError(
            "precision='auto' of a file, whose reader is not known; compile with 'auto', and "
            "export in the precision that Executable.explain names"
        )
    traced = trace(function, specs, constraints=constraints)
    backend, _ = writers()[target.suffix]
    made = in_precision(traced, options, given, backend, as_file=True)
    _write(made.graph, target, options)


def export_graph(graph: Graph, target: Path, options: Options | None = None) -> None:
    """A graph that is traced already, such as a saved program's; errors are those of `export`.

    options: with the precision it was saved in.
    """
    _checked(target)
    _write(graph, target, options or Options())


def _checked(target: Path) -> None:
    formats = writers()
    if target.suffix not in formats:
        known = " or ".join(sorted(formats))
        raise UsageError(f"{target.name}: no format has suffix '{target.suffix}'; give {known}")
    if not target.parent.is_dir():
        raise FileError(f"{target.parent} is no folder; create it first")


def _write(graph: Graph, target: Path, options: Options) -> None:
    check_names(graph)
    backend, write = writers()[target.suffix]
    graph = _whole(graph, backend, options)
    try:
        with files.replacing(target) as partial:
            write(graph, partial)
    except OSError as problem:
        raise FileError(f"{target} cannot be written: {problem.strerror}") from problem
    if kernels := used_kernels(graph, backend.name).values():
        needed = " and ".join(dict.fromkeys(map(str, kernels)))
        warnings.warn(
            f"{target.name} needs {needed}: its reader has to register the library first",
            UserWarning,
            stacklevel=3,
        )


def _whole(graph: Graph, backend: Backend, options: Options) -> Graph:
    """The graph as the backend takes it; UsageError if a part of it would be the host's."""
    anywhere = replace(options, device="cpu")  # no matter what kernels a device lacks
    expanded = prepared(graph, backend, anywhere, to_file=True)
    refuses = getattr(backend, "refuses_in_file", backend.refuses)
    nodes = expanded.nodes()
    refused = [(node, reason) for node in nodes if (reason := refuses(node, options))]
    if refused:
        raise UsageError(_explained(refused))
    return for_files(expanded) if getattr(backend, "adds_in_line", False) else expanded


def _explained(refused: list[tuple[Node, str]]) -> str:
    node, reason = refused[0]
    names = ", ".join(sorted({node.op.name for node, _ in refused}))
    return (
        f"a file cannot hold {names}, which only the host computes as NumPy does: "
        f"{node}{node.at}: {reason}; change the program"
    )
