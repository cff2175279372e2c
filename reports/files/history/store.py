"""A history of runs as plain files: a folder a machine, a file a run, and files are only added.

    DIR/amd-epyc-89abcdef/2026-11-20T100000-0123456789ab-89abcdef01234567.json

A file is made in a hidden folder beside its place, flushed to the disk and then renamed: a kill at
any byte leaves all files that were there, and a folder that no reader looks at. No two writers
share a file, so that many may write at once; and the union of two copies is a history, so that git
merges them.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import FileError
from isthmus.reports.files.checks import clean, fail
from isthmus.reports.files.same_machine import Machine
from isthmus.system import files

from .store_record import NEXT, Record, file_name, line_of, machine_name, record_at

__all__ = ["History", "append", "machines", "read"]

HOME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}")  # as `machine_name` makes them
ABANDONED_SECONDS = 3600.0  # a record takes milliseconds to write


@dataclass(frozen=True)
class History:
    """Runs, oldest first, and a line for each file that is no whole record."""

    records: tuple[Record, ...]
    warnings: tuple[str, ...] = ()


def append(folder: str | Path, record: Record) -> Path:
    """Add a run and return its file; the same run twice is one file.

    Errors: `FileError` where the folder holds something else, or cannot be written.
    """
    line, root = line_of(record), Path(folder)
    _homes(root)  # refuses a folder of other things
    home = root / machine_name(record.machine)
    try:
        home.mkdir(parents=True, exist_ok=True)
        files.flush(root)
        _sweep(home)
        path = home / file_name(record, line)
        # A file of that name has this content, as the name is made of it, or is broken: replace it.
        files.write_text(path, f"{line}\n", durable=True)
        return path
    except OSError as error:
        reason = f"{folder}: {error.strerror or error}"
        raise FileError(clean(f"{reason}; name a folder that can be written")) from None


def read(folder: str | Path, machine: Machine | None = None) -> History:
    """The runs on that machine, or on every machine; none where the folder is not there yet.

    Errors: `FileError` where the folder is something else, or cannot be read.
    """
    found, warnings = dict[str, Record](), list[str]()
    for home in _homes(Path(folder)):
        if machine is None or _is_of(home, machine):
            for path in _files(home):
                one = _tried(path, machine)
                if isinstance(one, Record):
                    found[path.name] = one  # in two folders where the memory was rounded apart
                else:
                    warnings.append(one)
    ordered = sorted(found.items(), key=lambda item: (item[1].measured, item[0]))
    return History(tuple(record for _, record in ordered), tuple(warnings))


def machines(folder: str | Path) -> tuple[Machine, ...]:
    """Every machine of which a run is stored."""
    first = map(_first, _homes(Path(folder)))
    return tuple(record.machine for record in first if record)


def _homes(root: Path) -> list[Path]:
    """The machines' folders, by name; `FileError` for a folder of other things."""
    try:
        entries = [path for path in root.iterdir() if _visible(path)] if root.exists() else []
    except OSError as error:
        reason = f"{root}: {error.strerror or error}"
        raise FileError(clean(f"{reason}; name a folder for the history")) from None
    homes = [path for path in entries if HOME.fullmatch(path.name) and path.is_dir()]
    if entries and not homes:
        other = f"is no history of runs (it has {min(entries).name})"
        fail(str(root), other, "name a folder of its own for the history")
    return sorted(homes)


def _files(home: Path) -> Iterator[Path]:
    """What should be a record, oldest first; not the hidden files of writers."""
    return (path for path in sorted(home.glob("*.json")) if _visible(path))


def _visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _is_of(home: Path, machine: Machine) -> bool:
    """By one of its runs, as all have one fingerprint; True where none can be read."""
    record = _first(home)
    return record is None or not record.machine.differences(machine)


def _first(home: Path) -> Record | None:
    return next((one for one in map(_tried, _files(home)) if isinstance(one, Record)), None)


def _tried(path: Path, machine: Machine | None = None) -> Record | str:
    """The record, or what is wrong with the file."""
    try:
        record = record_at(path)
        if machine is not None and record.machine.differences(machine):
            fail(str(path), "is of another machine than its folder", "move it back")
        return record
    except FileError as error:
        return str(error)
    except (OSError, ValueError, RecursionError) as error:
        return clean(f"{path}: cannot be read ({type(error).__name__}); {NEXT}")


def _sweep(home: Path) -> None:
    """Remove what writers left that were killed long ago: folders, files in earlier versions."""
    for path in (*home.glob(f"{files.PREFIX}*"), *home.glob(".*.json.*")):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
