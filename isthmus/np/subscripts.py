"""The text of an Einstein sum, taken apart: a label for every axis of operands and result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from isthmus.errors import UsageError

__all__ = ["Label", "letters_of", "parsed"]

Label = str | int  # a letter; for the axes that `...` stands for -1, -2, ... from the right
Labels = tuple[Label, ...]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def letters_of(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """The text and the arrays of einsum's arguments, which may give labels as lists of ints."""
    if not operands:
        raise UsageError("einsum needs a text such as 'ij,jk->ik' and arrays")
    if isinstance(operands[0], str):
        return operands[0], list(operands[1:])
    arrays, labels = list(operands[0 : len(operands) // 2 * 2 : 2]), operands[1::2]
    text = ",".join(map(_text, labels))
    return text + (f"->{_text(operands[-1])}" if len(operands) % 2 else ""), arrays


def _text(labels: Any) -> str:
    if not all(isinstance(n, EllipsisType) or 0 <= n < len(_LETTERS) for n in labels):
        raise UsageError(f"labels {labels}; give ints in 0..{len(_LETTERS) - 1}, or ...")
    return "".join("..." if isinstance(n, EllipsisType) else _LETTERS[n] for n in labels)


def parsed(subscripts: str, ranks: Sequence[int]) -> tuple[list[Labels], Labels]:
    """The labels of the axes of each operand, which have so many, and those of the result."""
    text = subscripts.replace(" ", "")
    before, arrow, after = text.partition("->")
    parts = before.split(",")
    if len(parts) != len(ranks):
        raise UsageError(f"'{subscripts}' is for {len(parts)} arrays, {len(ranks)} are given")
    inputs = [_labels(part, rank, subscripts) for part, rank in zip(parts, ranks, strict=True)]
    return inputs, _output(after, inputs, subscripts) if arrow else _implied(inputs)


def _labels(part: str, rank: int, subscripts: str) -> Labels:
    """The labels of one operand; an ellipsis has the axes that the letters leave."""
    left, dots, right = part.partition("...")
    count = rank - len(left) - len(right)
    if not all(letter in _LETTERS for letter in left + right):
        raise UsageError(f"'{part}' in '{subscripts}': give letters, and ... once")
    if count < 0 or (count and not dots):
        raise UsageError(
            f"'{part}' in '{subscripts}' has other axes than its array, which has {rank}"
        )
    return (*left, *range(-count, 0), *right)


def _output(part: str, inputs: Sequence[Labels], subscripts: str) -> Labels:
    left, dots, right = part.partition("...")
    spread = _spread(inputs)
    known = {label for labels in inputs for label in labels}
    if spread and not dots:
        raise UsageError(f"'{subscripts}': the result leaves out the axes of ...; write ... in it")
    if len({*left, *right}) != len(left + right) or not known.issuperset(left + right):
        raise UsageError(f"'{subscripts}': a label of the result is there twice, or in no operand")
    return (*left, *spread, *right)


def _implied(inputs: Sequence[Labels]) -> Labels:
    """The axes of the ellipsis, then in order the letters that appear once."""
    counts = Counter(label for labels in inputs for label in labels if isinstance(label, str))
    return (*_spread(inputs), *sorted(label for label, count in counts.items() if count == 1))


def _spread(inputs: Sequence[Labels]) -> Labels:
    return tuple(sorted({label for labels in inputs for label in labels if isinstance(label, int)}))
