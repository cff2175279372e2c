"""A program into a folder that Triton and OpenVINO Model Server open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.program.archive import opened
from isthmus.program.executable import Executable
from isthmus.program.export import export_graph
from isthmus.program.names import check_names
from isthmus.program.options import Options
from isthmus.system.extras import require
from isthmus.system.files import try_folder
from isthmus.trace.tracing import Traced, trace

from .batching import batch_axis, why_not_joined
from .capacity import Capacity, capacity_of, tuned_backend
from .files import Described
from .model_names import checked_name
from .servers import BACKENDS
from .settings import Settings
from .shapes import buckets_of
from .signature import Signature, signature_of
from .tree import add_version, check_same, staging

__all__ = ["Exported", "export_repository"]

USUAL = "onnxruntime"  # joins requests, and keeps float32


@dataclass(frozen=True)
class Exported:
    """What was added to a folder.

    version: its number. signature: what it takes and gives. why_alone: why Triton does not join
    requests, None where it does. buckets: sizes that are run before the first request. kept: shared
    files that somebody edited, and that are as they were.

    >>> import isthmus as im
    >>> from isthmus.serve.repository import export_repository
    >>> made = export_repository(im.np.tanh, "models", name="tanh", specs=im.spec("float32", [2]))
    >>> print(made.model_file)
    models/tanh/1/model.onnx
    """

    folder: Path
    name: str
    version: int
    signature: Signature
    capacity: Capacity
    why_alone: str | None
    buckets: tuple[Mapping[str, int], ...]
    kept: tuple[str, ...]

    @property
    def model_file(self) -> Path:
        """The program itself."""
        file = BACKENDS[self.signature.backend].file
        return self.folder / self.name / str(self.version) / file

    @property
    def caution(self) -> str:
        """Where Triton's numbers may differ from the program's; "" where they do not."""
        return BACKENDS[self.signature.backend].caution


@dataclass(frozen=True)
class _Source:
    """A program, the options it is written with, and how it was tuned."""

    traced: Traced
    options: Options
    tuning: Mapping[str, Any] | None = None


def export_repository(
    source: str | Path | Executable | Callable[..., Any],
    folder: str | Path,
    *,
    name: str | None = None,
    specs: Any = None,
    settings: Settings | None = None,
) -> Exported:
    """Add a version of a model to a folder that Triton and OpenVINO Model Server open.

    source: the path of a saved program or of an ONNX file, an Executable, or a function or Block,
    which then needs specs, as for `isthmus.compile`. name: of the model; that of the file unless
    given. What is written: config.json for Model Server; NAME/config.pbtxt for Triton; the program,
    as NAME/1/model.onnx or NAME/1/model.xml; NAME/README.md; NAME.kserve.yaml. The first export of
    a name is version 1, each further one the next: it is there whole or not at all, and no version
    is ever replaced. All versions have the same inputs and results. Files that all versions share
    are written anew unless somebody edited them.

    Where the first axis of all inputs and results is one named size, and random rows give the same
    alone and together, Triton may join requests. Raises UsageError for names and types that a
    server refuses and for inputs or results other than those of the versions that are there;
    FileError where the folder cannot be written, and what `isthmus.export` raises.

    >>> import isthmus as im
    >>> from isthmus.serve.repository import Settings, export_repository
    >>> run = im.compile(im.np.tanh, im.spec("float32", ["batch", 4]))
    >>> made = export_repository(run, "models", name="tanh")
    >>> made.version, made.signature.max_batch_size
    (1, 8)
    >>> export_repository(run, "models", name="tanh").version
    2
    """
    asked, target = settings or Settings(), Path(folder)
    model = checked_name(name if name is not None else _name_of(source))
    found = _source(source, specs)
    try_folder(target)
    described, alone = _described(model, asked, found)
    check_same(target, model, described.shared_signature)
    try:
        with staging(target, model) as staged:
            file = BACKENDS[described.signature.backend].file
            export_graph(described.graph, staged / file, found.options)
            version, kept = add_version(
                target, model, described.shared_signature, staged, described.planned_in(target)
            )
    except OSError as problem:
        raise FileError(f"{target}: cannot be written ({problem.strerror})") from problem
    return Exported(
        *(target, model, version, described.signature, described.capacity, alone),
        tuple(described.buckets),
        tuple(kept),
    )


def _described(model: str, asked: Settings, found: _Source) -> tuple[Described, str | None]:
    """All that the files say, and why requests are not joined."""
    graph = found.traced.graph
    check_names(graph)
    backend = asked.server_backend or _usual(asked, found)
    _check_precision(backend, asked, found)
    if BACKENDS[backend].file.endswith(".onnx"):
        require("onnx-cpu", "onnx", user="a .onnx file")
    signature_of(graph, backend, 0)  # what is refused is so before anything runs
    buckets = buckets_of(graph, batch_axis(graph), asked.buckets)
    alone = _why_alone(backend, asked, found, buckets)
    signature = signature_of(graph, backend, 0 if alone is not None else asked.max_batch_size)
    capacity = capacity_of(found.tuning, backend, asked.device)
    return Described(model, graph, signature, capacity, asked, buckets, alone, found.options), alone


def _usual(asked: Settings, found: _Source) -> str:
    """The backend that was tuned, where it keeps the program's numbers, or the first that can."""
    precision, tuned = found.options.precision, tuned_backend(found.tuning, asked.device)
    if tuned and precision in BACKENDS[tuned].keeps:
        return tuned
    return "openvino" if asked.device == "cpu" and precision in BACKENDS[USUAL].lacks else USUAL


def _check_precision(backend: str, asked: Settings, found: _Source) -> None:
    precision = found.options.precision
    if asked.device == "cpu" and precision in BACKENDS[backend].lacks:
        raise UsageError(
            f"{backend} has no arithmetic of {precision} on processors; give --server-backend "
            "openvino, or --device cuda"
        )


def _source(source: Any, specs: Any) -> _Source:
    if isinstance(source, str | Path):
        _check_no_specs(specs)
        saved = opened(source)
        options = Options(saved.precision.precision, overrides=saved.precision.overrides)
        return _Source(saved.traced, options, saved.tuning)
    if isinstance(source, Executable):
        _check_no_specs(specs)
        options = Options(source.options.precision, overrides=source.options.overrides)
        return _Source(source.traced, options, source.tuning)
    if specs is None:
        raise UsageError("a function or block has no types of its own; give specs")
    return _Source(trace(source, specs), Options())


def _check_no_specs(specs: Any) -> None:
    if specs is not None:
        raise UsageError("a program has its types already; leave specs out")


def _name_of(source: Any) -> str:
    if isinstance(source, str | Path):
        return Path(source).stem
    raise UsageError("a program that is no file has no name; give name='...'")


def _why_alone(
    backend: str, asked: Settings, found: _Source, buckets: list[dict[str, int]]
) -> str | None:
    """Why Triton does not join requests; None where it does."""
    if asked.max_batch_size == 0:
        return "max_batch_size 0 was asked for"
    if not BACKENDS[backend].joins:
        return f"its backend {backend} makes a batch of one fixed size alone"
    return why_not_joined(found.traced, found.options.precision, buckets)
