"""`isthmus run MODEL`: a model of the catalogue on texts or image files, as one batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import UsageError
from isthmus.system import files
from isthmus.system.extras import require

from .options import created, weights_of
from .show import show_json, spinner

if TYPE_CHECKING:
    from isthmus.models import Model
    from isthmus.models.run import ImageRun, TextRun

__all__ = ["Asked", "lines_of", "run_model"]


@dataclass(frozen=True)
class Asked:
    """A model, and the texts or the images that it runs on."""

    model: str
    texts: Sequence[str]
    images: Sequence[Path]
    weights: str | None
    seed: int
    backend: str
    options: Mapping[str, Any]


def run_model(asked: Asked, top: int, output: Path | None, as_json: bool) -> None:
    """Create, run and show; all arrays are written where that is asked."""
    from isthmus import models
    from isthmus.program.backend import find_backend

    from . import answers

    takes_texts = "x" not in models.find(asked.model).kind.specs()
    inputs = _inputs(asked.model, takes_texts, lines_of(asked.texts), asked.images)
    find_backend(asked.backend)
    source = weights_of(asked.model, asked.weights)
    require("models", "tokenizers" if takes_texts else "pillow")
    about = {"model": asked.model, "weights": source, "backend": asked.backend}
    with spinner(f"{asked.model} on {asked.backend} ..."):
        head = {"head": "sentence"} if takes_texts else {}
        net = created(asked.model, asked.weights, asked.seed, **head)
        done = _run(net, inputs, asked.backend, asked.options)
    _write(output, done)
    if as_json:
        written = None if output is None else str(output)
        show_json({**about, **asked.options, "output": written, **answers.document(done, top)})
    else:
        answers.show(about, done, top)


def _inputs(model: str, takes_texts: bool, texts: list[str], images: Sequence[Path]) -> list[str]:
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


def lines_of(texts: Sequence[str]) -> list[str]:
    """The texts; `-` stands for the lines of standard input that are not blank."""
    return [line for text in texts for line in (_input_lines() if text == "-" else [_read(text)])]


def _read(text: str) -> str:
    """An argument as UTF-8, also where the system's encoding is another."""
    with suppress(UnicodeError):
        return os.fsencode(text).decode("utf-8")
    return text


def _input_lines() -> list[str]:
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")  # whatever a terminal here has
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


def _write(path: Path | None, done: TextRun | ImageRun) -> None:
    import numpy

    if path is not None:
        arrays: dict[str, Any] = dict(done.arrays)
        with files.replacing(path) as partial:
            numpy.savez(partial, **arrays)
