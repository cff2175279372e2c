"""Parquet files, one or a folder of them: the rows of each row group, in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.serve.scorer_source import sum_of
from isthmus.serve.scorer_tables import arrow_column
from isthmus.system.extras import require

from .read import Read, Span
from .stamp import Stamp, check_stamp, stamp_of

__all__ = ["ParquetFiles"]


@dataclass(frozen=True)
class ParquetFiles:
    """Files of the same columns, in the order of their names."""

    files: tuple[tuple[str, Stamp], ...]
    part: int

    @staticmethod
    def of(paths: Sequence[str | Path], part: int) -> ParquetFiles:
        require("parquet", user="reading Parquet")
        found = ParquetFiles(tuple((str(path), stamp_of(path)) for path in paths), part)
        first = found.names()
        for path, _ in found.files[1:]:
            if (names := _schema(path).names) != first:
                raise UsageError(
                    f"{path}: has the columns {', '.join(names)}, and {found.files[0][0]} has "
                    f"{', '.join(first)}; score them apart"
                )
        return found

    def facts(self) -> dict[str, Any]:
        whole = hashlib.sha256()
        for path, stamp in self.files:
            whole.update(sum_of(path).encode())
            check_stamp(path, stamp)
        return {"files": [path for path, _ in self.files], "sha256": whole.hexdigest()}

    def names(self) -> list[str]:
        names: list[str] = _schema(self.files[0][0]).names
        return names

    def spans(self) -> list[Span]:
        found: list[Span] = []
        first = 0
        for number, (path, _) in enumerate(self.files):
            facts = _opened(path).metadata
            for group in range(facts.num_row_groups):
                rows = facts.row_group(group).num_rows
                for at in range(0, rows, self.part):
                    count = min(self.part, rows - at)
                    found.append(Span(first, count, (number, group, at)))
                    first += count
        return found

    def table(self, span: Span, names: Sequence[str]) -> Any:
        """Its rows as Arrow has them."""
        number, group, at = span.place
        path, stamp = self.files[number]
        check_stamp(path, stamp)
        found = _group(path, stamp, group, tuple(names)).slice(at, span.rows)
        check_stamp(path, stamp)
        return found

    def read(self, span: Span, names: Sequence[str]) -> Read:
        table = self.table(span, names)
        return Read({name: arrow_column(table[name]) for name in names}, range(span.rows))

    def kept(self, span: Span, names: Sequence[str], rows: Sequence[int]) -> Mapping[str, Any]:
        """Arrow's own columns, so that types stay."""
        table = self.table(span, names).take(list(rows))
        return {name: table[name] for name in names}


@lru_cache(maxsize=2)  # parts of one group follow each other
def _group(path: str, stamp: Stamp, group: int, names: tuple[str, ...]) -> Any:
    try:
        return _opened(path).read_row_group(group, columns=list(names), use_threads=False)
    except (OSError, ValueError) as problem:
        raise _damaged(path, problem) from None


def _opened(path: str) -> Any:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path)
    except (OSError, ArrowException) as problem:
        raise _damaged(path, problem) from None


def _damaged(path: str, problem: Exception) -> FileError:
    reason = " ".join(str(problem).split())[:120]
    return FileError(f"{path}: not a whole Parquet file ({reason}); write it again")


def _schema(path: str) -> Any:
    return _opened(path).schema_arrow
