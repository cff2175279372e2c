"""What `.ci/run` does after `make test`: the steps, one a line; why, on standard error.

A change is what lies between the last full run (`full-run.txt`) and HEAD. Its paths decide whose
exhaustive tests run; after too many commits all of them do.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from full_run import last_full_run

ROOT = Path(__file__).parents[2]
MOST_COMMITS = 10

CORE = (
    *("analysis", "consumers", "eager", "gpu_backend", "graph", "models", "np", "npx", "nn"),
    *("onnx", "program", "rewrite", "system", "trace"),
)
EVERYTHING = ("",)
NOTHING: tuple[str, ...] = ()

# Whose tests a change concerns, as folders of tests/: the longest prefix of a path decides.
CONCERNS = {
    ".ci/": NOTHING,
    ".gitignore": NOTHING,
    "CHANGELOG.md": NOTHING,
    "CONTRIBUTING.md": NOTHING,
    "LICENSE": NOTHING,
    "Makefile": NOTHING,
    "README.md": NOTHING,
    "_isthmus_pytest.py": ("benchmarks/gate",),
    "action.yml": NOTHING,
    "benchmarks/": ("benchmarks", "cli", "studies"),
    "benchmarks/gate/": ("benchmarks/gate", "cli"),
    "cpu_backend/": CORE,
    "docs/": NOTHING,
    "floors.txt": NOTHING,
    "gpu_backend/": CORE,
    "isthmus/": CORE,
    "isthmus/cli/": ("cli",),
    "models/": ("analysis", "cli", "models", "onnx"),
    "pyproject.toml": CORE,
    "reports/": ("reports",),
    "reports/results/": NOTHING,
    "samples.txt": ("cli", "models"),
    "studies/": ("studies",),
    "tests/": EVERYTHING,
    "tests/conformance/": NOTHING,
    "tests/conftest.py": NOTHING,
    "tests/data/": ("models", "reports", "studies"),
    "tests/full-run.txt": NOTHING,
    "tests/golden/": ("models",),
    "tests/parity/": ("models",),
    "tests/tables/": CORE,
}

# A change here is compared with the reference models, and HEAD's own with its parent, for speed.
MEASURED = ("isthmus/", "cpu_backend/", "gpu_backend/", "models/", "benchmarks/", "pyproject.toml")
REFERENCES = ("tests/golden/", "tests/parity/")

# A change of the versions that are admitted: the oldest are tried.
FLOORS = ("floors.txt", "pyproject.toml")

# Where tests need a browser.
BROWSER = ("benchmarks/gate", "reports/outputs")


@dataclass(frozen=True)
class Change:
    """The paths and commits since the last full run, and the paths of the last commit alone.

    `paths` is None where the last full run is unknown; without a parent `last` is empty.
    """

    paths: tuple[str, ...] | None
    commits: int
    last: tuple[str, ...]


def folders_of(path: str) -> tuple[str, ...]:
    """The folders of tests/ that a path concerns; of a test its own, or itself."""
    prefixes = [prefix for prefix in CONCERNS if path.startswith(prefix)]
    longest = max(prefixes, key=len, default=None)
    if longest == "tests/" and Path(path).match("tests/test_*.py"):
        return (Path(path).name,)
    if longest == "tests/" and path.count("/") > 1:
        return (str(Path(path).relative_to("tests").parent),)
    return EVERYTHING if longest is None else CONCERNS[longest]


def outermost(folders: Iterable[str]) -> list[str]:
    """The folders without those inside another of them; nothing is the folder of all."""
    found = set(folders)
    inside = {f for f in found for g in found if f != g and f.startswith(f"{g}/" if g else "")}
    return sorted(found - inside)


def why_everything(change: Change) -> str:
    """The reason for a full run; empty where the paths decide."""
    if change.paths is None:
        return "the last full run is unknown here"
    if change.commits > MOST_COMMITS:
        return f"{change.commits} commits since the last full run, {MOST_COMMITS} at the most"
    unknown = [path for path in change.paths if folders_of(path) == EVERYTHING]
    return f"{unknown[0]} may concern every test" if unknown else ""


def steps(change: Change) -> list[str]:
    """What is to be done, in this order."""
    reason, paths = why_everything(change), change.paths or ()
    concerned = {folder for path in paths for folder in folders_of(path)}
    folders = list(EVERYTHING) if reason else outermost(filter(exists, concerned))
    found = ["browser"] if any(map(needs_browser, folders)) else []
    found += ["exhaustive " + " ".join(f"tests/{folder}" for folder in folders)] if folders else []
    found += ["floors"] if touches(paths, FLOORS) else []
    found += ["parity"] if reason or touches(paths, (*MEASURED, *REFERENCES)) else []
    return found + (["gate"] if touches(change.last, MEASURED) else [])


def touches(paths: Iterable[str], prefixes: tuple[str, ...]) -> bool:
    """Whether one of the paths begins so."""
    return any(path.startswith(prefixes) for path in paths)


def exists(folder: str) -> bool:
    """Whether a folder or file of tests/ is there; a change may have removed it."""
    return (ROOT / "tests" / folder).exists()


def needs_browser(folder: str) -> bool:
    """Whether a folder holds, or is inside of, one whose tests need a browser."""
    return any(f"{one}/".startswith(f"{folder}/" if folder else "") for one in BROWSER)


def git(*words: str) -> str | None:
    """What git says; None where it fails."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def paths_since(commit: str) -> tuple[str, ...] | None:
    """The paths that differ between a commit and HEAD, both names of a moved file."""
    found = git("diff", "--name-only", "--no-renames", "-z", commit, "HEAD")
    return None if found is None else tuple(filter(None, found.split("\0")))


def change_here() -> Change:
    """The change that this clone's HEAD is."""
    commit, last = last_full_run(), paths_since("HEAD~1") or ()
    if commit is None:
        return Change(None, 0, last)
    commits = git("rev-list", "--count", f"{commit}..HEAD")
    return Change(paths_since(commit), int(commits or 0), last)


def main() -> None:
    change = change_here()
    found = steps(change)
    reason = why_everything(change)
    if not reason:
        reason = f"{len(change.paths or ())} paths differ from the last full run"
    print(f"{reason}: {'; '.join(found) or 'nothing more'}", file=sys.stderr)
    print("\n".join(found))


if __name__ == "__main__":
    main()
