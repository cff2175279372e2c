"""The folder beside the output that a later run goes on with: what is scored, and finished parts.

manifest.json says which input, model and options the parts are of; a part is finished when its file
is there. Another input or option is refused, since half of the output would be of each.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.system import files
from isthmus.system.locks import lock

from .part import part_path

__all__ = ["FOLDER", "State"]

FORMAT = 1
FOLDER = ".parts"  # ends the name of the folder
MANIFEST, LOCK, ENDED = "manifest.json", "lock", "ended.json"


class State:
    """The parts of one output."""

    def __init__(self, output: Path, facts: Mapping[str, Any], count: int) -> None:
        self.output = output
        self.folder = output.with_name(output.name + FOLDER)
        self.facts = json.loads(json.dumps({"format": FORMAT, **facts, "parts": count}))
        self.count = count

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other process scores to the same output; UsageError where one does."""
        try:
            self.folder.mkdir(exist_ok=True)
            file = open(self.folder / LOCK, "ab")  # noqa: SIM115 (open for as long as it is locked)
        except OSError as problem:
            raise FileError(
                f"{self.folder}: cannot be written ({problem.strerror}); name another output"
            ) from None
        with file:
            try:
                lock(file)
            except OSError:
                raise UsageError(
                    f"{self.output} is being scored by another process; wait for it, or name "
                    "another output"
                ) from None
            self._begin()
            yield

    def _begin(self) -> None:
        """UsageError where the folder has parts of other work."""
        path = self.folder / MANIFEST
        if not path.exists():
            if any(self.folder.glob("part-*")):
                raise FileError(f"{self.folder}: has parts and no {MANIFEST}; remove the folder")
            files.write_text(path, json.dumps(self.facts, indent=1) + "\n", durable=True)
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise FileError(f"{path}: cannot be read; remove {self.folder}") from None
        if found != self.facts:
            said = _difference(found, self.facts)
            raise UsageError(
                f"{self.folder} has parts of other work: {said}; remove it to begin anew, or name "
                "another output"
            )

    def ended(self) -> dict[str, Any] | None:
        """What `end` was told, of a run that was killed while it removed its parts."""
        path = self.folder / ENDED
        if not (path.exists() and self.output.exists()):
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def end(self, summary: Mapping[str, Any]) -> None:
        """The output is there."""
        files.write_text(self.folder / ENDED, json.dumps(summary), durable=True)

    def finished(self) -> list[int]:
        """The numbers of the parts that are there."""
        return [number for number in range(self.count) if self.path(number).exists()]

    def path(self, number: int) -> Path:
        return part_path(self.folder, number)

    def remove(self) -> None:
        """All of it, after the output is there. The manifest goes last, so that what a kill leaves
        is not taken for the parts of nothing."""
        for path in self.folder.glob("part-*"):
            path.unlink(missing_ok=True)
        for name in (ENDED, MANIFEST):
            with suppress(OSError):
                os.unlink(self.folder / name)
        shutil.rmtree(self.folder, ignore_errors=True)


def _difference(found: Any, wanted: Mapping[str, Any], name: str = "") -> str:
    """The first thing that is not the same, by its name."""
    if not isinstance(found, dict):
        return f"{name or 'the manifest'} is another"
    for key in dict.fromkeys([*wanted, *found]):
        left, right = found.get(key), wanted.get(key)
        if left != right:
            path = f"{name}.{key}" if name else str(key)
            if isinstance(left, dict) and isinstance(right, dict):
                return _difference(left, right, path)
            return f"{path} was {_short(left)} and is {_short(right)}"
    return "nothing"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
