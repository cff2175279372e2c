"""What a part of an input holds: columns of the rows that could be read, and the other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from isthmus.serve.scorer_rows import Column

__all__ = ["Input", "Read", "Span"]


class Span(NamedTuple):
    """So many rows of an input, from `first` on. place: where they are, as the input knows it."""

    first: int
    rows: int
    place: Any


@dataclass(frozen=True)
class Read:
    """columns: of the rows whose numbers in the span are `rows`. bad: why others are not there."""

    columns: Mapping[str, Column]
    rows: Sequence[int]
    bad: Mapping[int, str] = field(default_factory=dict)


class Input(Protocol):
    """A file or a folder of rows. It pickles small: the spans know where their rows are."""

    def facts(self) -> dict[str, Any]:
        """What tells it from another, and from itself when it is changed; as JSON knows it."""

    def names(self) -> list[str]:
        """The columns that every part has."""

    def spans(self) -> list[Span]:
        """All rows, in order, in parts."""

    def read(self, span: Span, names: Sequence[str]) -> Read:
        """The columns of these names; FileError where the input has changed meanwhile."""

    def kept(self, span: Span, names: Sequence[str], rows: Sequence[int]) -> Mapping[str, Any]:
        """Columns for the output, of the rows with these numbers in the span."""
