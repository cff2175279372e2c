"""Real input, cut so that no two calls see the same: windows of a passage, crops of photographs."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.models.inputs import samples

__all__ = ["Arrays", "all_texts", "crops", "texts", "windows"]

Arrays = dict[str, numpy.ndarray[Any, Any]]

# Places among texts sorted by length, in 16ths, so that any few that follow each other are mixed.
MIXED = (8, 0, 12, 4, 10, 2, 14, 6, 9, 1, 13, 5, 11, 3, 15, 7)
SPECIAL_TOKENS = 2  # [CLS] and [SEP]


def windows(sequence: int, batch: int, count: int) -> list[Arrays]:
    """Token numbers [batch, sequence], `count` times: each row the passage from another word on.

    Every row is filled to the whole sequence. UsageError if the passage is too short for that.
    """
    words = _passage().split()
    last = _last_start(words, sequence - SPECIAL_TOKENS)
    rows = batch * count
    if last is None or rows > last + 1:
        raise UsageError(
            f"{rows} windows of {sequence} tokens: the passage is shorter than that; give a "
            "smaller batch or sequence"
        )
    starts = [i * (last + 1) // rows for i in range(rows)]
    texts = [" ".join(words[start : start + sequence]) for start in starts]
    encoded = _tokenizer().encode(texts, max_length=sequence)
    return [{name: array[i::count].copy() for name, array in encoded.items()} for i in range(count)]


def texts(batch: int = 1) -> list[Arrays]:
    """Token numbers [1, length] of 16 texts, whose lengths are the quantiles of all there are.

    All there are: the paragraphs of the passage and their sentences. UsageError for a batch, as
    texts of several lengths are none without padding.
    """
    if batch != 1:
        raise UsageError(f"texts differ in length, so that {batch} are no batch; give a sequence")
    tokenizer = _tokenizer()
    encoded = [tokenizer.encode([text]) for text in all_texts()]
    ordered = sorted(encoded, key=lambda tokens: tokens["input_ids"].shape[1])
    return [{**ordered[(2 * i + 1) * len(ordered) // (2 * len(MIXED))]} for i in MIXED]


def crops(batch: int, count: int) -> list[Arrays]:
    """Pixels [batch, 3, 224, 224], `count` times: parts of the two photographs in turn."""
    from isthmus.models.inputs.images import load_image, prepare

    photographs = [load_image(path) for path in samples.photographs()]
    parts = [_part(photographs[i % 2], i // 2) for i in range(batch * count)]
    return [{"x": prepare(parts[i * batch : (i + 1) * batch])} for i in range(count)]


def _part(image: Any, number: int) -> Any:
    """The whole image for 0, otherwise three quarters of its width and height from elsewhere."""
    if number == 0:
        return image
    width, height = (side * 3 // 4 for side in image.size)
    # Steps without a common divisor with the room there is visit every offset before one returns.
    left = 37 * number % (image.width - width)
    top = 29 * number % (image.height - height)
    return image.crop((left, top, left + width, top + height))


def _last_start(words: list[str], tokens: int) -> int | None:
    """The last word from which on there are so many tokens; None if there are fewer in all."""
    mask = _tokenizer().encode(words)["attention_mask"]
    left = numpy.cumsum((mask.sum(axis=1) - SPECIAL_TOKENS)[::-1])[::-1]
    enough = numpy.flatnonzero(left >= tokens)
    return int(enough[-1]) if enough.size else None


def all_texts() -> list[str]:
    """The paragraphs of the passage and their sentences, each once."""
    paragraphs = [" ".join(text.split()) for text in _passage().split("\n\n")]
    sentences = [re.split(r"(?<=[.?!]) ", text) for text in paragraphs]
    return list(dict.fromkeys([*paragraphs, *(s for group in sentences for s in group)]))


@cache
def _passage() -> str:
    return files(__package__).joinpath("texts.txt").read_text(encoding="utf-8").strip()


@cache
def _tokenizer() -> Any:
    from isthmus.models.inputs.text import Tokenizer

    return Tokenizer(samples.minilm())
