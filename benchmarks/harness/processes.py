"""Measured processes: started for a variant on prepared files, taking turns, their records read.

Every variant's process is started the same way, in its own interpreter, with the same thread
budget; `portable/` is the code that runs inside it, `portable/timing/turns.py` says why they take
turns.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import IO, Any, Protocol, TypeVar

import numpy

from isthmus.benchmarks.portable.timing.turns import GO, TURN
from isthmus.errors import BackendMissing, IsthmusError
from isthmus.system import machine
from isthmus.system.signals import begun

from .environments import interpreter
from .variants import Variant

__all__ = [
    "ALLOCATOR",
    "LONGEST_SECONDS",
    "THREAD_VARIABLES",
    "Call",
    "Delay",
    "Home",
    "Process",
    "Record",
    "cycles",
    "end_process",
    "measured",
    "memory_suffices",
    "opened",
    "opener_of",
    "same_for_all",
]

BOOT = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from portable.timing.main import main; main(sys.argv[2])"
)
FOLDER = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = 1800.0
LEAST_MEMORY = 0.2  # of the machine's, that stays free of waiting processes
# A stopped process keeps no thread spinning. Where there are no such signals (Windows), one that
# waits for its turn does so in a read.
STOP: int | None = getattr(signal, "SIGSTOP", None)
CONTINUE: int | None = getattr(signal, "SIGCONT", None)
THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
)
# glibc moves these two limits while a program runs, so that one process pays for fresh pages in
# every call and another does not. Fixed, all variants keep what they were given (mallopt(3)).
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**29)}

Record = Mapping[str, Any]
Delay = float | Sequence[float]
Arrays = dict[str, numpy.ndarray[Any, Any]]
Call = Callable[[Arrays], list[numpy.ndarray[Any, Any]]]


@dataclass(frozen=True)
class Home:
    """Whose code a process runs: an interpreter, the folder it works in, and its variables."""

    python: Path
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)


class Process:
    """A measured process: started, it opens its program, warms up, and asks for turns.

    delay: a share of every call that is waited on top of it, to test what a run can see; several
    take turns. outputs, judged: where it leaves its outputs for the inputs that are timed, and for
    those of judged.npz, if it computes below float32 or `is_reference`. home: where another
    revision of Isthmus is, whose opener is used. processors: those it is bound to, by default the
    first of those that may be used. every_turn: whether disturbed turns are told as well. Raises
    BackendMissing for what is not installed here or does not fit the prepared files, and
    IsthmusError with the last words of a process that failed.
    """

    def __init__(
        self,
        folder: Path,
        variant: Variant,
        threads: int,
        seconds: float,
        *,
        scenario: Mapping[str, Any] | None = None,
        delay: Delay = 0.0,
        outputs: Path | None = None,
        judged: Path | None = None,
        is_reference: bool = False,
        home: Home | None = None,
        processors: Sequence[int] | None = None,
        every_turn: bool = False,
    ) -> None:
        self.variant = variant
        self.record: Record | None = None
        python = home.python if home else interpreter(variant.environment)
        # In the folder of what it runs, which whoever made it deletes with all that is in it.
        self._place = TemporaryDirectory(prefix="isthmus-job-", dir=folder)
        job = {
            "opener": variant.opener,
            "options": dict(variant.options),
            "folder": str(folder),
            "threads": threads,
            "processors": None if processors is None else list(processors),
            "seconds": seconds,
            "every_turn": every_turn,
            "scenario": scenario or {"name": "single-stream"},
            "delay": delay,
            "outputs": None if outputs is None else str(outputs),
            "judged": judged and {**_judged(folder, judged), "always": is_reference},
            "turns": True,
        }
        file = Path(self._place.name) / "job.json"
        file.write_text(json.dumps(job), encoding="utf-8")
        self._errors = (Path(self._place.name) / "errors").open(
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            [str(python), "-c", BOOT, str(FOLDER), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=home.folder if home else None,
            env=surroundings(variant, threads) | dict(home.variables if home else {}),
            # Else the system ends all of a group when its shell goes while one is stopped.
            start_new_session=True,
        )

    def opened(self) -> Process:
        """Itself, once its program is warm; it is stopped then."""
        self._listen()
        return self

    def turn(self) -> bool:
        """Let it run for a turn; whether it wants another. If not, `record` is there."""
        self.go()
        return self.heard()

    def go(self) -> None:
        """Let it run for a turn, of which the end is `heard`."""
        self._signal(CONTINUE)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and what it said before is read next
            self._process.stdin.write(f"{GO}\n")
            self._process.stdin.flush()

    def heard(self) -> bool:
        """Whether it wants another turn, at the end of one. If not, `record` is there."""
        return self._listen()

    def end(self) -> None:
        """Kill it if it still runs, and clean up."""
        end_process(self._process, self._errors)
        self._place.cleanup()

    def _listen(self) -> bool:
        """Whether its next line asks for a turn; it is stopped until that is given."""
        assert self._process.stdout is not None
        watchdog = Timer(LONGEST_SECONDS, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if line.strip() == TURN:
            self._signal(STOP)
            return True
        self.record = self._last(line)
        return False

    def _last(self, line: str) -> Record:
        code = self._process.wait()
        if code == 0:
            record: Record = json.loads(line)
            return record
        self._errors.seek(0)
        words = self._errors.read().strip().splitlines()[-1:] or [_silent(code)]
        raise (BackendMissing if code == BackendMissing.exit_code else IsthmusError)(words[0])

    def _signal(self, number: int | None) -> None:
        if number is not None:
            self._process.send_signal(number)


def end_process(process: subprocess.Popen[str], errors: IO[str]) -> None:
    """Kill it if it still runs, and close its pipes and the file of its errors."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, errors):
        with suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()


def _judged(folder: Path, outputs: Path) -> dict[str, Any]:
    """What accuracy is judged by, as the measured process reads it."""
    return {"inputs": str(folder / "judged.npz"), "outputs": str(outputs)}


def measured(folder: Path, variant: Variant, threads: int, seconds: float, **job: Any) -> Record:
    """The record of one process that runs alone; arguments and errors are those of `Process`."""
    with ExitStack() as ended:
        process = begun(ended, Process, folder, variant, threads, seconds, **job)
        process.opened()
        cycles([process])
        assert process.record is not None
        return process.record


class Taking(Protocol):
    """What takes turns: a process, or several at once."""

    @property
    def variant(self) -> Variant: ...

    def turn(self) -> bool: ...


Taker = TypeVar("Taker", bound=Taking)


def cycles(
    group: Sequence[Taker], failed: Callable[[Taker, IsthmusError], None] | None = None
) -> None:
    """Turns until each has its record; every second cycle goes the other way round.

    `failed` is told of one that fails, and the others go on; without it the error is raised.
    """
    going = list(group)
    while going:
        going = [one for one in going if _wants_another(one, failed)][::-1]


def _wants_another(one: Taker, failed: Callable[[Taker, IsthmusError], None] | None) -> bool:
    try:
        return one.turn()
    except IsthmusError as problem:
        if failed is None:
            raise
        failed(one, problem)
        return False


def memory_suffices(running: int) -> bool:
    """Whether another process of about the size of those that run leaves room to compute."""
    free, whole = machine.available_bytes(), machine.memory_bytes()
    if free is None or whole is None or not running:
        return True
    return free > LEAST_MEMORY * whole + (whole - free) / running


def opened(variant: Variant, folder: Path, threads: int) -> Call:
    """The same in this process, untimed: for tools that call two variants in turn."""
    opener = opener_of(variant)
    options = dict(variant.options)
    call: Call = opener.compile(opener.load(folder, options, threads), options, threads)
    return call


def opener_of(variant: Variant) -> Any:
    """The module that opens what a variant runs, in this process."""
    return import_module(opener_name(variant))


def opener_name(variant: Variant) -> str:
    """The module's full name."""
    name = variant.opener
    return name if "." in name else f"isthmus.benchmarks.portable.peers.{name}"


def surroundings(variant: Variant, threads: int) -> dict[str, str]:
    """The environment variables of a process: what all have, and what its variant needs."""
    return {**os.environ, **same_for_all(threads), **variant.variables}


def same_for_all(threads: int) -> dict[str, str]:
    """The same budget for every library that reads one from the environment.

    No program is kept on disk: every process compiles what it measures.
    """
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**limits, **ALLOCATOR, "PYTHONHASHSEED": "0", "ISTHMUS_CACHE": "off"}


def _silent(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code} and no message"
