"""Real input, cut so that no two calls see the same: windows of a passage, crops of photographs."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import cycle, islice
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.models.inputs import samples
from isthmus.models.inputs.pixels import USUAL, Pixels

__all__ = ["Arrays", "all_texts", "crops", "every_text", "texts", "windows"]

Arrays = dict[str, numpy.ndarray[Any, Any]]

# Places among texts sorted by length, in 16ths, so that any few that follow each other are mixed.
MIXED = (8, 0, 12, 4, 10, 2, 14, 6, 9, 1, 13, 5, 11, 3, 15, 7)
SPECIAL_TOKENS = 2  # [CLS] and [SEP]


def windows(sequence: int, batch: int, count: int, *, between: bool = False) -> list[Arrays]:
    """Token numbers [batch, sequence], `count` times: each row the passage from another word on.

    between: rows that begin half way between those of the usual windows. Every row is filled to
    the whole sequence. UsageError if the passage is too short for that.
    """
    words = _passage().split()
    last = _last_start(words, sequence - SPECIAL_TOKENS)
    rows = batch * count
    if last is None or rows > last + 1:
        raise UsageError(
            f"{rows} windows of {sequence} tokens: the passage is shorter than that; give a "
            "smaller batch or sequence"
        )
    starts = [(2 * i + between) * (last + 1) // (2 * rows) for i in range(rows)]
    texts = [" ".join(words[start : start + sequence]) for start in starts]
    encoded = _tokenizer().encode(texts, max_length=sequence)
    return [{name: array[i::count].copy() for name, array in encoded.items()} for i in range(count)]


def texts(batch: int = 1, *, between: bool = False) -> list[Arrays]:
    """Token numbers [1, length] of 16 texts, whose lengths are the quantiles of all there are.

    All there are: the paragraphs of the passage and their sentences. between: other texts, of
    lengths between those. UsageError for a batch, as texts of several lengths are none without
    padding.
    """
    if batch != 1:
        raise UsageError(f"texts differ in length, so that {batch} are no batch; give a sequence")
    tokenizer = _tokenizer()
    encoded = [tokenizer.encode([text]) for text in all_texts()]
    ordered = sorted(encoded, key=lambda tokens: tokens["input_ids"].shape[1])
    shift = 0 if between else 1
    return [{**ordered[(2 * i + shift) * len(ordered) // (2 * len(MIXED))]} for i in MIXED]


def every_text(sequence: int | None = None, batch: int = 1) -> list[Arrays]:
    """All paragraphs and sentences of the passage, `batch` a set; the last set is filled up with
    the first of them.

    sequence: padded, or cut, to so many tokens; without it each is as long as it is.
    """
    encode, every = _tokenizer().encode, all_texts()
    if sequence is None:
        return [encode([text]) for text in every]
    rows = list(islice(cycle(every), -(-len(every) // batch) * batch))
    tokens = encode(rows, max_length=sequence)
    padded = {name: _padded(array, sequence) for name, array in tokens.items()}
    return [
        {name: array[at : at + batch] for name, array in padded.items()}
        for at in range(0, len(rows), batch)
    ]


def crops(batch: int, count: int, first: int = 0, pixels: Pixels = USUAL) -> list[Arrays]:
    """Pixels [batch, 3, side, side], `count` times: parts of the two photographs in turn.

    first: the number of the first part; below 17,120 no two parts are the same. pixels: the
    model's in the catalogue, 224 a side unless given.
    """
    from isthmus.models.inputs.images import load_image, prepare

    photographs = [load_image(path) for path in samples.photographs()]
    parts = [_part(photographs[i % 2], i // 2) for i in range(first, first + batch * count)]
    options = pixels.options()
    return [{"x": prepare(parts[i * batch : (i + 1) * batch], **options)} for i in range(count)]


def _part(image: Any, number: int) -> Any:
    """The whole image for 0, otherwise three quarters of its width and height from elsewhere."""
    if number == 0:
        return image
    width, height = (side * 3 // 4 for side in image.size)
    # Steps without a common divisor with the room there is visit every offset before one returns.
    left = 37 * number % (image.width - width)
    top = 29 * number % (image.height - height)
    return image.crop((left, top, left + width, top + height))


def _padded(tokens: Any, sequence: int) -> Any:
    """With zeros, which are padding in each of a tokenizer's arrays, up to the sequence."""
    return numpy.pad(tokens, ((0, 0), (0, sequence - tokens.shape[1])))


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
