"""The same benchmark in several files: tables show the newest, older ones are its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from isthmus.errors import FileError
from isthmus.reports.files.comparison import setting
from isthmus.reports.files.result import ResultFile

__all__ = ["Place", "current", "repeated", "superseded"]


class Place(NamedTuple):
    """A result by its file and its name."""

    path: str
    fullname: str


def superseded(files: Sequence[ResultFile]) -> frozenset[Place]:
    """The results that a newer file of the same machine holds too.

    Errors: `FileError` where two files were measured at the same time, so that neither is newer.
    """
    newest: dict[tuple[object, ...], tuple[ResultFile, str]] = {}
    older: set[Place] = set()
    for file in sorted(files, key=lambda file: file.measured):
        for result in file.results:
            key = (file.machine, result.fullname, result.variant, setting(result))
            before, name = newest.get(key, (file, ""))
            newest[key] = (file, result.fullname)
            if before is not file:
                _check(before, file, result.fullname)
                older.add(Place(before.path, name))
    return frozenset(older)


def current(files: Sequence[ResultFile]) -> tuple[ResultFile, ...]:
    """The files without what is superseded; files of which nothing is left are dropped."""
    older = superseded(files)
    kept = [
        replace(
            file,
            results=tuple(
                result for result in file.results if Place(file.path, result.fullname) not in older
            ),
        )
        for file in files
    ]
    return tuple(file for file in kept if file.results or file.missing)


def repeated(files: Sequence[ResultFile]) -> tuple[str, ...]:
    """A line that tells how many results are older."""
    if not (older := superseded(files)):
        return ()
    count = len({place.path for place in older})
    what = f"{len(older)} results of {count} {'file' if count == 1 else 'files'}"
    return (f"{what} were measured again later: the tables show the newest.",)


def _check(before: ResultFile, file: ResultFile, name: str) -> None:
    if before.measured == file.measured:
        second, first = (file, before) if file.path > before.path else (before, file)
        raise FileError(f"{second.path}: {name} is also in {first.path}; give one")
