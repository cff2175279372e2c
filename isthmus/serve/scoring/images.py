"""A folder of images: a row a file, in the order of their paths."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import FileError

from .read import Read, Span

__all__ = ["SUFFIXES", "ImageFolder", "images_in"]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
PATH = "path"


@dataclass(frozen=True)
class ImageFolder:
    """Images by their paths below the folder; the column is "path"."""

    path: str
    part: int

    def facts(self) -> dict[str, Any]:
        """A sum over names, sizes and times: reading all images would take as long as scoring."""
        whole, count = hashlib.sha256(), 0
        for name in images_in(self.path):
            facts = _stat(Path(self.path, name))
            line = f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n"
            whole.update(line.encode("utf-8", "surrogateescape"))
            count += 1
        return {"folder": self.path, "files": count, "sha256": whole.hexdigest()}

    def names(self) -> list[str]:
        return [PATH]

    def spans(self) -> list[Span]:
        every = images_in(self.path)
        return [
            Span(at, len(every[at : at + self.part]), tuple(every[at : at + self.part]))
            for at in range(0, len(every), self.part)
        ]

    def read(self, span: Span, names: Sequence[str]) -> Read:
        paths = [os.path.join(self.path, name) for name in span.place]
        return Read({PATH: paths}, range(span.rows))

    def kept(self, span: Span, names: Sequence[str], rows: Sequence[int]) -> Mapping[str, Any]:
        """The paths below the folder, as text."""
        shown = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                 for name in span.place]  # fmt: skip
        return {name: [shown[row] for row in rows] for name in names}


def images_in(folder: str | Path) -> list[str]:
    """Paths below the folder of all files with a suffix of images, hidden ones left out."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = os.path.relpath(place, folder)
        found += [
            os.path.normpath(os.path.join(below, name))
            for name in files
            if not name.startswith(".") and name.lower().endswith(SUFFIXES)
        ]
    return sorted(found)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as problem:
        raise FileError(f"{path}: cannot be read ({problem.strerror}); mend or remove it") from None
