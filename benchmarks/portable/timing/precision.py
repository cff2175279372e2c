"""In which precision a program computes, as its runtime tells it.

What counts are the nodes that multiply: matrix products and convolutions, nearly all arithmetic of
a network. A program is of the precision that most of them have. A call that does not tell computes
in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .timing import Call

__all__ = ["F32", "Counts", "told", "with_precision"]

F32 = "f32"
Counts = Mapping[str, int]  # nodes that multiply, by the precision that they compute in

_ASKED = "products_by_precision"


def with_precision(call: Call, counts: Callable[[], Counts]) -> Call:
    """The function itself, which from now on answers `told`.

    counts: asked when all timing is over, as the answer may cost time and memory.
    """
    vars(call)[_ASKED] = counts
    return call


def told(call: Call) -> dict[str, Any]:
    """`precision` of the program, and `products`: how many nodes multiply in which."""
    counts: Counts = getattr(call, _ASKED, dict)()
    return {"precision": max(counts, key=counts.__getitem__, default=F32), "products": {**counts}}
