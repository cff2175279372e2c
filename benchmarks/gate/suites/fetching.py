"""How to get a revision that a clone does not have: what can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from .git import answers, git

__all__ = ["how_to_get"]

RELATIVE = re.compile(r"(.*?)([~^@:].*)")  # main~3, HEAD^, @{upstream}


def how_to_get(root: Path, name: str) -> str:
    """The next step.

    `git fetch REMOTE BRANCH` sets FETCH_HEAD whatever branches a clone follows, which a clone of a
    single branch (`--depth`) does not do for `REMOTE/BRANCH`.
    """
    relative = RELATIVE.fullmatch(name)
    base = relative[1] or "HEAD" if relative else name
    if relative and _is_here(root, base):
        return _deepen(root) or f"{base} has no such ancestor; git log lists those it has"
    remotes = git(root, "remote").splitlines()
    if not remotes:
        return "git branch --all and git tag list those that there are"
    remote, ref = _place(base, remotes)
    again = "FETCH_HEAD" + (relative[2] if relative else "")
    return f"fetch it and name it so: git fetch {remote} {ref} && isthmus gate against {again}"


def _place(name: str, remotes: list[str]) -> tuple[str, str]:
    """The remote, and what the revision is called there."""
    for remote in remotes:
        for before in (f"{remote}/", f"remotes/{remote}/", f"refs/remotes/{remote}/"):
            if name.startswith(before):
                return remote, name.removeprefix(before)
    return ("origin" if "origin" in remotes else remotes[0]), name


def _deepen(root: Path) -> str:
    """For a clone that was cut off; "" for a whole one."""
    shallow = git(root, "rev-parse", "--is-shallow-repository") == "true"
    return "this clone is shallow; fetch the rest: git fetch --unshallow" if shallow else ""


def _is_here(root: Path, name: str) -> bool:
    return answers(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
