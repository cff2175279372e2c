"""A measured process: started for one variant on prepared files, its record read back.

Every variant's process is started the same way, in its own interpreter, with the same thread
budget; `process/` is the code that runs inside it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy

from isthmus.errors import BackendMissing, IsthmusError

from .environments import interpreter
from .variants import Variant

BOOT = "import sys; sys.path.append(sys.argv[1]); from process.main import main; main(sys.argv[2])"
FOLDER = Path(__file__).resolve().parent
LONGEST_SECONDS = 1800.0
THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
)
# glibc moves these two limits while a program runs, so that one process pays for fresh pages in
# every call and another does not. Fixed, all variants keep what they were given (mallopt(3)).
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**29)}

Record = Mapping[str, Any]
Arrays = dict[str, numpy.ndarray[Any, Any]]
Call = Callable[[Arrays], list[numpy.ndarray[Any, Any]]]


def measured(
    folder: Path,
    variant: Variant,
    threads: int,
    seconds: float,
    *,
    scenario: Mapping[str, Any] | None = None,
    delay: float = 0.0,
    outputs: Path | None = None,
) -> Record:
    """The record of one process (see process/main.py).

    delay: a share of every call that is waited on top of it, to test what a run can see.
    Raises BackendMissing for what is not installed here or does not fit the prepared files, and
    IsthmusError with the last words of a process that failed.
    """
    job = {
        "opener": variant.opener,
        "options": dict(variant.options),
        "folder": str(folder),
        "threads": threads,
        "seconds": seconds,
        "scenario": scenario or {"name": "single-stream"},
        "delay": delay,
        "outputs": None if outputs is None else str(outputs),
    }
    with TemporaryDirectory(prefix="isthmus-job-") as place:
        file = Path(place) / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        return _record(variant, _finished(variant, file, threads))


def opened(variant: Variant, folder: Path, threads: int) -> Call:
    """The same in this process, untimed: for tools that call two variants in turn."""
    opener = import_module(f"isthmus.benchmarks.process.{variant.opener}")
    options = dict(variant.options)
    call: Call = opener.compile(opener.load(folder, options, threads), options, threads)
    return call


def _finished(variant: Variant, job: Path, threads: int) -> subprocess.CompletedProcess[str]:
    command = [str(interpreter(variant.environment)), "-c", BOOT, str(FOLDER), str(job)]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=surroundings(variant, threads),
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise IsthmusError(f"no answer in {LONGEST_SECONDS / 60:.0f} minutes") from None


def surroundings(variant: Variant, threads: int) -> dict[str, str]:
    """The environment variables of a process: what all have, and what its variant needs."""
    return {**os.environ, **same_for_all(threads), **variant.variables}


def same_for_all(threads: int) -> dict[str, str]:
    """The same budget for every library that reads one from the environment."""
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**limits, **ALLOCATOR, "PYTHONHASHSEED": "0"}


def _record(variant: Variant, finished: subprocess.CompletedProcess[str]) -> Record:
    if finished.returncode:
        words = finished.stderr.strip().splitlines()[-1:] or [_silent(finished.returncode)]
        missing = finished.returncode == BackendMissing.exit_code
        raise (BackendMissing if missing else IsthmusError)(words[0])
    record: Record = json.loads(finished.stdout.splitlines()[-1])
    return record


def _silent(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code} and no message"
