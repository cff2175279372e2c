"""Files that are written whole or not at all, and places that are tried before the work for them.

A file is made in a folder beside its place and then renamed: an error, an interruption or a kill at
any byte leaves the old file or the new one.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import FileError

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

__all__ = [
    "PREFIX",
    "flush",
    "replacing",
    "same_file",
    "try_file",
    "try_folder",
    "utf8",
    "write_bytes",
    "write_text",
]

PREFIX = ".isthmus-"  # of the folder beside; a kill may leave one
HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # of a pair: no letters, and no bytes
DEVICES = ("/dev/", "/proc/")  # names of what is open already, such as /dev/stdout
NOT_BESIDE = (errno.EACCES, errno.EPERM, errno.EROFS)  # of folders that take no other file
NOT_RENAMED = (errno.EBUSY, errno.EXDEV)  # a file that is mounted by itself


def write_text(path: str | Path, text: str, *, durable: bool = False) -> None:
    """The text as UTF-8, whole or not at all; durable: and on the disk."""
    write_bytes(path, utf8(text), durable=durable)


def utf8(text: str) -> bytes:
    """The text as UTF-8, whatever is in it.

    Where the system's encoding has no such letters, a file's name came as bytes (PEP 383), which
    are taken for UTF-8 where they are.
    """
    kept = HALVES.sub("?", text)
    return kept.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").encode()


def write_bytes(path: str | Path, content: bytes, *, durable: bool = False) -> None:
    """The content, whole or not at all; durable: and on the disk."""
    if _is_stream(Path(path)):
        with open(path, "ab") as stream:
            stream.write(content)
        return
    with replacing(path, durable=durable) as partial:
        partial.write_bytes(content)


@contextmanager
def replacing(path: str | Path, *, durable: bool = False) -> Iterator[Path]:
    """Where to write a file of this name, and others beside it; they take their places at the end.

    What a link points to is replaced, its permissions stay. A pipe, and a file in a folder that
    takes no other, are written in place. Errors are those of the system.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if _is_stream(Path(path)):
        yield Path(path)
        return
    with _folder_beside(target) as folder:
        yield folder / target.name
        # The file itself comes last: who sees it finds the others there.
        for made in sorted(folder.iterdir(), key=lambda each: each.name == target.name):
            _put(made, target.parent / made.name, durable)
    if durable:
        flush(target.parent)


def try_file(path: Path, *, makes_folders: bool = False) -> None:
    """`FileError` where no file of this name can be written; nothing is left of the attempt.

    makes_folders: whether those that lack will be made.
    """
    step = "name a file in a folder of yours"
    if os.path.isdir(path):
        raise FileError(f"{path}: cannot be written (it is a folder); name a file in it")
    if not makes_folders and not os.path.exists(path.parent):
        raise FileError(f"{path}: there is no folder {path.parent}; create it first")
    if _is_stream(path) or (os.path.isfile(path) and not os.access(path.parent, os.W_OK)):
        if not os.access(path, os.W_OK):
            raise FileError(f"{path}: cannot be written; {step}")
        return
    _try(path, os.path.dirname, step)


def try_folder(path: Path) -> None:
    """`FileError` where no files can be written into a folder of this name, there or not yet."""
    step = "name a folder that can be written"
    if os.path.exists(path) and not os.path.isdir(path):
        raise FileError(f"{path}: cannot be written (it is a file); {step}")
    _try(path, str, step)


def _try(path: Path, folder_of: Callable[[str], str], step: str) -> None:
    """Make a file of this name in the folder, or in the first above it that is there."""
    try:
        target = os.path.realpath(path)
        folder = Path(folder_of(target))
        there = next(each for each in (folder, *folder.parents) if os.path.exists(each))
        with _folder(there) as made:
            (Path(made) / os.path.basename(target)).touch()
    except (OSError, ValueError) as problem:  # ValueError: a null in the name
        reason = getattr(problem, "strerror", None) or str(problem)
        raise FileError(f"{path}: cannot be written ({reason}); {step}") from None


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two names are of one file, be it there or not yet."""
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _is_stream(path: Path) -> bool:
    """Whether it is open already, or no file: a pipe, a terminal."""
    opened = os.path.abspath(path).startswith(DEVICES)
    known = os.path.exists(path) and not os.path.isdir(path)
    return known and (opened or not os.path.isfile(path))


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """A folder for what will be renamed, or elsewhere for what will be copied into a file."""
    try:
        made = _folder(target.parent)
    except OSError as problem:
        if problem.errno not in NOT_BESIDE or not target.is_file():
            raise
        made = _folder()
    with made as folder:
        yield Path(folder)


def _folder(where: Path | None = None) -> TemporaryDirectory[str]:
    """A new folder, which goes in the end."""
    from tempfile import TemporaryDirectory  # which imports compression, for those who write

    return TemporaryDirectory(prefix=PREFIX, dir=where)


def _put(made: Path, target: Path, durable: bool) -> None:
    """Rename, with the permissions of what was there."""
    import shutil  # as above

    if target.exists():
        shutil.copymode(target, made)
    if durable:
        flush(made)
    try:
        made.replace(target)
    except OSError as problem:
        if problem.errno not in (*NOT_BESIDE, *NOT_RENAMED) or not target.is_file():
            raise
        shutil.copyfile(made, target)


def flush(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder; only POSIX opens folders."""
    with suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
