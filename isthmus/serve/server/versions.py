"""Which version of a program answers: a new one takes over when it is loaded, the old one ends its
requests.

A version is loaded from a private copy, since whoever writes over a file that is mapped changes the
numbers of a program that runs. A version with other tensors is refused: clients rely on them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus.errors import FileError, IsthmusError, UsageError
from isthmus.graph.nodes import Type
from isthmus.program.requests.statistics import Counter

from .served import Served
from .settings import Settings

__all__ = ["Versions"]

LOOK_SECONDS = 0.5  # between two looks at the file

Mark = tuple[int, int, int]

log = logging.getLogger("isthmus.serve")


class Versions:
    """The version that answers now, and how the next comes.

    swapped: told of every version that has taken over, failed: of every one that could not.
    """

    def __init__(
        self,
        settings: Settings,
        counter: Counter | None = None,
        swapped: Callable[[Served], None] = lambda _: None,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self.file = Path(settings.program)
        self._counter = counter
        self._folder = TemporaryDirectory(prefix="isthmus-version-", dir=settings.folder)
        self._swapped, self._failed = swapped, failed
        self._lock = asyncio.Lock()
        self._mark, self.current = self._loaded(1)

    async def reload(self) -> Served:
        """The file as it is now takes over; IsthmusError where it cannot, and the old one stays."""
        async with self._lock:
            number = self.current.version + 1
            seen = _mark(self.file)
            try:
                mark, new = await asyncio.to_thread(self._loaded, number)
                _check_same_tensors(self.current, new)
            except IsthmusError as problem:
                self._mark = seen
                self._failed(str(problem))
                raise
            self._mark, self.current = mark, new
            self._swapped(new)
            return new

    async def watch(self) -> None:
        """Loads a new version of the file whenever there is one, until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            mark = _mark(self.file)
            if mark in (None, self._mark):
                continue
            await asyncio.sleep(LOOK_SECONDS)  # whoever writes in place may not be done
            if _mark(self.file) != mark:
                continue
            try:
                await self.reload()
            except IsthmusError as problem:
                log.warning("%s: the old version goes on: %s", self.settings.name, problem)

    def _loaded(self, number: int) -> tuple[Mark | None, Served]:
        mark = _mark(self.file)
        if self.file.suffix == ".onnx":  # whose weights may lie beside it; it is read, not mapped
            return mark, Served(self.file, number, self.settings, self._counter)
        private = Path(self._folder.name) / f"{number}{self.file.suffix}"
        try:
            shutil.copyfile(self.file, private)
        except OSError as problem:
            raise FileError(
                f"{self.file}: cannot be read ({problem.strerror}); check the path and the space "
                "for a copy"
            ) from None
        if _mark(self.file) != mark:
            raise FileError(f"{self.file}: changed while it was read; write it whole, then rename")
        try:
            return mark, Served(private, number, self.settings, self._counter)
        except FileError as problem:  # speaks of the file that people know
            raise FileError(str(problem).replace(str(private), str(self.file))) from None
        finally:
            # It stays mapped as long as the program is there.
            os.unlink(private)


def _mark(file: Path) -> Mark | None:
    """What changes when a file does; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _told(types: Mapping[str, Type]) -> dict[str, str]:
    """As they are written: named sizes of two programs are never the same objects."""
    return {name: str(kind) for name, kind in types.items()}


def _check_same_tensors(old: Served, new: Served) -> None:
    for name in ("types", "results"):
        before, after = _told(getattr(old, name)), _told(getattr(new, name))
        if before != after:
            said = ", ".join(f"{n}: {kind}" for n, kind in after.items())
            raise UsageError(
                f"the new version has other {'inputs' if name == 'types' else 'outputs'} ({said}); "
                "serve it under another name"
            )
