"""Two revisions of a project, each taken out of git into a folder of its own.

The change is what the working tree holds, committed or not; both are taken out of git beside each
other, so that neither has files that the other lacks by accident.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import IsthmusError, UsageError

from .fetching import how_to_get
from .git import answers, git
from .submodules import populate
from .worktrees import forget

__all__ = ["Project", "Revision"]

HOOK = "post-checkout"


@dataclass(frozen=True)
class Revision:
    """A commit, and what it is called: `main`, or `the working tree`; here: the latter."""

    commit: str
    label: str
    here: bool = False


@dataclass(frozen=True)
class Project:
    """A git repository and the folder in it from which the gate was called."""

    root: Path
    inside: Path

    @staticmethod
    def around(folder: Path) -> Project:
        """The repository that a folder is in; UsageError where it is in none."""
        root = Path(git(folder, "rev-parse", "--show-toplevel"))
        return Project(root, folder.resolve().relative_to(root.resolve()))

    def revision(self, name: str) -> Revision:
        """A commit by any name git knows; UsageError for one that is not in this clone."""
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if not answers(self.root, *asked):
            step = how_to_get(self.root, name)
            raise UsageError(f"{name}: no such revision in this clone; {step}")
        return Revision(git(self.root, *asked).splitlines()[-1], name)

    def change(self) -> Revision:
        """The working tree: HEAD, or with changes to tracked files a commit that no branch has."""
        changed = git(self.root, "stash", "create")
        return Revision(changed or self.revision("HEAD").commit, "the working tree", here=True)

    def untracked(self) -> list[str]:
        """Files that git does not know and does not ignore: they are not measured."""
        found = git(self.root, "ls-files", "--others", "--exclude-standard", "--full-name")
        return found.splitlines()

    @contextmanager
    def taken_out(self, revision: Revision, folder: Path) -> Iterator[Path]:
        """The revision's files under the folder, and there the folder that corresponds to ours."""
        try:
            self._take_out(revision, folder)
            yield self._inside(revision, folder)
        finally:
            forget(self.root, folder)

    def _take_out(self, revision: Revision, folder: Path) -> None:
        words = ("worktree", "add", "--quiet", "--detach", "--force", str(folder), revision.commit)
        try:
            git(self.root, *words)
        except UsageError as problem:
            if not answers(folder, "rev-parse", "--verify", "HEAD"):
                raise
            said = str(problem).partition(": ")[2]
            raise IsthmusError(f"git's hook {HOOK} failed for {revision.label}: {said}") from None
        populate(self.root, revision.commit, folder, here=revision.here)

    def _inside(self, revision: Revision, folder: Path) -> Path:
        place = folder / self.inside
        if not place.is_dir():
            raise UsageError(f"{revision.label} has no folder {self.inside}; start where both have")
        return place
