"""Where a revision runs: in an environment of its own, or before the packages of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError

__all__ = ["own_home", "shared_home"]


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
