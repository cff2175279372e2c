"""This Isthmus, for another interpreter: its package, and the entry points by which backends are
found, in a folder that comes before all packages.

A path to the package alone has no entry points, and so no backend; installing it into an
environment would change what is measured, and is not ours to do in one of the user's.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError

__all__ = ["home_of", "placed"]

FILES = {"METADATA": ("METADATA", "PKG-INFO"), "entry_points.txt": ("entry_points.txt",)}


def placed(folder: Path) -> Path:
    """The folder, made, with a link to the package and a copy of what its installation tells."""
    folder.mkdir(parents=True)
    found = find_spec("isthmus")
    assert found is not None and found.origin is not None  # this is a part of it
    (folder / "isthmus").symlink_to(Path(found.origin).parent, target_is_directory=True)
    try:
        installed = metadata.distribution("isthmus")
    except metadata.PackageNotFoundError:
        step = "install it: python -m pip install -e ."
        raise IsthmusError(f"Isthmus is not installed here, and has no backends; {step}") from None
    about = folder / f"isthmus-{installed.version}.dist-info"
    about.mkdir()
    for name, names in FILES.items():
        text = next(filter(None, map(installed.read_text, names)), "")
        (about / name).write_text(text, encoding="utf-8")
    return folder


def home_of(python: Path, code: Path, folder: Path) -> Home:
    """Where an interpreter runs this Isthmus; `folder` is what it works in.

    The interpreter that runs now keeps its PYTHONPATH. For another one this may lead to packages
    of the present environment, and is left.
    """
    kept = os.environ.get("PYTHONPATH") if python == Path(sys.executable) else None
    paths = os.pathsep.join(filter(None, [str(code), kept]))
    path = os.pathsep.join(filter(None, [str(python.parent), os.environ.get("PATH")]))
    return Home(python, folder, {"PYTHONPATH": paths, "PATH": path})
