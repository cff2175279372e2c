"""How long importing takes, apart from what the same lines do besides."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from time import perf_counter
from typing import Any

__all__ = ["counted"]


@contextmanager
def counted(clock: Callable[[], float] = perf_counter) -> Iterator[list[float]]:
    """The seconds of every import statement run inside; one within another is not counted twice.

    Those of other threads, which some packages start while they are imported, are not counted.
    """
    original, seconds, depth, mine = builtins.__import__, list[float](), 0, get_ident()

    def timed(*args: Any, **kwargs: Any) -> Any:
        nonlocal depth
        if get_ident() != mine:
            return original(*args, **kwargs)
        started, depth = clock(), depth + 1
        try:
            return original(*args, **kwargs)
        finally:
            depth -= 1
            if depth == 0:
                seconds.append(clock() - started)

    builtins.__import__ = timed
    try:
        yield seconds
    finally:
        builtins.__import__ = original
