"""Why a path cannot be read as what is expected: by what is there, and by how the file begins."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Wrong", "explained", "kind_of", "no_file"]

HEAD_BYTES = 512
CHECK = "check the file"

# How files of other kinds begin. Those that readers here take are not among them.
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive, as torch.save writes"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x93NUMPY", "an array of numpy.save"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"version https://git-lfs", "a pointer of git-lfs to the file; run git lfs pull"),
    (b"<!DOCTYPE", "a page of HTML, as a failed download leaves"),
    (b"<html", "a page of HTML, as a failed download leaves"),
    (b"<?xml", "XML"),
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG", "a PNG"),
)


class Wrong(NamedTuple):
    """What a path is instead, and what to do."""

    reason: str
    step: str = CHECK


def no_file(path: str | Path, suffixes: tuple[str, ...]) -> Wrong | None:
    """None for a plain file, whatever is in it.

    suffixes: how names of such files end, by which those in a folder are found.

    >>> from isthmus.system.file_kinds import no_file
    >>> no_file("absent.im", (".im",))
    Wrong(reason='no such file', step='check the file name')
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return Wrong("no such file", "check the file name")
    except ValueError:  # a zero in the name
        return Wrong("no name of a file", "check the file name")
    except OSError as problem:
        return Wrong(_said(problem))
    if stat.S_ISDIR(mode):
        return Wrong("it is a folder", _inside(Path(path), suffixes))
    if not stat.S_ISREG(mode):
        return Wrong("it is a device or a pipe, no plain file", "copy it into a file")
    return None


def explained(path: str | Path, problem: Exception) -> Wrong:
    """Of a file that its reader refused: by what it is, or else by what the reader says."""
    return kind_of(path) or Wrong(" ".join(str(problem).split())[:120] or type(problem).__name__)


def kind_of(path: str | Path) -> Wrong | None:
    """Of a file that is none of the kind: which one it is by its first bytes, if that is known.

    A file of the kind may begin so too: a file of safetensors begins with a number, which may be
    the first bytes of a pickle.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as problem:
        return Wrong(_said(problem))
    if not head:
        return Wrong("it is empty", "write or download it again")
    return _of_head(head)


def _of_head(head: bytes) -> Wrong | None:
    for begins, kind in BEGINNINGS:
        if head.startswith(begins):
            return Wrong(f"it is {kind}")
    return Wrong("it is text") if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Whether all of it is letters and line ends, which no head of a binary file is: it has
    zeros or other bytes below a space in its numbers of sizes."""
    return all(byte in b"\t\n\r\f" or byte >= 0x20 for byte in head) and b"\x7f" not in head


def _inside(folder: Path, suffixes: tuple[str, ...]) -> str:
    """What to name in the folder."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        names = []
    found = [name for name in names if Path(name).suffix.lower() in suffixes]
    return f"give a file in it, such as {folder / found[0]}" if found else "give a file"


def _said(problem: Any) -> str:
    return str(problem.strerror or problem).lower()
