"""How much memory this process has held at most."""

from __future__ import annotations

from pathlib import Path

__all__ = ["peak_memory_bytes"]


def peak_memory_bytes(status: Path = Path("/proc/self/status")) -> int | None:
    """The most memory this process held, since it began; None where the system does not tell.

    Not `ru_maxrss`, in which a new process starts with the peak of the one that made it.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else None
