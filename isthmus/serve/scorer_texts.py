"""A column of texts: tokenized, run at the cost of their tokens, and put back in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from isthmus.models.texts import TokenProgram, text_rows

from .scorer_rows import Column, Kinds, Rejected, Scored, column_of, joined, shown, taken

__all__ = ["Texts", "why_no_text"]

USUAL = ("text", "texts")

Tokens = Mapping[str, numpy.ndarray[Any, Any]]
Encode = Callable[[Sequence[str]], Tokens]


class Texts:
    """Scores the texts of a column. encode: texts -> the model's arrays, padded at their ends."""

    def __init__(self, program: TokenProgram, encode: Encode, kinds: Kinds) -> None:
        self.program = program
        self.encode = encode
        self.kinds = kinds

    def __call__(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> Scored:
        """asked: the column, by the name "text"."""
        name = column_of(columns, asked.get("text"), USUAL)
        values = list(columns[name])
        reasons = [why_no_text(value) for value in values]
        rejected = [
            Rejected(row, f"{name} is {reason}") for row, reason in enumerate(reasons) if reason
        ]
        rows = [row for row, reason in enumerate(reasons) if reason is None]
        if not rows:
            return Scored(self._nothing(), numpy.array([], numpy.int64), rejected)
        found = self._scored(text_rows({**self.encode([values[row] for row in rows])}), rows)
        found.rejected = sorted([*found.rejected, *rejected])
        return found

    def needs(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> list[str]:
        return [column_of(columns, asked.get("text"), USUAL)]

    def _scored(self, texts: Sequence[dict[str, Any]], rows: Sequence[int]) -> Scored:
        """Where texts are padded, the longest first, so that those of like length run together;
        rows are packed best of texts of several lengths."""
        order = list(range(len(texts)))
        if self.program.way != "packed":
            order.sort(key=lambda place: -len(texts[place]["input_ids"]))
        results = self.program.of_tokens([texts[place] for place in order])
        found = taken(results, [rows[place] for place in order], self.kinds)
        place_of = {row: place for place, row in enumerate(rows)}
        alone = [self._alone(texts[place_of[row]], row) for row, _ in found.rejected]
        found.rejected = []
        return joined([found, *alone])

    def _alone(self, text: dict[str, Any], row: int) -> Scored:
        """A text of a batch that failed, of which perhaps another was the reason."""
        return taken(self.program.of_tokens([text]), [row], self.kinds)

    def _nothing(self) -> dict[str, Any]:
        return {name: self.kinds.column(name, []) for name in self.kinds.sizes}


def why_no_text(value: Any) -> str | None:
    """Why it cannot be tokenized; None where it can."""
    if not isinstance(value, str):
        return f"{shown(value)}, no text"
    if not value.strip():
        return "empty"
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return f"{shown(value)}, which is not UTF-8"
    return None
