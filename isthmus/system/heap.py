"""Memory that was freed, and that the C library keeps for later."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

__all__ = ["give_back"]


def give_back() -> None:
    """Free pages between blocks in use go back to the system; where the library cannot, nothing.

    Large arrays of ever-changing sizes leave holes that fit none of the later ones. It takes
    milliseconds for a large heap.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    """glibc's; None elsewhere."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
