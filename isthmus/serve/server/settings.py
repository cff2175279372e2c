"""What a server is asked for, and the checks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import UsageError

__all__ = ["Settings", "checked"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST_MS = 24 * 3600 * 1000.0


@dataclass(frozen=True)
class Settings:
    """A program's file, how it is run, and the bounds that requests are held to.

    program: a file of `Executable.save`, or an .onnx file. name: by which requests ask for it.
    backend, device, precision, threads, streams: as `isthmus.load` takes them.
    pad: what inputs are lengthened with, by name, so that different lengths are one batch; None is
    zeros where the program has a mask of attention, and else nothing. batch: examples of a run at
    the most; wait_ms: how long a request waits for others.
    queue: requests that are held at once, queued and computed; body_bytes: of one of them,
    held_bytes: of all of them. deadline_ms: of a request that names none; none is given more.
    watch: whether a new version of the file is loaded. folder: for private copies of it.
    """

    program: str
    name: str
    backend: str = "cpu"
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    streams: int = 1
    pad: Mapping[str, float] | None = None
    batch: int = 16
    wait_ms: float = 2.0
    queue: int = 256
    body_bytes: int = 16 * 2**20
    held_bytes: int = 256 * 2**20
    deadline_ms: float = 30_000.0
    watch: bool = True
    folder: str | None = None


def checked(settings: Settings) -> Settings:
    """The settings themselves; UsageError for numbers and names that mean nothing."""
    if not NAME.fullmatch(settings.name):
        raise UsageError(
            f"--name {settings.name!r}: clients write it in addresses; give letters, digits, . _ -"
        )
    for name in ("batch", "queue", "body_bytes", "held_bytes", "streams"):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{name}={value!r}: give a whole number from 1")
    for name, least in (("wait_ms", 0.0), ("deadline_ms", 1.0)):
        value = getattr(settings, name)
        if not least <= value <= LONGEST_MS:
            raise UsageError(f"{name}={value!r}: give a number from {least:g} to {LONGEST_MS:g}")
    if settings.held_bytes < settings.body_bytes:
        raise UsageError(
            f"held_bytes={settings.held_bytes} is less than one request of "
            f"{settings.body_bytes} bytes; give as much at least"
        )
    return settings


def name_of(program: str) -> str:
    """The name of a program that is given none: its file's, without what addresses lack."""
    stem = re.sub(r"[^A-Za-z0-9._-]", "-", Path(program).stem).lstrip("._-")
    return stem or "model"
