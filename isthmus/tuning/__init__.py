"""The cheapest way to run a program here: candidates in processes that take turns.

`isthmus.tune` and `isthmus tune`. What is tried is a table (`axes`), each candidate runs in
processes of its own (`child`, `contestant`), the race drops the worst early (`race`), and what came
out is a table (`choice`) that is remembered (`memory`).

Its parts are imported when they are first used: a candidate's process needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accuracy import Accuracy
    from .auto import automatic
    from .choice import Choice
    from .row import Row
    from .tuner import tune

__all__ = ["Accuracy", "Choice", "Row", "automatic", "tune"]

_HOMES = {
    "Accuracy": "accuracy",
    "Choice": "choice",
    "Row": "row",
    "automatic": "auto",
    "tune": "tuner",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"{__name__} has no '{name}'; it has {', '.join(__all__)}")
