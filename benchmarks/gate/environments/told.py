"""What an environment tells of itself: its Python, Isthmus as it finds it, versions of packages."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError, UsageError
from isthmus.reports.files.checks import clean

__all__ = ["RUNTIMES", "Told", "differing", "older", "told"]

RUNTIMES = ("openvino", "onnxruntime", "numpy")
ASKED = (*RUNTIMES, "onnxruntime-gpu", "onnx")
OLDEST = (3, 11)
PATIENCE_SECONDS = 120.0
# Read by any Python, however old. What a runtime says of itself is what computes: of a library that
# was found elsewhere the installed package's version tells nothing.
SCRIPT = """
import json, platform, sys
said = {
    "python": list(sys.version_info[:3]),
    "implementation": platform.python_implementation(),
    "versions": {},
    "problems": {},
}
if sys.version_info >= (3, 11):
    import importlib, importlib.metadata, importlib.util
    for name in sys.argv[1].split(","):
        try:
            said["versions"][name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    found = importlib.util.find_spec("isthmus")
    said["isthmus"] = found.origin if found else None
    for name in sys.argv[2].split(","):
        if importlib.util.find_spec(name) is None:
            continue
        try:
            module = importlib.import_module(name)
            tell = getattr(module, "get_version", None)
            said["versions"][name] = tell() if tell else module.__version__
        except Exception as problem:
            said["problems"][name] = type(problem).__name__ + ": " + str(problem)
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Told:
    """python: such as `CPython 3.11.7`; versions: by package, of what is there."""

    python: str
    versions: Mapping[str, str]


def told(home: Home, named: str) -> Told:
    """What the environment says; `named`: as the user calls it.

    UsageError for what is no Python, one of another kind than this, or one without what Isthmus
    needs; IsthmusError where it finds another Isthmus, or a runtime that cannot be imported.
    """
    needs = dict(_needs())
    said = _asked(home, named, [*needs, *ASKED])
    number = ".".join(map(str, said["python"]))
    python = f"{said['implementation']} {number}"
    if tuple(said["python"][:2]) < OLDEST:
        least = ".".join(map(str, OLDEST))
        raise UsageError(f"{named}: its Python is {python}; Isthmus takes {least} or newer")
    _check_interpreter(named, python)
    if lacking := [name for name in needs if name not in said["versions"]]:
        step = f"{home.python} -m pip install {' '.join(lacking)}"
        raise UsageError(f"{named}: lacks what Isthmus needs: {', '.join(lacking)}; {step}")
    if problems := [f"{name}: {why}" for name, why in said["problems"].items()]:
        step = "install what it misses there"
        raise IsthmusError(f"{named}: cannot be imported there: {clean(problems[0])}; {step}")
    code = Path(home.variables["PYTHONPATH"].split(os.pathsep)[0])
    if not said["isthmus"] or not Path(said["isthmus"]).is_relative_to(code):
        step = "what comes before PYTHONPATH there has to go"
        raise IsthmusError(f"{named}: finds Isthmus in {said['isthmus']}, not this one; {step}")
    return Told(python, {name: _short(one) for name, one in said["versions"].items()})


def differing(base: Told, head: Told) -> tuple[str, ...]:
    """Packages whose versions differ, runtimes first."""
    names = dict.fromkeys((*RUNTIMES, *base.versions, *head.versions))
    return tuple(name for name in names if base.versions.get(name) != head.versions.get(name))


def older(environment: Told) -> Iterator[str]:
    """`openvino 2026.3.0 is older than 2026.4, the oldest that Isthmus admits`."""
    for name, floor in _needs():
        found = environment.versions.get(name, "")
        if found and floor and _release(found) < _release(floor):
            yield f"{name} {found} is older than {floor}, the oldest that Isthmus admits"


def _asked(home: Home, named: str, packages: Sequence[str]) -> dict[str, Any]:
    command = [str(home.python), "-c", SCRIPT, ",".join(packages), ",".join(RUNTIMES)]
    try:
        done = subprocess.run(
            command,
            cwd=home.folder,
            env={**os.environ, **home.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE_SECONDS,
        )
        said = json.loads(done.stdout.strip().splitlines()[-1])
        if not isinstance(said["python"], list):
            raise ValueError
    except (OSError, ValueError, LookupError, TypeError, subprocess.TimeoutExpired):
        raise UsageError(
            f"{clean(named)}: {home.python} does not answer as a Python; "
            "give a virtual environment, or its python"
        ) from None
    return dict(said)


def _check_interpreter(named: str, python: str) -> None:
    """Times of another minor version or implementation are another series."""
    here = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    if python.rpartition(".")[0] != here:
        step = f"make it by {here}, so that the runtimes alone differ"
        raise UsageError(f"{named}: its Python is {python}, this one {here}; {step}")


def _needs() -> Iterator[tuple[str, str]]:
    """What this Isthmus needs in any case, and the oldest version that it admits, "" for any."""
    for line in metadata.requires("isthmus") or ():
        words, _, condition = line.partition(";")
        name = re.match(r"[A-Za-z0-9._-]+", words)
        if name and "extra" not in condition:
            floor = re.search(r">=\s*([\w.]+)", words)
            yield name[0].lower(), floor[1] if floor else ""


def _short(version: str) -> str:
    """`2026.4.1-22982-e39b7a40e29-releases/2026/4` without the commit and the branch."""
    return "-".join(clean(version).split("-")[:2])


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
