"""The backends as `isthmus.compile` takes them, all of which run on a machine without a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BACKENDS", "RUNTIMES"]

RUNTIMES: Mapping[str, dict[str, Any]] = {
    "cpu": {"backend": "cpu"},
    "gpu": {"backend": "gpu", "device": "cpu"},
}
BACKENDS: Mapping[str, dict[str, Any]] = {"numpy": {"backend": "numpy"}, **RUNTIMES}
