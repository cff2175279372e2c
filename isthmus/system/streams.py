"""What is printed on a terminal of any encoding: letters that it lacks are written in its own.

Signs of ours become ASCII that reads alike, other letters their escape: `2x`, `gr\\xf6\\xdfe`. A
name stays one that no other name has.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper

__all__ = ["any_encoding"]

HANDLER = "isthmus.spelt"
SIGNS: Mapping[str, str] = {
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "…": "...",
    "−": "-",
    "–": "-",
    "─": "-",
    "│": "|",
    "√": "sqrt",
    "ε": "epsilon",
    "ᵀ": "^T",
    "\u00a0": " ",
}
UNDECODED = range(0xDC80, 0xDD00)  # bytes that were no text, as Python keeps them (PEP 383)


@contextmanager
def any_encoding() -> Iterator[None]:
    """Inside, neither standard output nor standard error refuses a letter."""
    streams = [each for each in (sys.stdout, sys.stderr) if isinstance(each, TextIOWrapper)]
    before = [each.errors for each in streams]
    for each in streams:
        each.reconfigure(errors=HANDLER)
    try:
        yield
    finally:
        for each, errors in zip(streams, before, strict=True):
            with suppress(BrokenPipeError, ValueError):  # nobody reads it any more, or it is closed
                each.reconfigure(errors=errors)


def spelt(problem: UnicodeError) -> tuple[str, int]:
    """The letters that could not be encoded, in ASCII; and where to go on."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    letters = problem.object[problem.start : problem.end]
    return "".join(SIGNS.get(letter) or _escape(letter) for letter in letters), problem.end


def _escape(letter: str) -> str:
    code = ord(letter)
    if code in UNDECODED:
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


codecs.register_error(HANDLER, spelt)
