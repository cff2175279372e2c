"""What was found before, in the user's cache of compiled programs: one entry for each question.

An entry that is damaged, or of another kind, is as none, and is written anew.
"""

from __future__ import annotations

from typing import Any

from isthmus.program.cache import cache_store
from isthmus.system.store import Store

__all__ = ["keep", "recall"]

FOLDER = "tune"
MOST_BYTES = 2**22  # some 500 tables


def recall(key: str) -> dict[str, Any] | None:
    """The document of a key; None where there is none, or no cache."""
    store = _store()
    found = None if store is None else store.get(key)
    document = None if found is None else found.facts.get("tuning")
    return document if isinstance(document, dict) else None


def keep(key: str, document: dict[str, Any]) -> None:
    """Remember; where nothing can be written, nothing is remembered."""
    store = _store()
    if store is not None:
        store.put(key, {"tuning": document}, lambda file: None)


def _store() -> Store | None:
    programs = cache_store()
    return None if programs is None else Store(programs.folder / FOLDER, MOST_BYTES)
