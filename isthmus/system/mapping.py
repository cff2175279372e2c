"""Files in the address space: read where they are used, shared among processes, and let go again.

The pages of a mapped file are the system's copy of the file, the same for all processes. Whoever
replaces a file by another of its name does no harm: the old one stays mapped. Who shortens a file
in place ends the processes that have it mapped with SIGBUS.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy

__all__ = ["WINDOW_BYTES", "letting_go", "map_descriptor", "map_file"]

Array = numpy.ndarray[Any, Any]

# What may be resident of a program's mapped files before their pages are let go again.
WINDOW_BYTES = 64 * 2**20
SECONDS = 0.01  # between two looks; on one core 0.5 GB are read in twenty of them

_ours: WeakSet[mmap.mmap] = WeakSet()  # mapped here, for reading alone


def map_file(path: str | Path) -> Array:
    """The bytes of a file as a read-only array of uint8. OSError where it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        return map_descriptor(descriptor)
    finally:
        os.close(descriptor)


def map_descriptor(descriptor: int) -> Array:
    """The same of an open file, which may be closed then."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        return numpy.empty(0, numpy.uint8)
    mapped = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    _ours.add(mapped)
    return numpy.frombuffer(mapped, numpy.uint8)


@contextmanager
def letting_go(arrays: Iterable[Array]) -> Iterator[None]:
    """While something reads all of the arrays, their files' pages do not stay in this process.

    A runtime reads each weight once or twice while it compiles and keeps its own packed copy: what
    is resident at most is then that copy and a window, instead of the copy and the file. Pages of a
    file that is mapped for reading are unchanged, and are read again where they are used again.
    """
    files = _files(arrays)
    if sum(map(len, files)) <= WINDOW_BYTES or not hasattr(mmap, "MADV_DONTNEED"):
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


def _watch(files: list[mmap.mmap], ended: threading.Event) -> None:
    while not ended.wait(SECONDS):
        _let_go(files)


def _let_go(files: list[mmap.mmap]) -> None:
    for file in files:
        file.madvise(mmap.MADV_DONTNEED)


def _files(arrays: Iterable[Array]) -> list[mmap.mmap]:
    """The files mapped here of which the arrays are parts."""
    found = {id(owner): owner for owner in map(_owner, arrays) if owner is not None}
    return list(found.values())


def _owner(array: Any) -> mmap.mmap | None:
    """The mapping an array is a view of, if it is one of ours."""
    while isinstance(array, numpy.ndarray):
        array = array.base
    if isinstance(array, memoryview):
        array = array.obj
    return array if isinstance(array, mmap.mmap) and array in _ours else None
