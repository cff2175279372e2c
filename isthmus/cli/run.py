"""`isthmus run`: texts or image files in, similarities or labels out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.errors import FileError, UsageError

from .options import AsJson, ModelName, Seed, Weights, created, weights_of
from .show import show_json, spinner

if TYPE_CHECKING:
    from isthmus.models import Model
    from isthmus.models.run import ImageRun, TextRun


def run(
    model: ModelName,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text; repeat for several; - reads lines of input."),
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="An image file; repeat for several.")
    ] = None,
    weights: Weights = None,
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, gpu, numpy, or another's.")
    ] = "cpu",
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of backend gpu: cuda (default) or cpu.")
    ] = None,
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="f32, or bf16 where the backend has it.")
    ] = "f32",
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Compute threads; default: all allowed.")
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many labels or pairs to print.")
    ] = 5,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all arrays to this .npz file.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Run a model on texts or images, all of them as one batch.

    Texts: how similar they are, by the mean of their tokens' vectors. Images: the likeliest
    of ImageNet's classes.

    \b
    Example: isthmus run minilm-l6 --text "a cat" --text "a kitten" --text "a lorry"
             isthmus run mobilenet-v2 --image photo.jpg --backend gpu --top 3
    """
    from isthmus import models
    from isthmus.program.backend import find_backend

    from . import answers

    takes_texts = "x" not in models.find(model).kind.specs()
    inputs = _inputs(model, takes_texts, _lines(text or []), image or [])
    _check_output(output)
    find_backend(backend)
    about = {"model": model, "weights": weights_of(model, weights), "backend": backend}
    options = {"device": device, "precision": precision, "threads": threads}
    with spinner(f"{model} on {backend} ..."):
        head = {"head": "sentence"} if takes_texts else {}
        done = _run(created(model, weights, seed, **head), inputs, backend, options)
    _write(output, done)
    if as_json:
        written = None if output is None else str(output)
        show_json({**about, **options, "output": written, **answers.document(done, top)})
    else:
        answers.show(about, done, top)


def _inputs(model: str, takes_texts: bool, texts: list[str], images: list[Path]) -> list[str]:
    """What to run on, if it is of the kind that the model takes."""
    wanted, other = ("text", "image") if takes_texts else ("image", "text")
    if images if takes_texts else texts:
        raise UsageError(f"{model} takes {wanted}s, not {other}s; give --{wanted}, no --{other}")
    if not texts and not images:
        raise UsageError(f"{model} has nothing to run on; give --{wanted}, once or several times")
    for place, text in enumerate(texts, 1):
        _check_text(f"text {place} of {len(texts)}", text)
    return texts or [str(path) for path in images]


def _check_text(name: str, text: str) -> None:
    if not text.strip():
        raise UsageError(f"{name} is empty; give --text at least a word")
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8 reach us as lone surrogates
        raise UsageError(f"{name} is not UTF-8; convert it first") from None


def _lines(texts: list[str]) -> list[str]:
    """The texts; `-` stands for the lines of standard input that are not blank."""
    return [line for text in texts for line in (_input_lines() if text == "-" else [text])]


def _input_lines() -> list[str]:
    try:
        lines = [line for line in sys.stdin.read().splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8; convert it first") from None
    if not lines:
        raise UsageError("standard input has no text; give a line for each text")
    return lines


def _run(
    model: Model, inputs: list[str], backend: str, options: Mapping[str, Any]
) -> TextRun | ImageRun:
    from isthmus.models.run import run_images, run_texts

    if model.task == "embedding":
        return run_texts(model, inputs, backend, **options)
    return run_images(model, inputs, backend, **options)


def _check_output(path: Path | None) -> None:
    """Before the work, not after it: can the file be written?"""
    if path is None:
        return
    if path.suffix != ".npz":
        raise UsageError(f"{path}: arrays are written as .npz; name a file that ends in it")
    if not path.parent.is_dir():
        raise FileError(f"{path}: there is no folder {path.parent}; create it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise FileError(f"{path}: cannot be written; name a file in a folder of yours")


def _write(path: Path | None, done: TextRun | ImageRun) -> None:
    import numpy

    if path is not None:
        arrays: dict[str, Any] = dict(done.arrays)
        numpy.savez(path, **arrays)
