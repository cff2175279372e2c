"""A candidate's processes, from outside: started, told to run, stopped, and ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from isthmus.benchmarks.harness.processes import ALLOCATOR
from isthmus.benchmarks.portable.timing.turns import GO, TURN
from isthmus.program.cache import FOLDER

from .opening import Given
from .setting import Setting

__all__ = ["Contestant", "Failed", "Job", "Window"]

BOOT = (
    "import json, sys; job = json.load(open(sys.argv[1], encoding='utf-8')); "
    "sys.path[:] = job['path']; from isthmus.tuning.child import main; main(job)"
)
# A stopped process keeps no thread spinning, whatever its runtime's threads do while they wait.
STOP: int | None = getattr(signal, "SIGSTOP", None)
CONTINUE: int | None = getattr(signal, "SIGCONT", None)
# Candidates compile what they run: all of them would crowd out what the cache is for.
NO_CACHE = {FOLDER: "off"}
LONGEST_TURN_SECONDS = 30.0
MOST_TIMES_A_CALL = 20.0


class Failed(Exception):
    """Why a candidate has ended; missing: something that it needs is not here."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True)
class Job:
    """What all candidates are told: a folder to write in, the samples' file, and which to run."""

    folder: Path
    samples: Path
    chosen: Sequence[int]
    given: Given


@dataclass(frozen=True)
class Window:
    """A turn: the median seconds of a call, and calls a second of all copies together."""

    seconds: float
    per_second: float
    fault: str | None = None


class Contestant:
    """The processes of a setting, one for each of its copies. Raises Failed wherever one fails.

    Whoever makes it calls `end`.
    """

    def __init__(self, setting: Setting, program: Path, job: Job, number: int) -> None:
        self.setting = setting
        self.outputs = job.folder / f"outputs-{number}.npz"
        self.call_seconds = 0.0
        self.opened_seconds = 0.0
        self.memory_bytes: int | None = None
        self._children: list[_Child] = []
        try:
            for copy in range(setting.copies):
                outputs = None if copy else str(self.outputs)
                self._children.append(
                    _Child(
                        _described(setting, program, job, outputs), job.folder, f"{number}-{copy}"
                    )
                )
        except BaseException:
            self.end()
            raise

    def opens(self, seconds: float) -> None:
        """Wait until it has made its first calls; at most so long."""
        self._told([child.answer(seconds) for child in self._children])

    def answers(self, seconds: float) -> None:
        """Let it answer the samples, into the file `outputs`; at most so long."""
        for child in self._children:
            child.go()
        self._told([child.answer(seconds) for child in self._children])

    def _told(self, said: Sequence[Mapping[str, Any]]) -> None:
        self.call_seconds = max(one["call_seconds"] for one in said)
        self.opened_seconds = max(one["opened_seconds"] for one in said)
        self._remember_memory(said)

    def turn(self) -> Window:
        """Let it run for a turn, the copies side by side."""
        limit = LONGEST_TURN_SECONDS + MOST_TIMES_A_CALL * self.call_seconds
        for child in self._children:
            child.go()
        said = [child.answer(limit) for child in self._children]
        self._remember_memory(said)
        return Window(
            seconds=median(one["seconds"] for one in said),
            per_second=sum(one["per_second"] for one in said),
            fault=next((one["fault"] for one in said if one["fault"]), None),
        )

    def end(self) -> None:
        """End its processes."""
        for child in self._children:
            child.end()

    def processes(self) -> list[int]:
        """The numbers of its processes."""
        return [child.number for child in self._children]

    def _remember_memory(self, said: Sequence[Mapping[str, Any]]) -> None:
        known = [one["memory_bytes"] for one in said if one["memory_bytes"]]
        self.memory_bytes = sum(known) if len(known) == len(said) else None


def _described(setting: Setting, program: Path, job: Job, outputs: str | None) -> dict[str, Any]:
    return {
        "parent": os.getpid(),
        "path": sys.path,
        "program": str(program),
        "samples": str(job.samples),
        "chosen": list(job.chosen),
        "outputs": outputs,
        "setting": setting.document(),
        "given": asdict(job.given),
    }


class _Child:
    """One process: stopped but while it opens or has a turn."""

    def __init__(self, described: Mapping[str, Any], folder: Path, name: str) -> None:
        file = folder / f"job-{name}.json"
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
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def _signal(self, number: int | None) -> None:
        if number is not None:
            self._process.send_signal(number)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    name = signal.Signals(-code).name
    hint = ", as the system does where memory ends" if name == "SIGKILL" else ""
    return f"ended by {name}{hint}"
