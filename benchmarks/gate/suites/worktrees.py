"""Worktrees of a gate: forgotten when it ends, those of a killed one when the next begins."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from isthmus.errors import UsageError

from .git import git

__all__ = ["forget", "prefix", "sweep"]

NAME = "isthmus-gate-"
OURS = re.compile(rf"{NAME}(?:(\d+)-)?\w+")  # earlier versions wrote no process into it


def prefix() -> str:
    """Of the name of this process's folder for worktrees."""
    return f"{NAME}{os.getpid()}-"


def forget(root: Path, folder: Path) -> None:
    """Whatever a measured program left there must not cost the verdict."""
    for _ in range(2):  # what git cannot delete, it forgets once it is gone
        with suppress(UsageError):
            git(root, "worktree", "remove", "--force", "--force", str(folder))
            return
        rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.unlink()


def sweep(root: Path) -> None:
    """Forget those whose process is no more, and delete their folders."""
    listed = git(root, "worktree", "list", "--porcelain").splitlines()
    for line in listed:
        kind, _, path = line.partition(" ")
        place = Path(path)
        if kind == "worktree" and _is_left(place):
            forget(root, place)
            rmtree(_gate(place), ignore_errors=True)


def _is_left(place: Path) -> bool:
    """Whether it lies in a folder of a gate that has ended."""
    named = OURS.fullmatch(_gate(place).name)
    if named is None:
        return False
    return not place.exists() if named[1] is None else not _runs(int(named[1]))


def _gate(place: Path) -> Path:
    """The folder above it that is named as a gate's; else itself."""
    return next((each for each in place.parents if each.name.startswith(NAME)), place)


def _runs(process: int) -> bool:
    if os.name != "posix":  # where signal 0 ends it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
