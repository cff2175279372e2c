"""What the control groups of this process allow: processor time and memory, of either version.

A limit of a group holds for all groups inside it, so that the smallest on the way counts.
Version 1 (cgroup-v1/memory.txt of the kernel) writes "no limit" as a number near 2**63.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

__all__ = ["memory_bytes", "processors"]

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
NO_LIMIT = 2**62


def memory_bytes(own: Path = OWN) -> float | None:
    """The limit in bytes, infinite for none; None where no file tells."""
    limits = [
        _number(text)
        for folder in _folders("memory", own)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := _read(folder / name)) is not None
    ]
    return min(limits, default=None)


def processors(own: Path = OWN) -> float | None:
    """The quota, 1.5 for one and a half, infinite for none; None where no file tells."""
    quotas = (_quota(folder) for folder in _folders("cpu", own))
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(folder: Path) -> float | None:
    parts = (_read(folder / "cpu.max") or "").split()
    if len(parts) != 2:
        found = [_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        parts = [text for text in found if text]
    if len(parts) != 2 or not parts[1].isdigit() or parts[1] == "0":
        return None
    return _number(parts[0]) / int(parts[1])


def _number(text: str) -> float:
    """`max` and -1 are infinite."""
    return int(text) if text.isdigit() and int(text) < NO_LIMIT else math.inf


def _folders(controller: str, own: Path) -> Iterator[Path]:
    """The root, and each group on the way to this process's, of version 2 and of version 1."""
    for base, group in ((ROOT, ""), *_groups(controller, own)):
        folder = base
        yield folder
        for name in group.split("/"):
            if name and name != "..":
                folder = folder / name
                yield folder


def _groups(controller: str, own: Path) -> Iterator[tuple[Path, str]]:
    """Where each version's tree begins, and the path of this process's group in it."""
    root, found = ROOT, [(ROOT / controller, "")]
    for line in (_read(own) or "").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if not names:
            found.append((root, path))
        elif controller in names.split(","):
            found.append((root / controller, path))
    yield from found


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
