"""A command on two revisions: whole, slice by slice in turn; or one that writes a result file.

The time of a command is the sum of its slices: both sides are started, one runs for a tenth of a
second while the other is stopped, and so on until both have ended. They meet the same machine. A
command with `{output}` in it times itself and writes pytest-benchmark's JSON there; stopping it
would lengthen what it times, and so the sides run one after the other.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO

from isthmus.benchmarks.gate.rule.observations import Observation
from isthmus.benchmarks.gate.rule.process_observations import observations_of
from isthmus.benchmarks.gate.rule.suite import Found, Sides
from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError, NothingMeasured
from isthmus.reports import read
from isthmus.system.signals import begun

__all__ = ["CommandSuite"]

OUTPUT = "{output}"
SLICE_SECONDS = 0.1
MIB_OF_MAXRSS = 2**10  # Linux tells kibibytes


@dataclass
class CommandSuite:
    """`place`: a folder for result files and the commands' own output."""

    sides: Sides
    command: str
    place: Path
    only_base: set[str] = field(default_factory=set)
    only_head: set[str] = field(default_factory=set)

    def round(self, number: int, names: Collection[str] | None) -> Found:
        found = self._by_file(number) if OUTPUT in self.command else self._by_slices(number)
        return {name: both for name, both in found.items() if names is None or name in names}

    def defined_in(self, name: str) -> str:
        """A command is no file."""
        return ""

    def _by_slices(self, number: int) -> Found:
        homes = (self.sides.base, self.sides.head)
        with ExitStack() as ended:
            running = [
                begun(ended, Running, self.command, home, self.place / str(at))
                for at, home in enumerate(homes)
            ]
            in_slices(running if number % 2 == 0 else running[::-1])
        base, head = (one.observation() for one in running)
        return {self.command: (base, head)}

    def _by_file(self, number: int) -> Found:
        homes = {"base": self.sides.base, "head": self.sides.head}
        order = list(homes) if number % 2 == 0 else list(homes)[::-1]
        files = {side: self._file(side, homes[side]) for side in order}
        base, head = files["base"], files["head"]
        self.only_base, self.only_head = base.keys() - head.keys(), head.keys() - base.keys()
        return {name: (base[name], head[name]) for name in base if name in head}

    def _file(self, side: str, home: Home) -> Mapping[str, Observation]:
        """Each benchmark of the file that a side wrote; its rounds are one process's."""
        path = self.place / f"{side}.json"
        path.unlink(missing_ok=True)
        command = self.command.replace(OUTPUT, str(path))
        with ExitStack() as ended:
            running = begun(ended, Running, command, home, self.place / side)
            in_slices([running], seconds=None)
        if not path.exists():
            raise NothingMeasured(f"{self.command}: wrote no {path.name}; it is to write {OUTPUT}")
        return {result.fullname: observations_of(result)[0] for result in read(path).results}


class Running:
    """A command of one side, stopped until it is given a slice."""

    def __init__(self, command: str, home: Home, log: Path) -> None:
        self.seconds = 0.0
        self.peak_memory_mib: float | None = None
        self._command = command
        self._log: IO[bytes] = log.with_suffix(".log").open("wb")
        self._process = subprocess.Popen(
            command,
            shell=True,
            cwd=home.folder,
            env={**os.environ, **home.variables},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its own processes stop and go with it
        )
        self._signal(signal.SIGSTOP)

    def slice(self, seconds: float | None) -> bool:
        """Let it run for so long, to its end for None; whether it wants another."""
        began = perf_counter()
        self._signal(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.seconds += perf_counter() - began
        if self._process.returncode is None:
            self._signal(signal.SIGSTOP)
            return True
        self._check()
        return False

    def observation(self) -> Observation:
        return Observation([self.seconds])

    def end(self) -> None:
        """Kill what still runs."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _check(self) -> None:
        if code := self._process.returncode:
            self._log.flush()
            text = Path(self._log.name).read_text(encoding="utf-8", errors="replace")
            words = (text.strip().splitlines() or ["it said nothing"])[-1]
            raise IsthmusError(f"{self._command}: ended with {code}: {words}")


def in_slices(group: list[Running], seconds: float | None = SLICE_SECONDS) -> None:
    """Slices in turn until all have ended; every second time the other way round."""
    going = list(group)
    while going:
        going = [one for one in going if one.slice(seconds)][::-1]
