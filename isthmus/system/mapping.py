"""Files in the address space: read where they are used, shared among processes, and let go again.

The pages of a mapped file are the system's copy of the file, the same for all processes. Whoever
replaces a file by another of its name does no harm: the old one stays mapped. Who shortens a file
in place ends the processes that have it mapped with SIGBUS.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy

__all__ = [
    "WINDOW_BYTES",
    "MappedFile",
    "file_of",
    "large_files",
    "letting_go",
    "map_descriptor",
    "map_file",
    "offset_in",
    "read_once",
]

Array = numpy.ndarray[Any, Any]

# What may be resident of a program's mapped files before their pages are let go again.
WINDOW_BYTES = 64 * 2**20
SECONDS = 0.01  # between two looks; on one core 0.5 GB are read in twenty of them

SETTLED_SECONDS = 60  # after which Linux notes any further change of a file in its times
CAN_LET_GO = hasattr(mmap, "MADV_DONTNEED")


class MappedFile(mmap.mmap):
    """A file mapped for reading alone, and what it was then."""

    facts: os.stat_result
    descriptor: int

    def stamp(self) -> str | None:
        """What nobody can change the file without changing; None where that is not certain.

        The time of its last change is kept by the system alone. Changes through a map of another
        process are noted when the system first sees a page change, which it writes out within half
        a minute, so a file that changed within the last one has no stamp.
        """
        facts = self.facts
        if not self.is_unchanged() or time.time() - facts.st_ctime < SETTLED_SECONDS:
            return None
        return repr(_times(facts))

    def is_unchanged(self) -> bool:
        """Whether the file is what it was when it was mapped, as far as its times tell."""
        try:
            return _times(os.fstat(self.descriptor)) == _times(self.facts)
        except OSError:
            return False


def map_file(path: str | Path) -> Array:
    """The bytes of a file as a read-only array of uint8. OSError where it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        return map_descriptor(descriptor)
    finally:
        os.close(descriptor)


def map_descriptor(descriptor: int) -> Array:
    """The same of an open file, which may be closed then."""
    facts = os.fstat(descriptor)
    if facts.st_size == 0:
        return numpy.empty(0, numpy.uint8)
    mapped = MappedFile(descriptor, facts.st_size, access=mmap.ACCESS_READ)
    mapped.facts, mapped.descriptor = facts, os.dup(descriptor)
    finalize(mapped, os.close, mapped.descriptor)
    return numpy.frombuffer(mapped, numpy.uint8)


def file_of(array: Any) -> MappedFile | None:
    """The file mapped here that an array is a part of; None for any other array."""
    while isinstance(array, numpy.ndarray):
        array = array.base
    if isinstance(array, memoryview):
        array = array.obj
    return array if isinstance(array, MappedFile) else None


def _times(facts: os.stat_result) -> tuple[int, ...]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def large_files(arrays: Iterable[Array]) -> list[MappedFile]:
    """The files mapped here that arrays are parts of, if together they are worth letting go."""
    found = {id(file): file for file in map(file_of, arrays) if file is not None}
    files = list(found.values())
    return files if CAN_LET_GO and sum(map(len, files)) > WINDOW_BYTES else []


@contextmanager
def letting_go(files: Sequence[MappedFile]) -> Iterator[None]:
    """While something reads all of the files, their pages do not stay in this process.

    A runtime reads each weight once or twice and keeps its own packed copy: what is resident at
    most is then that copy and a window, instead of the copy and the file. Pages of a file that is
    mapped for reading are unchanged, and are read again where they are used again.
    """
    if not files:
        yield
        return
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(files, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        _let_go(files)


def _watch(files: Sequence[MappedFile], ended: threading.Event) -> None:
    while not ended.wait(SECONDS):
        _let_go(files)


def _let_go(files: Sequence[MappedFile]) -> None:
    for file in files:
        file.madvise(mmap.MADV_DONTNEED)


def read_once(content: Array, size: int) -> Iterator[Array]:
    """The bytes of an array in parts of a size, one after the other, for a single reading.

    Pages of a large file go when the next part is asked for, so no more than a part is resident.
    """
    files = large_files([content])
    for start in range(0, content.size, size):
        part = content[start : start + size]
        yield part
        for file in files:
            place = offset_in(file, part)
            first = place - place % mmap.PAGESIZE
            file.madvise(mmap.MADV_DONTNEED, first, place + part.size - first)


def offset_in(file: MappedFile, array: Array) -> int:
    """Where in a file the array begins."""
    whole = numpy.frombuffer(file, numpy.uint8)
    return int(array.ctypes.data - whole.ctypes.data)
