"""A process that works for a race, from outside: started, told to run, stopped, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any

from isthmus.benchmarks.harness.processes import ALLOCATOR, end_process
from isthmus.benchmarks.portable.timing.turns import GO, TURN
from isthmus.program.cache import FOLDER

__all__ = ["Failed", "Process"]

BOOT = (
    "import json, sys; job = json.load(open(sys.argv[1], encoding='utf-8')); "
    "sys.path[:] = job['path']; from isthmus.tuning.child import main; main(job)"
)
# A stopped process keeps no thread spinning, whatever its runtime's threads do while they wait.
STOP: int | None = getattr(signal, "SIGSTOP", None)
CONTINUE: int | None = getattr(signal, "SIGCONT", None)
# Candidates compile what they run: all of them would crowd out what the cache is for.
NO_CACHE = {FOLDER: "off"}


class Failed(Exception):
    """Why a process has ended; missing: something that it needs is not here."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class Process:
    """One process with a job for `child`: stopped but while it opens or has a turn.

    Whoever makes it calls `end`.
    """

    def __init__(self, job: Mapping[str, Any], folder: Path, name: str) -> None:
        """name: of its files in the folder, as no other of the race has."""
        file = folder / f"job-{name}.json"
        described = {**job, "parent": os.getpid(), "path": sys.path}
        file.write_text(json.dumps(described), encoding="utf-8")
        self._errors = (folder / f"errors-{name}").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-c", BOOT, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **ALLOCATOR, **NO_CACHE},
            # Ctrl-C is the tuner's, which ends its children itself. And the system ends all of a
            # group when its shell goes while one is stopped.
            start_new_session=True,
        )

    @property
    def number(self) -> int:
        return self._process.pid

    def go(self) -> None:
        self._signal(CONTINUE)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, which is read next
            self._process.stdin.write(f"{GO}\n")
            self._process.stdin.flush()

    def answer(self, seconds: float) -> dict[str, Any]:
        """What it says before it asks for a turn; it is stopped then. Raises Failed."""
        assert self._process.stdout is not None
        late: list[bool] = []

        def give_up() -> None:
            late.append(True)
            self._process.kill()

        clock = Timer(seconds, give_up)
        clock.start()
        said: dict[str, Any] = {}
        try:
            for line in self._process.stdout:
                if line.strip() == TURN:
                    self._signal(STOP)
                    return said
                said = json.loads(line)
        finally:
            clock.cancel()
        raise self._failure(said, f"no answer in {seconds:.3g} s" if late else "")

    def _failure(self, said: Mapping[str, Any], late: str) -> Failed:
        code = self._process.wait()
        if "failed" in said:
            return Failed(said["failed"], missing=said["missing"])
        if late and code == -signal.SIGKILL:
            return Failed(late)
        self._errors.seek(0)
        words = self._errors.read().strip().splitlines()[-1:]
        return Failed(": ".join([_ended(code), *words]))

    def end(self) -> None:
        end_process(self._process, self._errors)

    def _signal(self, number: int | None) -> None:
        if number is not None:
            self._process.send_signal(number)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    name = signal.Signals(-code).name
    hint = ", as the system does where memory ends" if name == "SIGKILL" else ""
    return f"ended by {name}{hint}"
