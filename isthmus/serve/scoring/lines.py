"""Files of lines: a text each, or a JSON object each. A row is a line, blank ones included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import FileError
from isthmus.serve.scorer_rows import ABSENT, shown

from .read import Read, Span
from .stamp import Stamp, check_stamp, stamp_of

__all__ = ["JsonLines", "TextLines", "indexed"]

BLOCK = 1 << 24  # bytes that are looked at together
NEWLINE = 10
MARK = b"\xef\xbb\xbf"  # that some editors begin UTF-8 with
SEEN = 100  # lines that tell which columns there are

TEXT = "text"


@dataclass(frozen=True)
class _Lines:
    path: str
    stamp: Stamp
    sum: str
    part: int

    def facts(self) -> dict[str, Any]:
        return {"file": self.path, "sha256": self.sum, "bytes": self.stamp.size}

    def spans(self) -> list[Span]:
        """By reading the file once more; nothing of it is held."""
        starts, count, found = indexed(self.path, self.part)
        if found != self.sum:
            raise FileError(f"{self.path}: was changed while it was read; score it again")
        ends = [*starts[1:], self.stamp.size] if starts else []
        firsts = range(0, count, self.part)
        return [
            Span(first, min(self.part, count - first), (start, end))
            for first, start, end in zip(firsts, starts, ends, strict=True)
        ]

    def lines(self, span: Span) -> list[bytes]:
        """The bytes of each line, without its end."""
        check_stamp(self.path, self.stamp)
        start, end = span.place
        with open(self.path, "rb") as file:
            file.seek(start)
            content = file.read(end - start)
        check_stamp(self.path, self.stamp)
        found = content.split(b"\n")
        if len(found) > span.rows:  # behind the last end of a line there is none
            found.pop()
        if len(found) != span.rows:
            raise FileError(f"{self.path}: was changed while it was read; score it again")
        if start == 0:
            found[0] = found[0].removeprefix(MARK)
        return [line.removesuffix(b"\r") for line in found]


class TextLines(_Lines):
    """A text a line, in UTF-8; its column is "text"."""

    @staticmethod
    def of(path: str | Path, part: int) -> TextLines:
        stamp = stamp_of(path)
        return TextLines(str(path), stamp, _sum(path), part)

    def names(self) -> list[str]:
        return [TEXT]

    def read(self, span: Span, names: Sequence[str]) -> Read:
        texts = [line.decode("utf-8", "surrogateescape") for line in self.lines(span)]
        return Read({TEXT: texts}, range(span.rows))

    def kept(self, span: Span, names: Sequence[str], rows: Sequence[int]) -> Mapping[str, Any]:
        texts = self.read(span, names).columns[TEXT]
        return {name: [texts[row] for row in rows] for name in names}


@dataclass(frozen=True)
class JsonLines(_Lines):
    """A JSON object a line; its keys are the columns, of which a row may lack some."""

    columns: tuple[str, ...] = ()

    @staticmethod
    def of(path: str | Path, part: int) -> JsonLines:
        stamp = stamp_of(path)
        found: dict[str, None] = {}
        with open(path, "rb") as file:
            for line, _ in zip(file, range(SEEN), strict=False):
                value, _ = _object(line.removeprefix(MARK))
                found |= dict.fromkeys(value or ())
        return JsonLines(str(path), stamp, _sum(path), part, tuple(found))

    def names(self) -> list[str]:
        return list(self.columns)

    def read(self, span: Span, names: Sequence[str]) -> Read:
        good: list[int] = []
        values: list[Mapping[str, Any]] = []
        bad = {}
        for row, line in enumerate(self.lines(span)):
            value, reason = _object(line)
            if value is None:
                bad[row] = reason
            else:
                good.append(row)
                values.append(value)
        columns = {name: [value.get(name, ABSENT) for value in values] for name in names}
        return Read(columns, good, bad)

    def kept(self, span: Span, names: Sequence[str], rows: Sequence[int]) -> Mapping[str, Any]:
        found = self.read(span, names)
        place = {row: at for at, row in enumerate(found.rows)}
        return {
            name: [_nothing_for_absent(found.columns[name][place[row]]) for row in rows]
            for name in names
        }


def _nothing_for_absent(value: Any) -> Any:
    return None if value is ABSENT else value


def _object(line: bytes) -> tuple[Mapping[str, Any] | None, str]:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return None, "the line is not UTF-8"
    except (ValueError, RecursionError):
        return None, f"the line is no JSON: {shown(line.decode('utf-8', 'replace'))}"
    if not isinstance(value, dict):
        return None, f"the line is no JSON object: {shown(value)}"
    return value, ""


def indexed(path: str | Path, part: int) -> tuple[list[int], int, str]:
    """Where every `part` lines begin, how many lines there are, and the file's SHA-256.

    What stands behind the last end of a line is a line as well, if it is not empty.
    """
    starts, lines, at = [0], 0, 0
    whole = hashlib.sha256()
    last = NEWLINE
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            whole.update(block)
            ends = numpy.flatnonzero(numpy.frombuffer(block, numpy.uint8) == NEWLINE)
            first = (part - lines % part) - 1  # of these, that ends a part
            starts += (at + 1 + ends[first::part]).tolist()
            lines += len(ends)
            at += len(block)
            last = block[-1]
    lines += last != NEWLINE
    if starts[-1] == at and len(starts) > 1:
        starts.pop()  # where the file ends no part begins
    return (starts if lines else []), lines, whole.hexdigest()


def _sum(path: str | Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
