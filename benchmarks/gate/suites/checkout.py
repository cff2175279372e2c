"""Two revisions of a project, each in a folder and an environment of its own.

The change is what the working tree holds, committed or not; both are taken out of git beside each
other, so that neither has files that the other lacks by accident.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError, UsageError

__all__ = ["Project", "Revision", "own_home", "shared_home"]

BY_NAME = {"GIT_OPTIONAL_LOCKS": "0"}  # a gate beside other git commands must not make them wait


@dataclass(frozen=True)
class Revision:
    """A commit, and what it is called: `main`, or `the working tree`."""

    commit: str
    label: str


@dataclass(frozen=True)
class Project:
    """A git repository and the folder in it from which the gate was called."""

    root: Path
    inside: Path

    @staticmethod
    def around(folder: Path) -> Project:
        """The repository that a folder is in; UsageError where it is in none."""
        root = Path(_git(folder, "rev-parse", "--show-toplevel"))
        return Project(root, folder.resolve().relative_to(root.resolve()))

    def revision(self, name: str) -> Revision:
        """A commit by any name git knows; UsageError for one that is not in this clone."""
        try:
            return Revision(_git(self.root, "rev-parse", "--verify", f"{name}^{{commit}}"), name)
        except UsageError:
            step = f"fetch it: git fetch origin {name}, or check out with the whole history"
            raise UsageError(f"{name}: no such revision in this clone; {step}") from None

    def change(self) -> Revision:
        """The working tree: HEAD, or with changes to tracked files a commit that no branch has."""
        changed = _git(self.root, "stash", "create")
        return Revision(changed or self.revision("HEAD").commit, "the working tree")

    def untracked(self) -> list[str]:
        """Files that git does not know and does not ignore: they are not measured."""
        found = _git(self.root, "ls-files", "--others", "--exclude-standard", "--full-name")
        return found.splitlines()

    @contextmanager
    def taken_out(self, revision: Revision, folder: Path) -> Iterator[Path]:
        """The revision's files under the folder, and there the folder that corresponds to ours."""
        _git(self.root, "worktree", "add", "--detach", "--force", str(folder), revision.commit)
        try:
            yield self._inside(revision, folder)
        finally:
            _git(self.root, "worktree", "remove", "--force", str(folder))

    def _inside(self, revision: Revision, folder: Path) -> Path:
        place = folder / self.inside
        if not place.is_dir():
            raise UsageError(f"{revision.label} has no folder {self.inside}; start where both have")
        return place


def shared_home(root: Path, place: Path) -> Home:
    """The revision's files in front of the packages of this environment.

    Right for pure Python whose dependencies did not change; quick, for nothing is installed.
    """
    roots = [str(folder) for folder in (root / "src", root) if folder.is_dir()]
    paths = [*roots, *filter(None, [os.environ.get("PYTHONPATH")])]
    return Home(Path(sys.executable), place, {"PYTHONPATH": os.pathsep.join(paths)})


def own_home(root: Path, place: Path, folder: Path, install: Sequence[str]) -> Home:
    """A new virtual environment with the revision and what it asks for installed in it.

    install: arguments of pip, each installed in turn from the revision's root: `.[test]`.
    """
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    for wanted in install:
        _installed(python, root, wanted.split())
    path = os.pathsep.join(filter(None, [str(programs), os.environ.get("PATH")]))
    return Home(python, place, {"PYTHONPATH": "", "PATH": path, "VIRTUAL_ENV": str(folder)})


def _installed(python: Path, root: Path, wanted: list[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *wanted], cwd=root, capture_output=True, text=True)
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if "error" in line.lower()][:1]
        said = words[0].strip() if words else f"pip ended with {done.returncode}"
        raise IsthmusError(f"{' '.join(wanted)} of {root.name} cannot be installed: {said}")


def _git(folder: Path, *arguments: str) -> str:
    """What git answers; UsageError with its words."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **BY_NAME},
        )
    except FileNotFoundError:
        raise UsageError("two revisions need git, which is not installed") from None
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UsageError(f"git {arguments[0]}: {words}; two revisions need a git repository")
    return done.stdout.strip()
