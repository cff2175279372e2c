"""What `--against-environment` names: a Python that is there, or requirements to make one of."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import FileError, UsageError
from isthmus.reports.files.checks import clean

__all__ = ["Requirements", "asked_of"]

ARCHIVES = (".whl", ".tar.gz", ".zip")
PROGRAMS = ("bin/python", "Scripts/python.exe")  # of a virtual environment
_SPECIFIER = r"\s*(?:===?|~=|!=|<=?|>=?)\s*[^\s,;<>=!~]+"
_PIN = re.compile(
    rf"\s*([A-Za-z0-9][\w.-]*(?:\[[\w.,\s-]*\])?{_SPECIFIER}(?:,{_SPECIFIER})*)\s*(?:,|$)"
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_NESTED = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")
_EDITABLE = re.compile(r"(?:-e|--editable)\b")
GIVE = (
    "give a virtual environment, a requirements file, or pins such as "
    "openvino==2026.3.0,onnxruntime==1.31.1"
)


@dataclass(frozen=True)
class Requirements:
    """What pip installs (`arguments`, from the folder that it was named in), as it was named.

    content: all that decides what is installed, the text of files and the sums of archives.
    """

    named: str
    arguments: tuple[str, ...]
    content: tuple[str, ...]


def asked_of(named: str, folder: Path) -> Path | Requirements:
    """The interpreter of an environment, or requirements; names are relative to the folder.

    UsageError for what is neither, FileError for a file that cannot be read.
    """
    path = folder / Path(named).expanduser()
    if path.is_dir():
        return _program(named, path)
    if path.is_file():
        if path.name.endswith(ARCHIVES):
            return Requirements(named, (str(path),), (_sum(path),))
        is_program = os.access(path, os.X_OK) and path.suffix not in (".txt", ".in")
        return path.absolute() if is_program else _file(named, path, folder)
    pins = _pins(named)
    if not pins:
        raise UsageError(f"{clean(named)}: no such folder or file, and no pins; {GIVE}")
    return Requirements(named, pins, tuple(sorted(pins)))


def _program(named: str, path: Path) -> Path:
    """Not resolved: the link of a virtual environment is what tells it from the Python it is of."""
    for program in PROGRAMS:
        if (path / program).is_file():
            return (path / program).absolute()
    what = f"a folder without {PROGRAMS[0]} is no virtual environment"
    raise UsageError(f"{clean(named)}: {what}; {GIVE}")


def _pins(text: str) -> tuple[str, ...]:
    """`a==1,b>=2,<3` as its two requirements; none where any of it is something else."""
    found, at = list[str](), 0
    while at < len(text):
        pin = _PIN.match(text, at)
        if pin is None:
            return ()
        found.append(re.sub(r"\s+", "", pin[1]))
        at = pin.end()
    return tuple(found)


def _file(named: str, path: Path, folder: Path) -> Requirements:
    content = tuple(_content(path, folder, frozenset()))
    if not content:
        raise UsageError(f"{clean(named)}: asks for nothing; {GIVE}")
    return Requirements(named, ("-r", str(path)), content)


def _content(path: Path, folder: Path, above: frozenset[Path]) -> Iterator[str]:
    """Its lines, those of the files that it names, and the sums of archives."""
    for line in _lines(path):
        yield line
        if _EDITABLE.match(line) or (folder / line).is_dir():
            step = "build a wheel of it, or give an environment that has it"
            raise UsageError(f"{path}: {clean(line)} may change under its name; {step}")
        nested = _NESTED.match(line)
        if nested and "://" not in nested[1]:
            inner = path.parent / nested[1]
            if inner not in above:
                yield from _content(inner, folder, above | {path})
        elif line.endswith(ARCHIVES) and (folder / line).is_file():
            yield _sum(folder / line)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "is not text"
        raise FileError(f"{path}: cannot be read as requirements ({why}); {GIVE}") from None
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
