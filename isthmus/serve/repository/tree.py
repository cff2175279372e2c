"""The folder on the disk: versions are added whole or not at all, and none is ever replaced.

A version is made in a hidden folder beside the others, which servers pass over, and renamed. Files
that all versions share are written as they are exported, unless somebody edited them.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.system.files import PREFIX, write_text
from isthmus.system.locks import lock

__all__ = ["Shared", "add_version", "check_same", "staging"]

RECORD = ".isthmus.json"
LOCK = ".isthmus.lock"
FORMAT = 1
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02


@dataclass
class Shared:
    """Files that all versions share, as they will be. kept: those that somebody edited.

    sums: of what the last two exports wrote, as one that was ended may have written a part.
    """

    sums: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    texts: dict[Path, str] = field(default_factory=dict)

    def replace(self, name: str, there: str | None, content: str, path: Path, text: str) -> None:
        """Write the text to the path in the end, unless what is there was edited.

        there: what the part of the file that is the export's own holds now, None for nothing;
        content: what it will. name: of that part.
        """
        known = self.sums.get(name, [])
        if there is not None and _sum(there) not in known:
            self.kept.append(name)
            return
        self.sums[name] = list(dict.fromkeys([_sum(content), *known]))[:2]
        if there != content:
            self.texts[path] = text


@contextmanager
def staging(folder: Path, name: str) -> Iterator[Path]:
    """A new folder for the files of a version, which goes in the end unless it was renamed."""
    model = folder / name
    model.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=PREFIX, dir=model) as made:
            version = Path(made) / "version"
            version.mkdir()  # by the user's mask, as servers are other users
            yield version
    finally:
        with suppress(OSError):  # what has a version stays
            model.rmdir()


def check_same(folder: Path, name: str, signature: Mapping[str, Any]) -> None:
    """UsageError where the model is there and takes or gives something else."""
    model = folder / name
    record = _record(model)
    if record is None:
        others = [each for each in _names(model) if not each.startswith(PREFIX)]
        if others:
            raise UsageError(
                f"{model} holds {sorted(others)[0]}, and was not made by an export; give another "
                "--name"
            )
        return
    if differing := [key for key in signature if record["signature"].get(key) != signature[key]]:
        key = differing[0]
        raise UsageError(
            f"{model} has versions whose {key} are {_said(record['signature'].get(key))}, of this "
            f"one {_said(signature[key])}; all versions of a model have the same: give another "
            "--name"
        )


def add_version(
    folder: Path,
    name: str,
    signature: Mapping[str, Any],
    staged: Path,
    plan: Callable[[Shared], None],
) -> tuple[int, list[str]]:
    """Give the version its number, and write what all share by `plan`; the number, and files kept.

    One export does this at a time; the configuration is there before the version is.
    """
    with _locked(folder):
        check_same(folder, name, signature)
        model = folder / name
        record = _record(model) or {"sums": {}}
        shared = Shared(dict(record["sums"]))
        plan(shared)
        document = {"format": FORMAT, "signature": dict(signature), "sums": shared.sums}
        write_text(model / RECORD, json.dumps(document, indent=1) + "\n")
        for path, text in shared.texts.items():
            write_text(path, text)
        number = 1 + max(map(int, filter(_is_version, _names(model))), default=0)
        os.rename(staged, model / str(number))
        return number, shared.kept


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; FileError where another takes a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    with open(folder / LOCK, "ab") as file:
        while True:
            try:
                lock(file)
                break
            except OSError:
                if time.monotonic() > until:
                    raise FileError(
                        f"{folder}: another export has been writing for {PATIENCE_SECONDS:.0f} s; "
                        "try again when it has ended"
                    ) from None
                time.sleep(PAUSE_SECONDS)
        yield


def _record(model: Path) -> dict[str, Any] | None:
    """What the last export noted; None where there was none."""
    path = model / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']}")
        return {"signature": dict(record["signature"]), "sums": dict(record["sums"])}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise FileError(f"{path}: cannot be read ({problem}); export to another --name") from None


def _names(model: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return os.listdir(model)
    return []


def _is_version(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _said(value: Any) -> str:
    """A part of a signature, in one line."""
    if not isinstance(value, list):
        return str(value)
    return ", ".join(f"{each['name']} {each['type']}{each['dims']}" for each in value)


def _sum(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
