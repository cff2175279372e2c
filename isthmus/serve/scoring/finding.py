"""Which kind of input a path is."""

from __future__ import annotations

from pathlib import Path

from isthmus.errors import FileError, UsageError

from .images import SUFFIXES, ImageFolder, images_in
from .lines import JsonLines, TextLines
from .parquet import ParquetFiles
from .read import Input

__all__ = ["ROWS", "input_of"]

PARQUET = ".parquet"
JSON_LINES = (".jsonl", ".ndjson")
ROWS = {"images": 256, "rows": 2048}  # of a part, unless told otherwise


def input_of(path: Path, part: int | None) -> Input:
    """The input at a path, in parts of so many rows; FileError or UsageError for what is none."""
    if path.is_dir():
        return _folder(path, part)
    if not path.is_file():
        raise FileError(f"{path}: no such file; give a folder of images, .txt, .jsonl or {PARQUET}")
    rows = part or ROWS["rows"]
    if path.suffix == PARQUET:
        return ParquetFiles.of([path], rows)
    if path.suffix in JSON_LINES:
        return JsonLines.of(path, rows)
    if path.suffix == ".txt":
        return TextLines.of(path, rows)
    raise UsageError(
        f"{path}: an input is a folder of images, or ends in .txt, {', '.join(JSON_LINES)} or "
        f"{PARQUET}; rename or convert it"
    )


def _folder(path: Path, part: int | None) -> Input:
    tables = sorted(path.glob(f"*{PARQUET}"))
    has_images = bool(images_in(path))
    if tables and has_images:
        raise UsageError(f"{path}: has both images and {PARQUET} files; score them apart")
    if tables:
        return ParquetFiles.of(tables, part or ROWS["rows"])
    if has_images:
        return ImageFolder(str(path), part or ROWS["images"])
    raise FileError(f"{path}: has neither images ({', '.join(SUFFIXES)}) nor {PARQUET} files")
