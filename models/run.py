"""Texts or photographs in, answers out: what `isthmus run` does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.program.compiling import compile

from .catalog import Model
from .texts import TextProgram, text_rows

__all__ = ["ImageRun", "TextRun", "cosines", "run_images", "run_texts"]

Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class TextRun:
    """embeddings: [N, W]; similarities: [N, N] cosines; arrays: all that went in and came out."""

    texts: tuple[str, ...]
    embeddings: Array
    similarities: Array
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class ImageRun:
    """labels: for each image the five likeliest (class, probability), likeliest first."""

    paths: tuple[str, ...]
    labels: tuple[tuple[tuple[str, float], ...], ...]
    arrays: Mapping[str, Array]


def run_texts(model: Model, texts: Sequence[str], backend: str = "cpu", **options: Any) -> TextRun:
    """Embeddings of the texts, run as `TextProgram` does, and how similar they are.

    options: its way, "packed" where the model takes such rows and "padded" elsewhere, batch,
    and `compile`'s. arrays has the texts padded to the longest.
    Raises UsageError for a model that returns no embedding.
    """
    if model.task != "embedding":
        raise UsageError(
            f"{model.entry.name} answers {model.task}; create a BERT with head='sentence' to embed"
        )
    inputs = model.preprocess(texts)
    if "token_type_ids" not in model.specs():  # which packed rows have
        options = {"way": "padded", **options}
    program = TextProgram(model, backend=backend, **options)
    embeddings = numpy.stack([own["embedding"] for own in program.of_tokens(text_rows(inputs))])
    arrays = {**inputs, "embedding": embeddings}
    return TextRun(tuple(texts), embeddings, cosines(embeddings), arrays)


def run_images(
    model: Model, paths: Sequence[str | os.PathLike[str]], backend: str = "cpu", **options: Any
) -> ImageRun:
    """The likeliest classes of the image files, as one batch; options: `compile`'s.

    Raises UsageError for a model that takes no images, FileError for what is no image.
    """
    if "x" not in model.specs():
        raise UsageError(f"{model.entry.name} takes texts, not images; try mobilenet-v2")
    inputs = model.preprocess(paths)
    logits = compile(model, model.specs(), backend=backend, **options)(**inputs)
    labels = tuple(tuple(row) for row in model.postprocess(logits))
    return ImageRun(tuple(os.fspath(path) for path in paths), labels, {**inputs, "logits": logits})


def cosines(embeddings: Array) -> Array:
    """a @ b / (|a| |b|) for each pair of rows. [N, W] -> [N, N]."""
    norms = numpy.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / numpy.maximum(norms, 1e-12)
    return unit @ unit.T
