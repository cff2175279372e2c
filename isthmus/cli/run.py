"""`isthmus run`: a model on texts or image files, or a saved program on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from isthmus.errors import UsageError

from .options import AsJson, ModelOrFile, NamedSizes, Weights
from .outputs import check_outputs

__all__ = ["run"]


def run(
    model: ModelOrFile,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text; repeat for several; - reads lines of input."),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="An image file; repeat for several.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME=FILE",
            help="For a program's input: an array (.npy), an image or, of token numbers, a text; "
            "NAME=random makes one up, random all the rest.",
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Of a text for a program: tokenizer.json or vocab.txt, or its folder; default: "
            "the program's.",
        ),
    ] = None,
    size: NamedSizes = None,
    weights: Weights = None,
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, gpu, numpy, or another's.")
    ] = "cpu",
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of backend gpu: cuda (default) or cpu.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="f32; bf16 or f16 where the backend has it. Default: a program's own, else f32.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Compute threads; default: all allowed.")
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many labels, pairs or elements to print.")
    ] = 5,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the arrays, of a program its outputs, as .npz."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of random weights, or of random input.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run a model on texts or images, all of them as one batch; or a saved program or an ONNX
    file on arrays.

    Texts: how similar they are, by the mean of their tokens' vectors. Images: the likeliest
    of ImageNet's classes. A program, the file of Executable.save, or an ONNX file: its outputs.

    \b
    Example: isthmus run minilm-l6 --text "a cat" --text "a kitten" --text "a lorry"
             isthmus run mobilenet-v2 --image photo.jpg --backend gpu --top 3
             isthmus run net.im --input x=array.npy --output out.npz
             isthmus run net.im --input random --size batch=2
             isthmus run model.onnx --input image=photo.jpg --size batch=1
             isthmus run model.onnx --input input_ids="a cat" --tokenizer vocab.txt
    """
    from isthmus.program.archive import refuse_foreign

    from . import run_model, run_program

    refuse_foreign(Path(model))
    arrays = [text.partition("=")[2] for text in inputs or ()]
    _check_output(output, [model, *arrays, *(image or ()), *([weights] if weights else ())])
    options = {"device": device, "precision": precision, "threads": threads}
    if run_program.is_program(model):
        if text or image or weights:
            step = "give --input NAME=FILE.npy, no --text, --image or --weights"
            raise UsageError(f"{model} is a saved program; {step}")
        given = inputs or []
        asked = run_program.Asked(model, given, size or [], seed, backend, options, tokenizer)
        run_program.run_program(asked, top, output, as_json)
        return
    if inputs or size or tokenizer:
        raise UsageError(_no_program(model))
    options["precision"] = precision or "f32"
    wanted = run_model.Asked(model, text or [], image or [], weights, seed, backend, options)
    run_model.run_model(wanted, top, output, as_json)


def _no_program(name: str) -> str:
    """Why it takes no --input, and what to type."""
    from isthmus.models import CATALOG

    if name.lower() not in CATALOG:
        step = (
            "give --text or --image; --input, --size and --tokenizer are of a saved program's file"
        )
        return f"{name} is no such file; {step}"
    step = f"write ./{name} for the file" if Path(name).is_file() else "give --text or --image"
    options = "--input, --size and --tokenizer"
    return f"{name} is a model, and {options} are of a saved program's file; {step}"


def _check_output(path: Path | None, inputs: Sequence[str | Path]) -> None:
    """Before the work, not after it: can the file be written?"""
    if path is None:
        return
    if path.suffix != ".npz":
        raise UsageError(f"{path}: arrays are written as .npz; name a file that ends in it")
    check_outputs({"--output": path}, inputs)
