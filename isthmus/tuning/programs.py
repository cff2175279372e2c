"""The files that candidates open: the program as it was traced, in integers, for fixed sizes.

Each is made once, however many candidates open it. Integers are settled in a process of their own:
a crash there ends the settings that need them and not the race, and no candidate's memory or time
is that of settling. What is chosen in the end is the program of the file that was judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.program import archive
from isthmus.program.fixed_sizes import with_fixed_sizes
from isthmus.system.signals import begun
from isthmus.trace.tracing import Traced

from .axes import Offer
from .child import arguments_of
from .opening import settled, settler
from .parts import Parts, parts_of
from .process import Failed, Process
from .setting import Setting
from .work import Work

__all__ = ["Programs", "settled_anew"]


@dataclass
class Programs:
    """Of one race. folder: where they are, as long as it lasts."""

    work: Work
    offer: Offer
    parts: Parts
    folder: Path
    _files: dict[Any, Path | Failed] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def file(self, setting: Setting, seconds: float) -> Path:
        """Of what a setting makes of the program, in at most so many seconds where it is settled.

        Raises Failed, also for all further settings that need the same; IsthmusError for sizes that
        cannot be fixed.
        """
        key = self._key(setting)
        if key not in self._files:
            try:
                self._files[key] = self._made(setting, seconds)
            except Failed as problem:
                self._files[key] = problem
        found = self._files[key]
        if isinstance(found, Failed):
            raise Failed(str(found), missing=found.missing)
        return found

    def program(self, setting: Setting) -> Traced:
        """What candidates of a setting have opened."""
        if settler(setting, self.offer.given, 1) is None:
            return self.work.program(static=setting.static)
        return archive.read(self.file(setting, 0.0))

    def _key(self, setting: Setting) -> Any:
        return settler(setting, self.offer.given, self.offer.threads), setting.static

    def _made(self, setting: Setting, seconds: float) -> Path:
        path = self.folder / f"program-{next(self._numbers)}.im"
        by, _ = self._key(setting)
        if by is None:
            archive.save(self.work.program(static=setting.static), path)
        elif setting.static:
            named = archive.read(self.file(replace(setting, static=False), seconds))
            archive.save(with_fixed_sizes(named, self.work.sizes[0]), path)
        else:
            self._settle(by, path, seconds)
        return path

    def _settle(self, by: Setting, path: Path, seconds: float) -> None:
        samples = path.with_suffix(".npz")
        sets = self.parts.settling_sets(self.work.sets) if by.needs_samples else []
        write_sets(samples, sets)
        job = {
            "program": str(self.file(Setting(by.backend), seconds)),
            "samples": str(samples),
            "setting": by.document(),
            "given": asdict(self.offer.given),
            "writes": str(path),
        }
        with ExitStack() as ended:
            ended.callback(samples.unlink)
            process = begun(ended, Process, job, self.folder, path.stem)
            try:
                process.answer(seconds)
            except Failed as problem:
                told = f"while int8 was settled: {problem}"
                raise Failed(told, missing=problem.missing) from None


def settled_anew(work: Work, offer: Offer, setting: Setting) -> Traced:
    """The program of a setting that a race chose at another time, whose files are gone.

    It is settled as there: on the same samples, by the same backend on as many threads; a choice
    is remembered for one machine and one version of the runtimes alone.
    """
    by = settler(setting, offer.given, offer.threads)
    if by is None:
        return work.program(static=setting.static)
    sets = parts_of(work, settles=True).settling_sets(work.sets) if by.needs_samples else []
    samples = [arguments_of(work.traced, one) for one in sets]
    made = settled(work.traced, by, samples, offer.given)
    return with_fixed_sizes(made, work.sizes[0]) if setting.static else made
