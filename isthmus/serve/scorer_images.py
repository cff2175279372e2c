"""A column of images, as paths, bytes of files, or pixels: prepared as the model was trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from isthmus.errors import IsthmusError
from isthmus.program.executable import Executable

from .scorer_rows import Column, Kinds, Rejected, Scored, column_of, taken

__all__ = ["Images", "source_of"]

USUAL = ("image", "path", "bytes")


class Images:
    """Scores the images of a column. encode: sources -> the model's arrays, [N, 3, H, W]."""

    def __init__(
        self,
        program: Executable,
        encode: Callable[[Sequence[Any]], Mapping[str, Any]],
        kinds: Kinds,
        batch: int,
    ) -> None:
        self.program = program
        self.encode = encode
        self.kinds = kinds
        self.batch = batch
        (self.name,) = kinds.sizes

    def __call__(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> Scored:
        """asked: the column, by the name "image"."""
        name = column_of(columns, asked.get("image"), USUAL)
        rows: list[int] = []
        rejected: list[Rejected] = []
        items = self._read(columns[name], name, rows, rejected)
        found = taken(self.program.map(items, self.batch), rows, self.kinds, self.name)
        found.rejected = sorted([*found.rejected, *rejected])
        return found

    def needs(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> list[str]:
        return [column_of(columns, asked.get("image"), USUAL)]

    def _read(
        self, column: Column, name: str, rows: list[int], rejected: list[Rejected]
    ) -> Iterator[dict[str, Any]]:
        """The pixels of each image, a few at a time; those that cannot be read are noted."""
        for row, value in enumerate(column):
            try:
                arrays = self.encode([source_of(value)])
            except IsthmusError as problem:
                rejected.append(Rejected(row, f"{name}: {problem}"))
                continue
            rows.append(row)
            yield {key: array[0] for key, array in arrays.items()}


def source_of(value: Any) -> Any:
    """What is read of a row: of a dict, as of data sets of Hugging Face, its bytes or its path."""
    if isinstance(value, Mapping):
        return value.get("bytes") or value.get("path")
    return value
