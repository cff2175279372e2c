"""What a backend is asked for, and the checks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.errors import UsageError
from isthmus.system.threads import available_threads

__all__ = ["Options", "checked_options"]


@dataclass(frozen=True)
class Options:
    """What a backend is asked for.

    precision: "f32" (more may be offered). threads: compute threads. numerics: "numpy",
    or "fast", which lets max, min and clip drop NaN. device: where a backend has several.

    >>> from isthmus.extend import Options
    >>> Options(threads=4).precision
    'f32'
    """

    precision: str = "f32"
    threads: int = 1
    numerics: str = "numpy"
    device: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def checked_options(
    precision: str, threads: int | None, numerics: str, on_host: str, device: str | None
) -> Options:
    """The options of `compile`, each checked."""
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise UsageError(f"threads={threads!r}: give a whole number from 1, or None for all")
    if on_host not in ("allow", "error"):
        raise UsageError(f"on_host={on_host!r}: give 'allow' or 'error'")
    if numerics not in ("numpy", "fast"):
        raise UsageError(f"numerics={numerics!r}: give 'numpy' or 'fast'")
    return Options(precision, threads or available_threads(), numerics, device)
