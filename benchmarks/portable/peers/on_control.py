"""Work that no change of the measured code touches: a matrix product and a copy, by NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.timing import Call

SIDE = 384  # of the matrices: about a millisecond
MIB = 2**20
COPIED_BYTES = 4 * MIB  # beyond most second-level caches


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """A matrix and a block of bytes; nothing is read."""
    import numpy

    square = numpy.linspace(-1, 1, SIDE * SIDE, dtype=numpy.float32).reshape(SIDE, SIDE)
    return square, numpy.zeros(COPIED_BYTES, numpy.uint8)


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    square, block = loaded
    return lambda arrays: [square @ square, block.copy()]


def runtime() -> str:
    """The package and its version."""
    from importlib.metadata import version

    return f"numpy {version('numpy')}"
