"""The gate: regressions stopped in continuous integration, false alarms not.

Its parts are imported when they are first used: those that measure are slow to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.rule.settings import Settings
    from isthmus.benchmarks.gate.rule.verdict import Outcome, Side, Verdict
    from isthmus.benchmarks.gate.stored.files import compare, compare_files

__all__ = ["Outcome", "Settings", "Side", "Verdict", "compare", "compare_files"]

_HOMES = {
    "Outcome": "rule.verdict",
    "Settings": "rule.settings",
    "Side": "rule.verdict",
    "Verdict": "rule.verdict",
    "compare": "stored.files",
    "compare_files": "stored.files",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"{__name__} has no '{name}'; it has {', '.join(__all__)}")
