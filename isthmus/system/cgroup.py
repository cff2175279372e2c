"""What the control groups of this process allow: processor time and memory, of either version.

A limit of a group holds for all groups inside it, so that the smallest on the way counts. Which
group this process is in says /proc/self/cgroup; where the groups' files are says
/proc/self/mountinfo: versions 1 and 2 may stand beside each other in any place, and a container
may be shown a group of the host as its root. Groups above what is mounted cannot be seen.
Version 1 (cgroup-v1/memory.txt of the kernel) writes "no limit" as a number near 2**63.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["memory_bytes", "processors"]

PROCESS = Path("/proc/self")
SYSTEM = Path("/")
NO_LIMIT = 2**62


def memory_bytes(process: Path = PROCESS, system: Path = SYSTEM) -> float | None:
    """The limit in bytes, infinite for none; None where no file tells.

    process: its folder of facts. system: the folder that paths of mounts begin in.
    """
    limits = [
        _number(text)
        for folder in _folders("memory", process, system)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := _read(folder / name)) is not None
    ]
    return min(limits, default=None)


def processors(process: Path = PROCESS, system: Path = SYSTEM) -> float | None:
    """The quota, 1.5 for one and a half, infinite for none; None where no file tells."""
    quotas = (_quota(folder) for folder in _folders("cpu", process, system))
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(folder: Path) -> float | None:
    """`cpu.max` of version 2 has both, `max 100000` for no limit; version 1 has two files."""
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


@dataclass(frozen=True)
class Mount:
    """A tree of groups: the group that its folder shows, and the controllers, none of version 2."""

    shows: PurePosixPath
    folder: Path
    controllers: frozenset[str]


def _folders(controller: str, process: Path, system: Path) -> Iterator[Path]:
    """The folder of each group on the way to this process's, the outermost first."""
    groups = list(_groups(controller, process))
    for mount in _mounts(process, system):
        for named, group in groups:
            if (controller in mount.controllers) if named else not mount.controllers:
                yield from _way(mount, group)


def _groups(controller: str, process: Path) -> Iterator[tuple[bool, PurePosixPath]]:
    """The groups of this process that may limit a controller: whether of version 1, and the path.

    A line is `number:controllers:path`; that of version 2 names no controllers.
    """
    for line in (_read(process / "cgroup") or "").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if not names or controller in names.split(","):
            yield bool(names), PurePosixPath(path)


def _mounts(process: Path, system: Path) -> Iterator[Mount]:
    """The trees that are mounted.

    A line is `number parent device root place options [tags] - type source settings` (proc(5)).
    """
    for line in (_read(process / "mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 5 or len(kinds) < 3 or kinds[0] not in ("cgroup", "cgroup2"):
            continue
        names = frozenset(kinds[2].split(",")) if kinds[0] == "cgroup" else frozenset[str]()
        place = system / _unescaped(fields[4]).lstrip("/")
        yield Mount(PurePosixPath(_unescaped(fields[3])), place, names)


def _unescaped(path: str) -> str:
    """Blanks and backslashes of a path are written as octal numbers."""
    return path.encode("latin-1", "replace").decode("unicode_escape") if "\\" in path else path


def _way(mount: Mount, group: PurePosixPath) -> Iterator[Path]:
    """The folders of a tree from its root to a group; the root alone for a group outside of it."""
    folder = mount.folder
    yield folder
    if not group.is_relative_to(mount.shows):
        return
    for name in group.relative_to(mount.shows).parts:
        if name == "..":  # outside of what this process's namespace shows
            return
        folder = folder / name
        yield folder


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
