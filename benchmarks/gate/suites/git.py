"""git, called for what it answers; a failure is one line: its own words and the next step."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from isthmus.errors import UsageError

__all__ = ["answers", "git"]

# A gate beside other git commands must not make them wait; and its words are read here.
OURS = {"GIT_OPTIONAL_LOCKS": "0", "LANGUAGE": "en"}
# A hook of git's, in which a gate may run, has these for another folder than the one that is meant.
THEIRS = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
GRAVE = re.compile(r"(fatal|error): ?")


class Remedy(NamedTuple):
    """What to do about a failure that git tells in such words."""

    words: str
    step: str


REMEDIES = (
    Remedy(
        r"dubious ownership in repository at '(.*?)'",
        "it belongs to another user; trust it: git config --global --add safe.directory {0}",
    ),
    Remedy(
        r"not a git repository: (.*/worktrees/\S+)",
        "this worktree was forgotten by its repository; git worktree repair there, or add it again",
    ),
    Remedy(r"not a git repository", "two revisions need a git repository"),
    Remedy(r"must be run in a work tree", "a bare repository has none; start in a clone of it"),
    Remedy(r"do not have the initial commit", "commit something first"),
    Remedy(r"needs merge|unmerged|not possible because you have", "finish the merge first"),
    Remedy(r"No space left", "make room in the folder for temporary files, or set TMPDIR"),
)


def git(folder: Path, *arguments: str) -> str:
    """What it answers in that folder; UsageError with its first telling line and what to do."""
    done = _run(folder, arguments)
    if done.returncode:
        said = telling(os.fsdecode(done.stderr), os.fsdecode(done.stdout))
        name = next(word for word in arguments if not word.startswith("-"))
        step = _remedy(said)
        raise UsageError(f"git {name}: {said}" + (f"; {step}" if step else ""))
    return os.fsdecode(done.stdout).strip()


def answers(folder: Path, *arguments: str) -> bool:
    """Whether it succeeds in that folder."""
    return _run(folder, arguments).returncode == 0


def telling(*texts: str) -> str:
    """The first line that git marks as grave, without the mark; else the first of all."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    grave = [line for line in lines if GRAVE.match(line)]
    return GRAVE.sub("", (grave or lines or ["it failed and said nothing"])[0], count=1)


def _remedy(said: str) -> str:
    for words, step in REMEDIES:
        if found := re.search(words, said):
            return step.format(*found.groups())
    return ""


def _run(folder: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in THEIRS}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**kept, **OURS},
        )
    except FileNotFoundError:
        raise UsageError("two revisions need git, which is not installed") from None
