"""What long studies share: a file that a later run goes on with, progress, errors as one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.errors import FileError, UsageError
from isthmus.system import command
from isthmus.system.threads import available_threads

Entry = dict[str, Any]
T = TypeVar("T")


def default_path(name: str) -> Path:
    """reports/results/NAME-DATE.json of the checkout."""
    today = datetime.now(UTC).date().isoformat()
    return Path(__file__).parent.parent / "reports" / "results" / f"{name}-{today}.json"


def check_threads(threads: int) -> None:
    """UsageError for fewer than one thread, or more than there are processors for."""
    most = available_threads()
    if not 1 <= threads <= most:
        raise UsageError(f"--threads {threads}: give 1 to {most}")


def known(design: Mapping[str, Any]) -> Entry:
    """What has to be equal for measurements to share a file."""
    return {"design": dict(design), "fingerprint": fingerprint(), "versions": versions()}


def earlier(path: Path, known: Mapping[str, Any]) -> list[Entry]:
    """The measurements of an earlier run of the same design here; none if there is no file.

    FileError where the file holds something else, which going on would mix or overwrite.
    """
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        measurements: list[Entry] = found["measurements"]
    except (OSError, ValueError, LookupError, TypeError):
        raise FileError(f"{path}: is no file of this study; name another") from None
    for name, value in json.loads(json.dumps(known)).items():
        if found.get(name) != value:
            raise FileError(
                f"{path}: its {name} is {found.get(name)}, not {value}; name another file"
            )
    return measurements


def progress(items: Sequence[T], text: str) -> Iterable[T]:
    """The items, behind a bar with the time left on stderr."""
    return track(items, f"{text:24}", console=Console(stderr=True), transient=True)


def run(study: Callable[[list[str]], None], arguments: Sequence[str] | None = None) -> None:
    """The study as a program; see `command.run`."""
    command.run(study, arguments, stopped="stopped; the same command goes on where it was")
