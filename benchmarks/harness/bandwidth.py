"""How fast bytes come from each level of the memory: the caches of the processors, and beyond.

After STREAM (McCalpin 1995): each array that a pass reads or writes counts once, what the processor
reads on its own account does not. The rate of a level is that of arrays which fill half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy

from isthmus.benchmarks.portable.timing.rates import best_of
from isthmus.system import machine, topology

__all__ = ["MEMORY", "Level", "levels", "rows"]

ARRAY_BYTES = 2**26  # beyond the caches, at the least; else four times the last one
PASS_BYTES = 2**25  # that a call goes over, so that starting threads takes little of its time
ARRAYS = 3
COLUMNS = 1024  # of the matrix in a product with a vector
MEMORY = "memory"

Array = numpy.ndarray[Any, Any]
Parts = list[tuple[Array, ...]]
Row = dict[str, Any]


class Level(NamedTuple):
    """A place of arrays: its name, the bytes it holds (None: all there is), those of one array."""

    name: str
    holds: int | None
    array_bytes: int


def levels(threads: int) -> list[Level]:
    """The caches of this machine that so many threads share, from the second on, and the memory."""
    processors = topology.usable()[:threads]
    found = []
    for name in ("L2", "L3"):
        held = topology.cache_bytes(name, processors)
        if held:
            found.append(Level(name, held, held // 2 // ARRAYS))
    return [*found, Level(MEMORY, None, beyond_bytes())]


def beyond_bytes() -> int:
    """Far more than the last cache holds, and at most a sixteenth of the memory."""
    wanted = max(ARRAY_BYTES, 4 * (topology.last_cache_bytes() or 0))
    return min(wanted, (machine.memory_bytes() or 16 * wanted) // 16)


def rows(threads: int, seconds: float) -> list[Row]:
    """A row per level: the best of the passes over three arrays, each thread on its own part."""
    with ThreadPoolExecutor(threads) as pool:
        return [_row(level, pool, threads, seconds) for level in levels(threads)]


def _row(level: Level, pool: ThreadPoolExecutor, threads: int, seconds: float) -> Row:
    size = level.array_bytes
    arrays = [numpy.empty(size // 4, numpy.float32) for _ in range(ARRAYS)]
    parts = list(zip(*(numpy.array_split(array, threads) for array in arrays), strict=True))
    list(pool.map(_touch, parts))
    repeats = max(1, PASS_BYTES // size)
    calls = {
        name: (moved * size * repeats / 1e9, over(pool, run, parts, repeats))
        for name, (moved, run) in PASSES.items()
    }
    name, rate = best_of(calls, seconds)
    by = f"numpy {numpy.__version__} {name} of {size / 2**20:.3g} MiB"
    return {"precision": MEMORY, "level": level.name, "bytes": level.holds, "rate": rate, "by": by}


def _touch(parts: tuple[Array, ...]) -> None:
    """Pages come to be where they are first written, near the thread that will use them."""
    for part in parts:
        part.fill(1)


def over(
    pool: ThreadPoolExecutor, run: Callable[..., object], parts: Sequence[Any], repeats: int
) -> Callable[[], object]:
    """A pass over all parts so many times, each thread over its own."""

    def mine(part: tuple[Array, ...]) -> None:
        for _ in range(repeats):
            run(*part)

    return lambda: list(pool.map(mine, parts))


def _matrix_by_vector(a: Array, b: Array, c: Array) -> object:
    """As a dense layer of one row, whose weights are read once."""
    lines = len(b) // COLUMNS
    return numpy.dot(b[: lines * COLUMNS].reshape(lines, COLUMNS), c[:COLUMNS])


PASSES: dict[str, tuple[int, Callable[[Array, Array, Array], object]]] = {
    "copy": (2, lambda a, b, c: numpy.copyto(a, b)),
    "add": (3, lambda a, b, c: numpy.add(b, c, out=a)),
    "dot": (2, lambda a, b, c: numpy.dot(b, c)),  # reads alone, as a call with many weights does
    "matrix by vector": (1, _matrix_by_vector),
}
