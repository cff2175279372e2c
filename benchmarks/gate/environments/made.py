"""An environment of requirements: this one's packages, and before them what pip installed anew.

It is a virtual environment that also looks into the folders of packages of the present one. So
only what the requirements name is installed, with what that needs otherwise than it is here, and
nothing else differs between the two. It is kept in the user's cache under a sum of all that decides
what is in it, made by one process while others wait, and complete once its marker is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from isthmus.benchmarks.harness.clock import Step
from isthmus.errors import FileError, IsthmusError
from isthmus.program.cache import folder_of
from isthmus.reports.files.checks import clean
from isthmus.system.locks import lock
from isthmus.system.store import Store

from .asked import PROGRAMS, Requirements

__all__ = ["KEPT", "environment_of", "key_of"]

KEPT = "environments"  # their folder in the user's cache
MARKER = "isthmus-environment.json"
LAYER = "isthmus-layer.pth"  # after the environment's own packages, by which it is read
FORMAT = 1
UNUSED_SECONDS = 30 * 24 * 3600.0
POLL_SECONDS = 0.2
USUAL_SECONDS = 30.0  # to make one of a runtime that has to be downloaded
PACKAGES = ("site-packages", "dist-packages")
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
# What pip says in one line, the most telling first.
TELLING = ("No matching distribution found", "Cannot install", "Invalid requirement", "ERROR:")
UNREACHED = "Retrying ("

Progress = Callable[[Step], None]


@contextmanager
def environment_of(wanted: Requirements, progress: Progress) -> Iterator[Path]:
    """The interpreter of the environment, made where it is not kept yet.

    Where the cache is switched off, or others may write to it, it is there inside the context only.
    IsthmusError with pip's own words where it cannot be made; nothing is left of it then.
    """
    folder = _kept()
    if folder is None:
        with TemporaryDirectory(prefix="isthmus-environment-") as name:
            yield _made(wanted, Path(name) / "environment", progress)
        return
    with _only_one(folder, wanted, progress) as place:
        if not _is_whole(place):
            rmtree(place, ignore_errors=True)
            _sweep(folder)
            _made(wanted, place, progress)
        (place / MARKER).touch()
    yield _program(place)


def key_of(wanted: Requirements) -> str:
    """A sum of what is asked for, of this Python, and of the packages that are here."""
    here = sorted({f"{one.name}=={one.version}" for one in metadata.distributions()})
    facts = [FORMAT, wanted.content, sys.version, sys.prefix, _layers(), here]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _kept() -> Path | None:
    """Where environments are kept; None where they are not. FileError where it cannot be made."""
    folder = folder_of(KEPT)
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise FileError(f"{folder}: cannot be made ({why}); set ISTHMUS_CACHE") from None
    return folder if Store(folder, 0).unsafe() is None else None


@contextmanager
def _only_one(folder: Path, wanted: Requirements, progress: Progress) -> Iterator[Path]:
    """The environment's place, while no other process makes or removes it."""
    place = folder / key_of(wanted)
    with place.with_suffix(".lock").open("w", encoding="utf-8") as file:
        waited = 0.0
        while True:
            try:
                lock(file)
                break
            except OSError:
                left = max(0.0, USUAL_SECONDS - waited)
                progress(Step(f"another process makes {wanted.named}", waited, left))
                time.sleep(POLL_SECONDS)
                waited += POLL_SECONDS
        yield place


def _is_whole(place: Path) -> bool:
    """A kill leaves no marker, and a Python that was removed no program behind the link."""
    return (place / MARKER).is_file() and any((place / one).exists() for one in PROGRAMS)


def _sweep(folder: Path) -> None:
    """Remove environments that nobody used for long, and those that nobody finished."""
    for place in (one for one in folder.iterdir() if one.is_dir()):
        with suppress(OSError), place.with_suffix(".lock").open("w", encoding="utf-8") as file:
            lock(file)  # OSError: it is being made
            marker = place / MARKER
            age = time.time() - marker.stat().st_mtime if marker.is_file() else UNUSED_SECONDS
            if age >= UNUSED_SECONDS:
                rmtree(place, ignore_errors=True)


def _made(wanted: Requirements, place: Path, progress: Progress) -> Path:
    progress(Step(f"making an environment of {wanted.named}", 0.0, USUAL_SECONDS))
    try:
        venv.create(place, with_pip=find_spec("pip") is None, symlinks=os.name != "nt")
        _packages(place).joinpath(LAYER).write_text("\n".join([*_layers(), ""]), encoding="utf-8")
        _install(wanted, _program(place))
        marked = {"format": FORMAT, "named": wanted.named, "content": wanted.content}
        (place / MARKER).write_text(json.dumps(marked), encoding="utf-8")
    except OSError as problem:
        rmtree(place, ignore_errors=True)
        why = problem.strerror or str(problem)
        raise FileError(f"{place}: cannot be made ({why}); set ISTHMUS_CACHE") from None
    except BaseException:
        rmtree(place, ignore_errors=True)
        raise
    return _program(place)


def _install(wanted: Requirements, python: Path) -> None:
    """By the new environment's Python; packages of PYTHONPATH would count as installed."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), *PIP, *wanted.arguments],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise IsthmusError(f"{clean(wanted.named)}: {_said(done.stderr, done.returncode)}")


def _said(errors: str, code: int) -> str:
    lines = [line.strip() for line in errors.splitlines()]
    found = (line for words in TELLING for line in lines if words in line)
    said = clean(next(found, f"pip ended with {code}").removeprefix("ERROR: "))
    absent = re.search(rf"{TELLING[0]} for ([\w.-]+)", said)
    if absent is None:
        return f"cannot be installed: {said}"
    if UNREACHED in errors:
        return f"cannot be installed: {said}, and no package index was reached; check the network"
    step = f"python -m pip index versions {absent[1]}"
    return f"cannot be installed: {said}; what there is: {step}"


def _layers() -> list[str]:
    """The folders of packages of the present environment."""
    return [path for path in sys.path if Path(path).name in PACKAGES and Path(path).is_dir()]


def _program(place: Path) -> Path:
    return next(place / one for one in PROGRAMS if (place / one).exists())


def _packages(place: Path) -> Path:
    """Of a new environment, in which there is one such folder."""
    return next(one for one in place.rglob("site-packages") if one.is_dir())
