"""A folder of things that were expensive to make: found by a key, checked, bounded, and ours alone.

An entry is a file: a head with its facts and a sum over all of it, then its content. It is written
under another name and renamed when it is whole, so that a reader finds all of it or none; what a
kill leaves is removed by the next writer. Nothing is flushed to the disk: after a power failure the
sum is wrong, and the entry is made again, as where a byte was changed, where the file is that of
another key, of another version, or shortened. The entries used longest ago make room for new ones.
"""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy

from .locks import is_locked, lock
from .mapping import map_descriptor
from .sums import SECRET_BYTES, check_sum

__all__ = ["Entry", "Found", "Store"]

Array = numpy.ndarray[Any, Any]

MAGIC = b"isthmus store 1\n"
SUM_BYTES = 32
PAGE = 4096  # contents begin at a page, so that what is aligned in them is so in memory
HEAD = len(MAGIC) + SUM_BYTES + 8 + 8  # then the sizes of the facts and of the content
SUFFIX, PARTIAL = ".entry", ".partial"
SECRET = "secret"
UNSAFE = stat.S_IWGRP | stat.S_IWOTH
HAS_OWNERS = hasattr(os, "geteuid")  # Windows has other ways, and a folder of its own for each user


@dataclass(frozen=True)
class Found:
    """An entry that was checked. content: the bytes, mapped and read-only, as uint8."""

    facts: Mapping[str, Any]
    content: Array


@dataclass(frozen=True)
class Entry:
    """A file of the store. used: when it was written or found last, in seconds since 1970."""

    path: Path
    size_bytes: int
    used: float


def _place_first(written: Path, target: Path) -> None:
    """Name a file that is written, unless another process did so first."""
    try:
        os.link(written, target)
    except FileExistsError:
        return  # what the first one wrote counts for both
    except OSError:  # a file system without links
        os.replace(written, target)


class Store:
    """Entries by key in a folder, which is made when the first is written.

    most_bytes: what all entries may take together. Several processes may use it at once.
    Where the folder cannot be used, for whatever reason, nothing is found and nothing kept.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def unsafe(self) -> str | None:
        """Why the folder is not used although it is there: others could change what is in it."""
        try:
            facts = self.folder.stat()
        except OSError:
            return None
        if not stat.S_ISDIR(facts.st_mode):
            return "it is no folder"
        if HAS_OWNERS and facts.st_uid != os.geteuid():
            return f"it belongs to user {facts.st_uid}"
        return "others may write to it" if HAS_OWNERS and facts.st_mode & UNSAFE else None

    def secret(self, *, make: bool = False) -> bytes | None:
        """32 random bytes that only the owner of the folder reads; None where there are none.

        make: write them, and the folder, where they are not there yet.
        """
        with suppress(OSError):
            if self.unsafe() is None:
                return self._read_secret() or (self._made_secret() if make else None)
        return None

    def get(self, key: str) -> Found | None:
        """The entry of a key, if it is whole and of this key; what is neither is removed."""
        secret = self.secret()
        if secret is None:
            return None
        try:
            content = self._mapped(self._path(key))
        except OSError:
            return None
        if content is None:
            return None
        found = _checked(content, key, secret)
        if found is None:
            self.forget(key)
            return None
        with suppress(OSError):
            os.utime(self._path(key))
        return found

    def put(self, key: str, facts: Mapping[str, Any], write: Callable[[IO[bytes]], object]) -> bool:
        """Keep what `write` writes to the file it is given; whether it was kept.

        It is not where it is larger than the store, and where the disk is full. What `write` itself
        raises is raised.
        """
        secret = self.secret(make=True)
        if secret is None:
            return False
        try:
            with self._partial() as (file, place):
                written = json.dumps(dict(facts)).encode()
                start = _start(len(written))
                part = _Bounded(file, start, self.most_bytes)
                write(part)  # type: ignore[arg-type]
                part.check()
                _finish(file, key, written, start, secret)
                os.replace(place, self._path(key))
            self._make_room(keep=self._path(key))
        except OSError:
            return False
        return True

    def forget(self, key: str) -> None:
        """Remove the entry of a key, if there is one."""
        with suppress(OSError):
            self._path(key).unlink()

    def entries(self) -> list[Entry]:
        """All entries, the one used longest ago first."""
        found = (_entry(path) for path in self._files(SUFFIX))
        return sorted((entry for entry in found if entry), key=lambda entry: entry.used)

    def clear(self) -> None:
        """Remove all entries, and what killed processes left."""
        for entry in self.entries():
            with suppress(OSError):
                entry.path.unlink()
        self._remove_left_over()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _files(self, suffix: str) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.name.endswith(suffix)]
        except OSError:
            return []

    def _mapped(self, path: Path) -> Array | None:
        """The bytes of a file that is ours; None for one that is not."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags)
        try:
            facts = os.fstat(descriptor)
            return map_descriptor(descriptor) if _is_ours(facts) else None
        finally:
            os.close(descriptor)

    def _read_secret(self) -> bytes | None:
        try:
            found = (self.folder / SECRET).read_bytes()
        except FileNotFoundError:
            return None
        return found if len(found) == SECRET_BYTES else None

    def _made_secret(self) -> bytes | None:
        """A new secret; where two processes make one at once, that of the first, for both."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.unsafe() is not None:
            return None
        with self._partial() as (file, place):
            file.write(os.urandom(SECRET_BYTES))
            file.flush()
            _place_first(place, self.folder / SECRET)
            if self._read_secret() is None:  # of another length
                os.replace(place, self.folder / SECRET)
        return self._read_secret()

    @contextmanager
    def _partial(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A new file beside the entries, locked for as long as it is written."""
        from tempfile import mkstemp  # which imports compression, for those who write

        descriptor, name = mkstemp(suffix=PARTIAL, dir=self.folder)
        place = Path(name)
        try:
            with open(descriptor, "r+b") as file:
                lock(file)
                yield file, place
        finally:
            with suppress(OSError):
                place.unlink()

    def _make_room(self, keep: Path) -> None:
        self._remove_left_over()
        entries = self.entries()
        total = sum(entry.size_bytes for entry in entries)
        for entry in entries:
            if total <= self.most_bytes:
                return
            if entry.path != keep:
                with suppress(OSError):
                    entry.path.unlink()
                    total -= entry.size_bytes

    def _remove_left_over(self) -> None:
        """Files that nobody writes any more: their writers were killed."""
        for path in self._files(PARTIAL):
            with suppress(OSError):
                if not is_locked(path):
                    path.unlink()


class _Bounded(io.RawIOBase):
    """A part of a file, from `start`, of so many bytes at most.

    Errors are kept until `check`, since libraries in C++ lose what is raised inside of them.
    """

    def __init__(self, file: BinaryIO, start: int, most_bytes: int) -> None:
        super().__init__()
        self.file = file
        self.start = start
        self.most_bytes = most_bytes
        self.problem: OSError | None = None
        file.seek(start)

    def write(self, content: Any) -> int:
        try:
            if self.file.tell() - self.start + len(content) > self.most_bytes:
                raise OSError("larger than the store")
            if self.problem is None:
                self.file.write(content)
        except OSError as problem:
            self.problem = self.problem or problem
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            offset += self.start
        return self.file.seek(offset, whence) - self.start

    def tell(self) -> int:
        return self.file.tell() - self.start

    def check(self) -> None:
        if self.problem is not None:
            raise self.problem


def _is_ours(facts: os.stat_result) -> bool:
    """Whether it is a file that no other user can change."""
    if not stat.S_ISREG(facts.st_mode):
        return False
    return not HAS_OWNERS or (facts.st_uid == os.geteuid() and not facts.st_mode & UNSAFE)


def _entry(path: Path) -> Entry | None:
    try:
        facts = path.stat()
    except OSError:  # another process has removed it
        return None
    return Entry(path, facts.st_size, facts.st_mtime)


def _start(facts_bytes: int) -> int:
    """Where the content begins."""
    return -(-(HEAD + facts_bytes) // PAGE) * PAGE


def _finish(file: BinaryIO, key: str, facts: bytes, start: int, secret: bytes) -> None:
    """Write the head, with the sum over what is in the file now."""
    file.seek(0, os.SEEK_END)
    size = max(file.tell() - start, 0)
    file.truncate(start + size)
    file.seek(len(MAGIC) + SUM_BYTES)
    file.write(len(facts).to_bytes(8, "little") + size.to_bytes(8, "little") + facts)
    file.flush()
    total = _sum(map_descriptor(file.fileno()), key, secret)
    file.seek(0)
    file.write(MAGIC + total)
    file.flush()


def _sum(content: Array, key: str, secret: bytes) -> bytes:
    """The sum of a whole file but for its beginning, under this key."""
    inner = check_sum(content[len(MAGIC) + SUM_BYTES :], secret)
    return check_sum(numpy.frombuffer(key.encode() + inner, numpy.uint8), secret)


def _checked(content: Array, key: str, secret: bytes) -> Found | None:
    """What is in a file; None where it is not exactly what was written."""
    head = content[:HEAD].tobytes()
    if len(head) < HEAD or not head.startswith(MAGIC):
        return None
    facts_bytes, size = (
        int.from_bytes(head[HEAD - 16 + 8 * i : HEAD - 8 + 8 * i], "little") for i in range(2)
    )
    start = _start(facts_bytes)
    if content.size != start + size:
        return None
    if head[len(MAGIC) : len(MAGIC) + SUM_BYTES] != _sum(content, key, secret):
        return None
    facts = json.loads(content[HEAD : HEAD + facts_bytes].tobytes())
    return Found(facts, content[start:])
