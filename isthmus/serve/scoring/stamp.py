"""Whether a file is still the one that was looked at when the work began."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from isthmus.errors import FileError

__all__ = ["Stamp", "check_stamp", "stamp_of"]


class Stamp(NamedTuple):
    """What changes when a file is written to or replaced."""

    size: int
    mtime_ns: int
    inode: int


def stamp_of(path: str | Path) -> Stamp:
    """FileError where there is no such file."""
    try:
        facts = os.stat(path)
    except OSError as problem:
        raise FileError(
            f"{path}: cannot be read ({problem.strerror}); give a file or a folder of inputs"
        ) from None
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ino)


def check_stamp(path: str | Path, stamp: Stamp) -> None:
    """FileError where it is another than before."""
    if stamp_of(path) != stamp:
        raise FileError(
            f"{path}: was changed while it was read; score it again when nobody writes to it"
        )
