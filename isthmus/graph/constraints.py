"""What is known of named sizes beside their names: `seq <= 512`, `n >= m + 2`.

A constraint is assumed while a program is traced, decides comparisons that names alone leave open,
and is checked at every call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import NamedTuple

from isthmus.errors import UsageError

from .dims import Dim, assumed, parse


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


def bounds(difference: Dim) -> tuple[float, float]:
    """The least and the greatest number a size can be under what is assumed; +-inf if open."""
    return _least(difference), -_least(-difference)


def _least(size: int | Dim) -> float:
    """The best of: the size less some assumed one is a number; every name at its own bound."""
    if not isinstance(size, Dim):
        return size
    rests = [size - known for known in assumed.get()]
    direct = [rest for rest in rests if not isinstance(rest, Dim)]
    return max([_by_names(size), *direct])


def _by_names(size: Dim) -> float:
    """The sum of the terms' least values, for terms of one name each."""
    total = 0.0
    for names, factor in size.terms:
        if not names:
            total += factor
            continue
        if len(names) > 1 or not isinstance(names[0], str):
            return -inf
        total += factor * _extreme(names[0], least=factor > 0)
    return total


def _extreme(name: str, least: bool) -> float:
    """The least or greatest value of a name by constraints on it alone; a size is at least 0."""
    found = [0.0] if least else [inf]
    for known in assumed.get():
        terms = dict(known.terms)
        factor, constant = terms.pop((name,), 0), terms.pop((), 0)
        if factor and not terms and (factor > 0) == least:
            found.append(-(constant // factor) if least else constant // -factor)
    return max(found) if least else min(found)
