"""A revision's submodules, from where they are checked out here; those that are not stay empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from isthmus.errors import IsthmusError

from .git import answers, git

__all__ = ["populate"]

GITLINK = "160000"  # git's mode of an entry that is a commit of another repository


def populate(root: Path, commit: str, folder: Path, *, here: bool) -> None:
    """Fill the submodules of a commit of `root` that is taken out in `folder`, and theirs.

    here: take them as they are in the working tree. One that is empty here stays so there, as the
    project works without it; one that lacks the commit is fetched from where git knows.
    """
    for path, wanted in _links(root, commit):
        source, target = root / path, folder / path
        if not (source / ".git").exists():
            if not _is_link(root, path):
                _fetch(folder, path)  # it has been removed since
            continue
        taken = _working(source) if here else wanted
        if not answers(source, "cat-file", "-e", f"{taken}^{{commit}}"):
            _fetch(folder, path)
            continue
        git(folder, "clone", "--quiet", "--shared", "--no-checkout", str(source), str(target))
        git(target, "checkout", "--quiet", "--detach", taken)
        populate(source, taken, target, here=here)


def _links(root: Path, commit: str) -> Iterator[tuple[str, str]]:
    """Path and commit of each submodule."""
    for entry in git(root, "ls-tree", "-r", "-z", commit).split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith(GITLINK):
            yield path, about.split()[2]


def _is_link(root: Path, path: str) -> bool:
    return git(root, "ls-files", "--stage", "--", path).startswith(GITLINK)


def _working(source: Path) -> str:
    """With what is not committed in it."""
    return git(source, "stash", "create") or git(source, "rev-parse", "HEAD")


def _fetch(folder: Path, path: str) -> None:
    try:
        git(folder, "submodule", "update", "--quiet", "--init", "--recursive", "--", path)
    except IsthmusError as problem:
        step = "fetch it here first: git submodule update --init --recursive"
        raise IsthmusError(f"submodule {path}: {problem}; {step}") from None
