"""What was found before, in files of the user's cache folder: one for each question.

A file is written whole or not at all. One that cannot be read, or is of another kind, is as none,
and is written anew. The folder keeps the `MOST` that were used last.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from isthmus.system import files

__all__ = ["folder", "keep", "recall"]

MOST = 256


def folder() -> Path:
    """$XDG_CACHE_HOME/isthmus/tune; ~/.cache/isthmus/tune where that is not set."""
    said = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(said) if os.path.isabs(said) else Path.home() / ".cache"
    return base / "isthmus" / "tune"


def recall(key: str) -> dict[str, Any] | None:
    """The document of a key; None where there is none that can be read."""
    path = folder() / f"{key}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        os.utime(path)
    except (OSError, ValueError, RecursionError):
        return None
    known = isinstance(found, dict) and found.get("key") == key
    return found["tuning"] if known and isinstance(found.get("tuning"), dict) else None


def keep(key: str, tuning: dict[str, Any]) -> None:
    """Remember; where nothing can be written, nothing is remembered."""
    place = folder()
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        files.write_text(place / f"{key}.json", json.dumps({"key": key, "tuning": tuning}))
        _forget(place)


def _forget(place: Path) -> None:
    """Remove the files that were used longest ago, of more than `MOST`."""
    known = sorted(place.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in known[MOST:]:
        path.unlink(missing_ok=True)
