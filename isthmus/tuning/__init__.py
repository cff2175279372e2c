"""The cheapest way to run a program here: candidates in processes that take turns, within an accuracy.

`isthmus.tune` and `isthmus tune`. What is tried is a table (`axes`), each candidate runs in
processes of its own (`child`, `contestant`), the race drops the worst early (`race`), and what came
out is a table (`choice`) that is remembered (`memory`).
"""

from __future__ import annotations

from .accuracy import Accuracy
from .auto import automatic
from .choice import Choice
from .row import Row
from .tune import tune

__all__ = ["Accuracy", "Choice", "Row", "automatic", "tune"]
