"""Text as BERT's token numbers: WordPiece (arXiv:1810.04805), by the `tokenizers` library."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from isthmus.errors import FileError, UsageError
from isthmus.system.extras import require

if TYPE_CHECKING:
    import tokenizers

__all__ = ["FILES", "Tokenizer"]

FILES = ("tokenizer.json", "vocab.txt")
SPECIAL_TOKENS = 2  # [CLS] and [SEP]


class Tokenizer:
    """Texts -> token numbers, by the rules of a tokenizer.json or a vocab.txt.

    path: either file, or a folder that holds one. Of a bare vocab.txt, text is lower-cased unless
    the vocabulary has ASCII capital letters outside of brackets. Raises FileError for a file that
    is missing or is not a tokenizer, MissingExtra where `tokenizers` is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        require("models", "tokenizers", user="reading texts")
        self.path = _file(Path(path))
        self._tokenizer = _read(self.path)

    def encode(
        self,
        texts: Sequence[str],
        max_length: int = 512,
        pairs: Sequence[str] | None = None,
        *,
        pad_to: int | None = None,
    ) -> dict[str, numpy.ndarray[Any, numpy.dtype[numpy.int32]]]:
        """input_ids, attention_mask and token_type_ids: int32 [N, length of the longest].

        Texts are cut to `max_length` tokens, [CLS] and [SEP] included. pairs: a second text for
        each one, such as the passage that a question asks about; its token type is 1. pad_to: the
        length that arrays have at the least.

        Raises UsageError for no texts, an empty one, and what is not a str.
        """
        firsts = _checked("texts", texts)
        seconds = None if pairs is None else _checked("pairs", pairs)
        if seconds is not None and len(seconds) != len(firsts):
            raise UsageError(f"{len(firsts)} texts, {len(seconds)} pairs; give one for each text")
        self._limit(max_length, SPECIAL_TOKENS + (seconds is not None))
        inputs = firsts if seconds is None else list(zip(firsts, seconds, strict=True))
        rows = self._tokenizer.encode_batch(inputs)
        return {
            "input_ids": _padded([row.ids for row in rows], self._padding(), pad_to),
            "attention_mask": _padded([row.attention_mask for row in rows], 0, pad_to),
            "token_type_ids": _padded([row.type_ids for row in rows], 0, pad_to),
        }

    def length(self, text: str) -> int:
        """How many tokens a text is, uncut."""
        self._tokenizer.no_truncation()
        return len(self._tokenizer.encode(text).ids)

    @property
    def sentence_length(self) -> int | None:
        """Tokens to which sentence-transformers cuts texts for these weights, if they say so."""
        try:
            facts = json.loads((self.path.parent / "sentence_bert_config.json").read_text())
        except (OSError, ValueError):
            return None
        length = facts.get("max_seq_length") if isinstance(facts, dict) else None
        return length if isinstance(length, int) else None

    def _limit(self, max_length: int, special: int) -> None:
        if isinstance(max_length, bool) or not isinstance(max_length, int) or max_length <= special:
            raise UsageError(f"max_length={max_length!r}: too short; {special + 1} is the least")
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.no_padding()

    def _padding(self) -> int:
        numbers = (self._tokenizer.token_to_id(word) for word in ("[PAD]", "<pad>"))
        return next((int(number) for number in numbers if number is not None), 0)


def _checked(name: str, texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence):
        raise UsageError(f"{name} is a {type(texts).__name__}; give a list of str")
    if not texts:
        raise UsageError(f"{name} is empty; give at least one text")
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{name}[{place}] is {text!r}; give a str that is not empty")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UsageError(f"{name}[{place}] is {text!a}, which is not UTF-8; decode it first")
    return list(texts)


def _padded(
    rows: list[list[int]], padding: int, least: int | None
) -> numpy.ndarray[Any, numpy.dtype[numpy.int32]]:
    length = max(least or 0, *map(len, rows))
    table = numpy.full((len(rows), length), padding, numpy.int32)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table


def _file(path: Path) -> Path:
    candidates = [path / name for name in FILES] if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileError(f"{path}: no tokenizer there; give a {' or a '.join(FILES)}")


def _read(path: Path) -> tokenizers.Tokenizer:
    try:
        return _from_vocabulary(path) if path.suffix == ".txt" else _from_json(path)
    except FileError:
        raise
    except Exception as error:  # the library raises nothing narrower than Exception
        reason = ascii(str(error))[1:-1][:120]
        raise FileError(f"{path}: not a tokenizer ({reason}); give a {FILES[0]}") from None


def _from_json(path: Path) -> tokenizers.Tokenizer:
    import tokenizers

    return tokenizers.Tokenizer.from_file(str(path))


def _from_vocabulary(path: Path) -> tokenizers.Tokenizer:
    import tokenizers

    words = path.read_text(encoding="utf-8").splitlines()
    missing = {"[UNK]", "[CLS]", "[SEP]"} - set(words)
    if missing:
        raise FileError(f"{path}: not a vocabulary of BERT: no {', '.join(sorted(missing))}")
    built = tokenizers.BertWordPieceTokenizer(str(path), lowercase=not _has_capitals(words))
    return tokenizers.Tokenizer.from_str(built.to_str())


def _has_capitals(words: list[str]) -> bool:
    return any(c.isascii() and c.isupper() for word in words if word[:1] != "[" for c in word)
