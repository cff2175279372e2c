"""What is known of named sizes beside their names: `seq <= 512`, `n >= m + 2`, `h % 2 == 0`.

A constraint is assumed while a program is traced, decides comparisons that names alone leave open,
and is checked at every call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from isthmus.errors import UsageError

from .dims import Dim, assumed
from .size_text import parse

__all__ = ["Constraint", "assuming", "constraints"]


class Constraint(NamedTuple):
    """A size that is not negative, and the text that says so."""

    size: int | Dim
    text: str


def constraints(texts: Iterable[str]) -> tuple[Constraint, ...]:
    """The constraints of texts, each of two sizes with `<=`, `>=`, `<`, `>` or `==` between them.

    An equality is two: neither size is larger. Raises UsageError for another text, and for what
    holds of no sizes.

    >>> [each.size for each in constraints(["seq < 512", "h % 2 == 0"])]
    [-seq + 511, -2*((h)//2) + h, 2*((h)//2) - h]
    """
    return tuple(Constraint(size, text) for text in texts for size in _sizes(text))


def _sizes(text: str) -> list[int | Dim]:
    """What is not negative where the text holds."""
    found = re.fullmatch(r"([^<>=]+)(<=|>=|==|<|>)([^<>=]+)", text)
    if found is None:
        raise UsageError(
            f"constraint {text!r}; write one such as 'seq <= 512', 'n >= m + 2' or 'h % 2 == 0'"
        )
    sign, left, right = found[2], parse(found[1]), parse(found[3])
    sizes = {
        "<": [right - left - 1], "<=": [right - left], "==": [left - right, right - left],
        ">": [left - right - 1], ">=": [left - right],
    }[sign]  # fmt: skip
    if any(not isinstance(size, Dim) and size < 0 for size in sizes):
        raise UsageError(f"constraint {text!r} holds for no sizes; write another")
    return sizes


@contextmanager
def assuming(known_sizes: Sequence[Constraint]) -> Iterator[None]:
    """Comparisons of sizes may use the constraints inside, beside those of the program around."""
    known = tuple(c.size for c in known_sizes if isinstance(c.size, Dim))
    token = assumed.set((*assumed.get(), *known))
    try:
        yield
    finally:
        assumed.reset(token)
