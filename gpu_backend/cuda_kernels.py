"""Which kernels ONNX Runtime's CUDA provider has, by the table beside this file.

A kernel whose range of opsets is open is for the operation as it was defined in the first of them
alone: where a later opset defined it anew, there is none, and the CPU computes it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["OPEN", "TABLE", "Kernel", "kernels", "source"]

TABLE = Path(__file__).with_name("cuda_kernels.csv")
OPEN = 2**31 - 1  # the last opset of a range without an end

Types = Mapping[str, str]  # an operation's type variable, or its operand's name -> element type


class Kernel(NamedTuple):
    """For the operation as of the opsets first to last; types: those of each type variable."""

    first: int
    last: int
    types: Mapping[str, frozenset[str]]

    def is_of(self, since: int) -> bool:
        """Whether it computes the operation as the opset `since` defined it."""
        closed = self.last != OPEN and self.first <= since <= self.last
        return closed or self.first == since

    def takes(self, types: Types) -> bool:
        return all(of in self.types[name] for name, of in types.items() if name in self.types)


@cache
def kernels() -> Mapping[str, tuple[Kernel, ...]]:
    """Those of each of ONNX's own operations."""
    found: dict[str, list[Kernel]] = {}
    for row in csv.DictReader(_lines()):
        last = int(row["last"]) if row["last"] else OPEN
        found.setdefault(row["operation"], []).append(
            Kernel(int(row["first"]), last, _types(row["types"]))
        )
    return {name: tuple(of) for name, of in found.items()}


def source() -> str:
    """What the table was made of."""
    text = TABLE.read_text(encoding="utf-8")
    comment = " ".join(line[2:] for line in text.splitlines() if line.startswith("# "))
    return comment.partition(" of ")[2].partition(" registers")[0]


def _lines() -> Iterable[str]:
    text = TABLE.read_text(encoding="utf-8")
    return (line for line in text.splitlines() if not line.startswith("#"))


def _types(text: str) -> dict[str, frozenset[str]]:
    pairs = (part.split("=") for part in text.split())
    return {name: frozenset(of.split("|")) for name, of in pairs}
