"""`isthmus export`: a model as ONNX or OpenVINO IR, or as a folder that model servers open."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.errors import UsageError
from isthmus.system.extras import require

from .export_repository import to_repository
from .export_wanted import Wanted
from .options import AsJson, ModelName, Seed, Weights, weights_of
from .outputs import check_outputs
from .show import say, show_json, spinner

if TYPE_CHECKING:
    from isthmus.graph.nodes import Type
    from isthmus.models import Model

__all__ = ["export"]

Size = Annotated[str | None, typer.Option(metavar="SIZE", help="A number, or a name for any size.")]
# Where each format puts weights that do not go into the file itself.
BESIDE: dict[str, Callable[[Path], Path]] = {
    ".onnx": lambda out: out.with_name(f"{out.name}.data"),
    ".xml": lambda out: out.with_suffix(".bin"),
}


def export(
    model: ModelName,
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="File to write: .onnx, or .xml for OpenVINO."),
    ] = None,
    weights: Weights = None,
    batch: Size = None,
    seq: Size = None,
    height: Size = None,
    width: Size = None,
    head: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a BERT, such as classification or masked-lm."),
    ] = None,
    seed: Seed = 0,
    repository: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Instead of OUT: a folder for Triton and OpenVINO Model Server; adds a version.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the model in the folder.")
    ] = None,
    server_backend: Annotated[
        str | None,
        typer.Option(
            metavar="BACKEND",
            help="Triton's: onnxruntime or openvino; default: the first; as tuned for bf16, int8.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where it will be served: cpu or cuda.")
    ] = None,
    max_batch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Rows that Triton joins to one call, 0 for none; 8."),
    ] = None,
    queue_delay_us: Annotated[
        int | None, typer.Option(metavar="N", help="How long a request waits for others; 500.")
    ] = None,
    bucket: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help="A size that clients pad to; repeat for several."),
    ] = None,
    storage_uri: Annotated[
        str | None, typer.Option(metavar="URI", help="Where KServe finds the folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a model, or a saved program, with its weights, for ONNX Runtime or OpenVINO.

    Sizes are numbers, or names that stand for any size; by default the batch and a text's
    length are free, an image's height and width what the catalogue says, mostly 224. With
    --repository the folder is made or gets another version.

    \b
    Example: isthmus export mobilenet-v2 mobilenet.onnx --batch 1
             isthmus export minilm-l6 minilm.xml --batch n --seq 128
             isthmus export net.im net.onnx
             isthmus export minilm-l6 --repository models --bucket seq=32 --bucket seq=128
    """
    every = {"batch": batch, "seq": seq, "height": height, "width": width}
    sizes = {key: size for key, size in every.items() if size is not None}
    wanted = Wanted(model, weights, seed, head, sizes)
    served = {
        "--name": name,
        "--server-backend": server_backend,
        "--device": device,
        "--max-batch": max_batch,
        "--queue-delay-us": queue_delay_us,
        "--bucket": bucket or None,
        "--storage-uri": storage_uri,
    }
    asked = {option: value for option, value in served.items() if value is not None}
    if repository is not None:
        if out is not None:
            raise UsageError(f"OUT {out} and --repository {repository}: give one of them")
        to_repository(wanted, repository, asked, as_json)
        return
    if out is None:
        raise UsageError("nothing to write to: give a file OUT, or --repository FOLDER")
    if asked:
        raise UsageError(f"{next(iter(asked))} is of --repository FOLDER; give that, or leave it")
    to_file(wanted, out, as_json)


def to_file(wanted: Wanted, out: Path, as_json: bool) -> None:
    """The model as one file, with what a format puts beside it."""
    started = time.time_ns()
    _check(out, [wanted.model, *([wanted.weights] if wanted.weights else [])])
    if wanted.is_program:
        source, specs = "saved", _program_written(wanted, out)
    else:
        specs = wanted.specs()
        with spinner(f"exporting {wanted.model} ..."):
            _write(wanted.block(), specs, out)
        source = weights_of(wanted.model, wanted.weights)
    files = [path for path in (out, BESIDE[out.suffix](out)) if _is_new(path, started)]
    document = _document(wanted.model, source, files, specs)
    if as_json:
        show_json(document)
    else:
        _show(document)


def _write(net: Model, specs: dict[str, Type], out: Path) -> None:
    from isthmus.program.export import export as write

    write(net, specs, out)


def _program_written(wanted: Wanted, out: Path) -> dict[str, Type]:
    """The types of its inputs; it has its weights and sizes already."""
    from isthmus.program.archive import opened
    from isthmus.program.export import export_graph
    from isthmus.program.options import Options

    wanted.check_program()
    with spinner(f"exporting {wanted.model} ..."):
        saved = opened(wanted.model)
        graph, asked = saved.traced.graph, saved.precision
        export_graph(graph, out, Options(asked.precision, overrides=asked.overrides))
    return {value.name: value.type for value in graph.inputs}


def _check(out: Path, inputs: Sequence[str]) -> None:
    """Before the work, not after it: is this a file that can be written?"""
    if out.suffix not in BESIDE:
        raise UsageError(f"{out}: unknown suffix; name a file that ends in {' or '.join(BESIDE)}")
    check_outputs({"OUT": out, "its weights": BESIDE[out.suffix](out)}, inputs)
    if out.suffix == ".onnx":
        require("onnx-cpu", "onnx", user="a .onnx file")


def _is_new(path: Path, started: int) -> bool:
    return path.exists() and path.stat().st_mtime_ns >= started


def _document(
    model: str, weights: str, files: list[Path], specs: dict[str, Type]
) -> dict[str, Any]:
    return {
        "model": model,
        "weights": weights,
        "files": [{"path": str(path), "bytes": path.stat().st_size} for path in files],
        "inputs": {name: str(kind) for name, kind in specs.items()},
    }


def _show(document: dict[str, Any]) -> None:
    for file in document["files"]:
        say(f"wrote {file['path']} ({file['bytes'] / 1e6:.1f} MB)")
    for name, kind in document["inputs"].items():
        say(f"  {name}: {kind}")
