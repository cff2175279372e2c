"""Processes of this machine that score parts; one that dies is started again for its part once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from isthmus.errors import IsthmusError

from .part import Done, Work
from .read import Span

__all__ = ["Processes"]

PATIENCE_SECONDS = 5.0  # for processes that are told to end


@dataclass
class _Process:
    process: subprocess.Popen[bytes]
    connection: Connection
    ready: bool = False
    part: tuple[int, Span] | None = None


class Processes:
    """As many as wanted, each with `threads` threads.

    `give` hands out a part, `finished` waits for some; parts whose process ended are handed out
    again by it, and IsthmusError is raised for one that ends two.
    """

    def __init__(self, work: Work, count: int, threads: int) -> None:
        self.work = work
        self.threads = threads
        self.ended: dict[int, int] = {}  # how many processes a part has ended
        self.every: list[_Process] = []
        try:
            for _ in range(count):
                self.every.append(self._started())
        except BaseException:
            self.end()
            raise

    @property
    def count(self) -> int:
        return len(self.every)

    def idle(self) -> int:
        """How many parts can be given now."""
        return sum(one.ready and one.part is None for one in self.every)

    def give(self, number: int, span: Span) -> None:
        one = next(one for one in self.every if one.ready and one.part is None)
        one.part = number, span
        with suppress(ConnectionError):  # that it has ended is seen by `finished`
            one.connection.send(one.part)

    def finished(self, seconds: float) -> list[Done]:
        """Parts that were finished within so many seconds, as soon as there is one."""
        found: list[Done] = []
        ready = wait([one.connection for one in self.every], seconds)
        for place, one in enumerate(list(self.every)):
            if one.connection not in ready:
                continue
            try:
                kind, what = one.connection.recv()
            except (EOFError, ConnectionError):
                self._replace(place)
                continue
            if kind == "failed":
                raise _error(*what)
            if kind == "ready":
                one.ready = True
            else:
                one.part = None
                found.append(what)
        return found

    def end(self) -> None:
        """Tell them all to end, and end those that do not."""
        for one in self.every:
            one.connection.close()
            one.process.terminate()
        for one in self.every:
            try:
                one.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
        self.every = []

    def _started(self) -> _Process:
        ours, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", "isthmus.serve.scoring.child", str(theirs.fileno())]
            process = subprocess.Popen(
                command,
                env=_environment(self.threads),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno() if _has_number(sys.stderr) else subprocess.DEVNULL,
            )
        one = _Process(process, ours)
        with suppress(ConnectionError):
            ours.send(self.work)
        return one

    def _replace(self, place: int) -> None:
        """Another process for one that has ended, and its part again."""
        old = self.every[place]
        old.connection.close()
        code = old.process.wait()
        said = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if old.part is None:
            raise IsthmusError(
                f"a process ended ({said}) before it scored anything; see what it said above"
            )
        number, span = old.part
        self.ended[number] = self.ended.get(number, 0) + 1
        if self.ended[number] > 1:
            rows = f"rows {span.first} to {span.first + span.rows - 1}"
            raise IsthmusError(
                f"two processes ended ({said}) on {rows}; with SIGKILL give fewer --processes, "
                "since memory has run out"
            )
        new = self._started()
        self.every[place] = new
        kind, what = "", None
        while kind != "ready":
            try:
                kind, what = new.connection.recv()
            except (EOFError, ConnectionError):
                raise IsthmusError(
                    f"a process ended ({said}), and so did the one in its place; give fewer "
                    "--processes"
                ) from None
            if kind == "failed":
                raise _error(*what)
        new.ready, new.part = True, (number, span)
        new.connection.send(new.part)


def _environment(threads: int) -> dict[str, str]:
    """Of libraries that would otherwise take all processors in every process."""
    own = {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    parallel = {} if threads > 1 else {"TOKENIZERS_PARALLELISM": "false"}
    return {**own, **parallel, **os.environ}


def _has_number(stream: Any) -> bool:
    try:
        return bool(stream.fileno() >= 0)
    except (OSError, ValueError, AttributeError):
        return False


def _error(kind: type[Exception] | None, said: Any) -> Exception:
    if kind is None:
        return RuntimeError(f"in a process that scores:\n{said}")
    arguments: Sequence[Any] = said if isinstance(said, tuple) else (said,)
    return kind(*arguments)
