"""Several texts in one row: which go together, the arrays of such rows, and results taken apart.

Padding makes a batch cost what its longest text costs, as many times as it has texts. Packed rows
cost what their tokens cost, and attention between all tokens of a row, of which that between texts
is not used (Krell et al. 2021, arXiv:2107.02027).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.tracing import spec

__all__ = ["Packing", "first_fit_decreasing", "packed_specs", "packing"]

Array = numpy.ndarray[Any, Any]

MULTIPLE = 16  # of which rows are a multiple, so that few sizes are new to a runtime
MOST_ROWS = 64  # that are tried
# Attention in a row of so many tokens, for each of the width, costs what all else costs: of MiniLM
# on two processors. By operations alone it would be 6.
ATTENTION = 1.5


@dataclass(frozen=True)
class Packing:
    """Which texts each row has, by their numbers, in the order they stand in.

    >>> from isthmus.models.packing import packing
    >>> found = packing([5, 3, 8], row_length=8)
    >>> found.rows, found.computed
    (((2,), (0, 1)), 16)
    """

    lengths: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    row_length: int

    @property
    def asked(self) -> int:
        """Tokens of the texts."""
        return sum(self.lengths)

    @property
    def computed(self) -> int:
        """Tokens of the rows."""
        return len(self.rows) * self.row_length

    def arrays(
        self,
        input_ids: Sequence[Array],
        token_type_ids: Sequence[Array] | None = None,
        padding: int = 0,
    ) -> dict[str, Array]:
        """What a BERT takes of packed rows: each text's tokens, [n], as rows of several texts."""
        shape = (len(self.rows), self.row_length)
        ids = numpy.full(shape, padding, numpy.int32)
        types, places, numbers = (numpy.zeros(shape, numpy.int32) for _ in range(3))
        starts = numpy.zeros(len(self.lengths), numpy.int32)
        for text, (row, at) in self.places().items():
            here = (row, slice(at, at + self.lengths[text]))
            ids[here] = input_ids[text]
            if token_type_ids is not None:
                types[here] = token_type_ids[text]
            places[here] = numpy.arange(self.lengths[text])
            numbers[here] = text + 1
            starts[text] = row * self.row_length + at
        return {
            "input_ids": ids,
            "token_type_ids": types,
            "position_ids": places,
            "sequence_ids": numbers,
            "starts": starts,
        }

    def unpacked(self, tokens: Array) -> list[Array]:
        """What was computed of each token, [rows, row_length, ...], as [n, ...] for each text."""
        return [
            numpy.array(tokens[row, at : at + self.lengths[text]])
            for text, (row, at) in sorted(self.places().items())
        ]

    def places(self) -> dict[int, tuple[int, int]]:
        """The row of each text, and where it starts there."""
        found = {}
        for row, texts in enumerate(self.rows):
            at = 0
            for text in texts:
                found[text] = row, at
                at += self.lengths[text]
        return found


def packed_specs(rows: int | str = "rows", seq: int | str = "seq") -> dict[str, Type]:
    """The types of a BERT's inputs where rows hold several texts.

    Of each token, [rows, seq]: its id, its segment, its position in its text, the number of its text
    in the row. Of each text, [texts]: where it starts in all rows. All are int32.

    >>> from isthmus.models.packing import packed_specs
    >>> print(packed_specs(rows=2)["sequence_ids"])
    int32[2, seq]
    """
    names = ("input_ids", "token_type_ids", "position_ids", "sequence_ids")
    return {
        **{name: spec("int32", [rows, seq]) for name in names},
        "starts": spec("int32", ["texts"]),
    }


def packing(lengths: Sequence[int], row_length: int | None = None, width: int = 384) -> Packing:
    """The texts of these lengths in rows: of `row_length` tokens, or of the cheapest length.

    width: the model's, which says what attention costs beside the rest. Raises UsageError for a
    text longer than a row, or of no tokens.

    >>> from isthmus.models.packing import packing
    >>> found = packing([100, 20, 30, 40])
    >>> found.rows, found.row_length
    (((0, 3, 2, 1),), 192)
    """
    if not lengths or min(lengths) < 1:
        raise UsageError(f"lengths={list(lengths)}: give the tokens of each text, at least one")
    if row_length is not None:
        if max(lengths) > row_length:
            raise UsageError(
                f"a text of {max(lengths)} tokens in rows of {row_length}; give longer rows"
            )
        return Packing(tuple(lengths), first_fit_decreasing(lengths, row_length), row_length)
    tried = (
        Packing(tuple(lengths), first_fit_decreasing(lengths, length), length)
        for length in _row_lengths(lengths)
    )
    return min(tried, key=lambda one: one.computed * (1 + one.row_length / (ATTENTION * width)))


def _row_lengths(lengths: Sequence[int]) -> list[int]:
    """What 1, 2, 3, ... rows would need if they came out even, and a little more."""
    total, longest = sum(lengths), max(lengths)
    found = {_rounded(longest)}
    for rows in range(1, min(len(lengths), MOST_ROWS) + 1):
        even = max(longest, -(-total // rows))
        found |= {_rounded(even), _rounded(even) + MULTIPLE, _rounded(even + even // 8)}
        if even == longest:
            break
    return sorted(found)


def _rounded(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE


def first_fit_decreasing(lengths: Sequence[int], row_length: int) -> tuple[tuple[int, ...], ...]:
    """The longest text first, each into the first row that has room: at most 11/9 of the fewest
    rows there could be, and one more (Johnson 1973).

    >>> from isthmus.models.packing import first_fit_decreasing
    >>> first_fit_decreasing([2, 6, 4, 3], 8)
    ((1, 0), (2, 3))
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for text in sorted(range(len(lengths)), key=lambda text: -lengths[text]):
        needed = lengths[text]
        row = next((row for row, left in enumerate(room) if left >= needed), len(rows))
        if row == len(rows):
            rows.append([])
            room.append(row_length)
        rows[row].append(text)
        room[row] -= needed
    return tuple(map(tuple, rows))
