"""What is known of named sizes beside their names: `seq <= 512`, `n >= m + 2`.

A constraint is assumed while a program is traced, decides comparisons that names alone leave open,
and is checked at every call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from isthmus.errors import UsageError

from .dims import Dim, assumed
from .size_text import parse

__all__ = ["Constraint", "assuming", "constraint"]


class Constraint(NamedTuple):
    """A size that is not negative, and the text that says so."""

    size: int | Dim
    text: str


def constraint(text: str) -> Constraint:
    """A constraint from its text, two sizes with `<=`, `>=`, `<` or `>` between them.

    >>> constraint("seq < 512").size
    -seq + 511
    """
    found = re.fullmatch(r"([^<>=]+)(<=|>=|<|>)([^<>=]+)", text)
    if found is None:
        raise UsageError(f"constraint {text!r}; write one such as 'seq <= 512' or 'n >= m + 2'")
    left, right = parse(found[1]), parse(found[3])
    difference = right - left if found[2][0] == "<" else left - right
    return Constraint(difference if found[2][1:] == "=" else difference - 1, text)


@contextmanager
def assuming(constraints: Sequence[Constraint]) -> Iterator[None]:
    """Comparisons of sizes may use the constraints inside, beside those of the program around."""
    known = tuple(c.size for c in constraints if isinstance(c.size, Dim))
    token = assumed.set((*assumed.get(), *known))
    try:
        yield
    finally:
        assumed.reset(token)
