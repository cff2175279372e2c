"""A candidate's processes side by side: they open, answer the samples, and have turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .opening import Given
from .process import Process
from .setting import Setting

__all__ = ["Contestant", "Job", "Window"]

LONGEST_TURN_SECONDS = 30.0
MOST_TIMES_A_CALL = 20.0


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

    program: the file of what the setting makes of the program. Whoever makes it calls `end`.
    """

    def __init__(self, setting: Setting, program: Path, job: Job, name: str) -> None:
        """name: of its files in the folder."""
        self.setting = setting
        self.outputs = job.folder / f"outputs-{name}.npz"
        self.call_seconds = 0.0
        self.opened_seconds = 0.0
        self.memory_bytes: int | None = None
        self._processes: list[Process] = []
        try:
            for copy in range(setting.copies):
                outputs = None if copy else str(self.outputs)
                told = _described(setting, program, job, outputs)
                self._processes.append(Process(told, job.folder, f"{name}-{copy}"))
        except BaseException:
            self.end()
            raise

    def opens(self, seconds: float) -> None:
        """Wait until it has made its first calls; at most so long."""
        self._told([process.answer(seconds) for process in self._processes])

    def answers(self, seconds: float) -> None:
        """Let it answer the samples, into the file `outputs`; at most so long."""
        for process in self._processes:
            process.go()
        self._told([process.answer(seconds) for process in self._processes])

    def _told(self, said: Sequence[Mapping[str, Any]]) -> None:
        self.call_seconds = max(one["call_seconds"] for one in said)
        self.opened_seconds = max(one["opened_seconds"] for one in said)
        self._remember_memory(said)

    def turn(self) -> Window:
        """Let it run for a turn, the copies side by side."""
        limit = LONGEST_TURN_SECONDS + MOST_TIMES_A_CALL * self.call_seconds
        for process in self._processes:
            process.go()
        said = [process.answer(limit) for process in self._processes]
        self._remember_memory(said)
        return Window(
            seconds=median(one["seconds"] for one in said),
            per_second=sum(one["per_second"] for one in said),
            fault=next((one["fault"] for one in said if one["fault"]), None),
        )

    def end(self) -> None:
        """End its processes."""
        for process in self._processes:
            process.end()

    def processes(self) -> list[int]:
        """The numbers of its processes."""
        return [process.number for process in self._processes]

    def _remember_memory(self, said: Sequence[Mapping[str, Any]]) -> None:
        known = [one["memory_bytes"] for one in said if one["memory_bytes"]]
        self.memory_bytes = sum(known) if len(known) == len(said) else None


def _described(setting: Setting, program: Path, job: Job, outputs: str | None) -> dict[str, Any]:
    return {
        "program": str(program),
        "samples": str(job.samples),
        "chosen": list(job.chosen),
        "outputs": outputs,
        "setting": setting.document(),
        "given": asdict(job.given),
    }
