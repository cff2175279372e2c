"""`isthmus export`: a model as ONNX or OpenVINO IR, for other programs to run."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.errors import UsageError
from isthmus.system.extras import require

from .options import AsJson, ModelName, Seed, Weights, created, weights_of
from .outputs import check_outputs
from .show import say, show_json, spinner

if TYPE_CHECKING:
    from isthmus.graph.nodes import Type

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
        Path, typer.Argument(metavar="OUT", help="File to write: .onnx, or .xml for OpenVINO.")
    ],
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
    as_json: AsJson = False,
) -> None:
    """Write a model, or a saved program, with its weights, for ONNX Runtime or OpenVINO.

    Sizes are numbers, or names that stand for any size; by default the batch and a text's
    length are free, an image's height and width what the catalogue says, mostly 224.

    \b
    Example: isthmus export mobilenet-v2 mobilenet.onnx --batch 1
             isthmus export minilm-l6 minilm.xml --batch n --seq 128
             isthmus export net.im net.onnx
    """
    from .run_program import is_program

    started = time.time_ns()
    _check(out, [model, *([weights] if weights else [])])
    every = {"batch": batch, "seq": seq, "height": height, "width": width}
    sizes = {name: size for name, size in every.items() if size is not None}
    if is_program(model):
        given = [f"--{name}" for name in sizes] + ["--weights"] * bool(weights)
        source, specs = "saved", _program_written(model, given + ["--head"] * bool(head), out)
    else:
        specs = _specs(model, sizes)
        _model_written(model, weights, seed, head, specs, out)
        source = weights_of(model, weights)
    files = [path for path in (out, BESIDE[out.suffix](out)) if _is_new(path, started)]
    document = _document(model, source, files, specs)
    if as_json:
        show_json(document)
    else:
        _show(document)


def _model_written(
    model: str,
    weights: str | None,
    seed: int,
    head: str | None,
    specs: dict[str, Type],
    out: Path,
) -> None:
    from isthmus.program.export import export as write

    with spinner(f"exporting {model} ..."):
        net = created(model, weights, seed, **({"head": head} if head else {}))
        write(net, specs, out)


def _program_written(program: str, given: list[str], out: Path) -> dict[str, Type]:
    """The types of its inputs; it has its weights and sizes already."""
    from isthmus.program.archive import opened
    from isthmus.program.export import export_graph
    from isthmus.program.options import Options

    if given:
        raise UsageError(f"{program} is a saved program, with sizes of its own; leave {given[0]}")
    with spinner(f"exporting {program} ..."):
        saved = opened(program)
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


def _specs(model: str, sizes: dict[str, str]) -> dict[str, Type]:
    """The specs of the model's inputs; UsageError for a size that it does not have."""
    from isthmus import models

    entry = models.find(model)
    known = list(inspect.signature(entry.kind.specs).parameters)
    for name, size in sizes.items():
        if name not in known:
            has = ", ".join(f"--{word}" for word in known)
            raise UsageError(f"{model} has no --{name}; it has {has}")
        if size.strip().isdigit() and int(size) == 0:
            raise UsageError(f"--{name} 0: nothing to compute; give a number from 1, or a name")
    return entry.specs(**sizes)


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
