"""The candidates of a race: opened, compared with the reference, measured in their first turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from isthmus.benchmarks.harness.clock import Step
from isthmus.benchmarks.harness.processes import memory_suffices
from isthmus.benchmarks.portable.timing.inputs import read_outputs, write_sets
from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.system.signals import put_off

from .accuracy import Accuracy
from .agreement import Figures, Mismatch
from .axes import Offer, is_reference, settles
from .choosing import ranked
from .contestant import Contestant, Job
from .entry import Cost, Entry
from .judging import figures_of
from .parts import Parts, parts_of
from .process import Failed
from .programs import Programs
from .setting import Setting
from .work import Work

__all__ = ["Candidates", "Terms"]

COMPARING = 0.04  # of the budget, for the answers of one candidate
LONG_CALL_SECONDS = 0.01  # NumPy's bodies had half the speed of kernels at best, or less
CONFIRMING = 0.1  # for those of the default before another is chosen
SCREEN_TURNS = 2
HOPELESS = 4.0  # times the best in its first calls: a candidate that would take long goes at once
SLOW = 2.0  # times the best in the first turn
DEFAULT_OPEN_SECONDS = 1800.0
PATIENCE_SECONDS, PATIENCE = 3.0, 2.5  # and so many times as long as the default took to open
SETTLING = 4  # calls of the default for each sample that settles, and twice the patience


@dataclass(frozen=True)
class Terms:
    """What is wanted: the least cost within an accuracy, found within so many seconds.

    unpriced: why a setting has no price; "" where it has, or needs none.
    """

    accuracy: Accuracy
    cost: Cost
    unpriced: Callable[[Setting], str]
    budget_seconds: float


@dataclass
class Candidates:
    """entries: each setting that was thought of, in order. default: what the others are compared
    with, in answers and in speed; the first runtime that works. compared: the places of the samples
    that all answer; confirming: of those that the one to be chosen does, if they are more. slow:
    how many times the best a first turn may take."""

    work: Work
    offer: Offer
    terms: Terms
    folder: Path
    progress: Callable[[Step], None] = lambda step: None
    slow: float = field(default_factory=lambda: SLOW)
    entries: list[Entry] = field(default_factory=list)
    default: Entry = field(init=False)
    first_choice_failed: str = ""  # why the default is not what `compile` does by itself
    parts: Parts = field(init=False)
    compared: list[int] = field(init=False)
    confirming: list[int] = field(default_factory=list)
    programs: Programs = field(init=False)
    _began: float = field(default_factory=monotonic)
    _reference: list[list[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts = parts_of(self.work, settles=settles(self.offer))
        self.compared = self._compared()
        self.programs = Programs(self.work, self.offer, self.parts, self.folder)
        write_sets(self.samples, self.work.sets)

    def _compared(self) -> list[int]:
        """The places of the samples that candidates answer: all where a metric has them."""
        if self.terms.accuracy.metric is not None:
            return list(range(len(self.work.sets)))
        seconds = COMPARING * self.terms.budget_seconds
        judging = [part.place for part in self.parts.judging]
        return self.work.compared(seconds, self.offer.threads, judging)

    def _more(self, call_seconds: float) -> list[int]:
        """The places of the samples that judge, as many as there is time for; none where candidates
        have answered as many."""
        judging = [part.place for part in self.parts.judging]
        seconds = CONFIRMING * self.terms.budget_seconds
        most = min(len(judging), int(seconds / max(call_seconds, 1e-6)))
        if most <= len(self.compared):
            return []
        return [judging[number * len(judging) // most] for number in range(most)]

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return monotonic() - self._began

    @property
    def racing(self) -> list[Entry]:
        """Those that have turns."""
        return [entry for entry in self.entries if entry.races]

    def say(self, text: str) -> None:
        """What is done now."""
        left = max(0.0, self.terms.budget_seconds - self.spent)
        self.progress(Step(text, self.spent, left))

    def open_default(self) -> None:
        """Raises IsthmusError where no runtime works, UsageError for an accuracy of nothing."""
        for setting in self.offer.runtimes:
            self.default = entry = self._entered(setting)
            if self._opens(entry, DEFAULT_OPEN_SECONDS):
                assert entry.contestant is not None
                self._reference = self._answered(entry)
                self.missed(entry, self.compared, self._reference, self._reference)
                assert entry.figures is not None
                self._check_ranks(entry.figures)
                if self._screened(entry):
                    self.confirming = self._more(entry.contestant.call_seconds)
                    return
            self.first_choice_failed = self.first_choice_failed or f"{setting}: {entry.reason}"
        raise self._nothing()

    def attempt(self, setting: Setting, until_seconds: float) -> None:
        """A candidate, unless it is one already; it is not opened where that would end too late."""
        if any(entry.setting == setting for entry in self.entries):
            return
        entry = self._entered(setting)
        left = until_seconds - self.spent
        if reason := self._untried(setting, left):
            entry.ends("untried", reason)
        elif self._opens(entry, min(self.patience, max(left, PATIENCE_SECONDS))):
            missed = self.missed(entry, self.compared, self._answered(entry), self._reference)
            if self._screened(entry):
                self._admit(entry, missed)

    def turn(self, entry: Entry) -> bool:
        """A turn; whether it outlived it."""
        assert entry.contestant is not None
        try:
            entry.windows.append(entry.contestant.turn())
        except Failed as problem:
            entry.ends("failed", f"in the race: {problem}")
            return False
        return True

    def close(self) -> None:
        """End all processes."""
        for entry in self.entries:
            entry.close()

    def _entered(self, setting: Setting) -> Entry:
        self.entries.append(Entry(setting))
        return self.entries[-1]

    def _untried(self, setting: Setting, left: float) -> str:
        """Why a candidate is not opened; "" where it is."""
        if reason := self.terms.unpriced(setting):
            return reason
        contestant = self.default.contestant
        is_long = contestant is not None and contestant.call_seconds > LONG_CALL_SECONDS
        if is_long and is_reference(setting, self.offer):
            return "NumPy's bodies are slower than kernels in calls as long as these"
        if left < (self.default.open_seconds or 0.0):
            return "the budget was over before its turn; give more seconds"
        return "" if self._has_memory() else "memory does not suffice for another process"

    def _has_memory(self) -> bool:
        """Room for another, for which the slowest that races may have to go."""
        while not memory_suffices(len(self.racing)):
            worst = ranked([e for e in self.racing if e is not self.default], self.terms.cost)
            if not worst:
                return False
            worst[-1].ends("slower", "given up for want of memory, as the slowest so far")
        return True

    @property
    def patience(self) -> float:
        """Seconds that a candidate may take to open, or to answer."""
        return PATIENCE_SECONDS + PATIENCE * (self.default.open_seconds or 0.0)

    def _settling(self, seconds: float) -> float:
        """Seconds that it may take to settle integers, of one that has so many to open."""
        contestant = self.default.contestant
        call = contestant.call_seconds if contestant is not None else 0.0
        return 2 * seconds + SETTLING * call * len(self.parts.settling)

    def _opens(self, entry: Entry, seconds: float) -> bool:
        """Whether its processes are there and have answered the samples."""
        self.say(f"opening {entry.setting}")
        try:
            program = self.programs.file(entry.setting, self._settling(seconds))
            began = monotonic()
            job = Job(self.folder, self.samples, self.compared, self.offer.given)
            with put_off():
                entry.contestant = Contestant(entry.setting, program, job, str(len(self.entries)))
            entry.contestant.opens(seconds)
            if times := self._hopeless(entry.contestant):
                entry.ends("slower", f"{times:.3g} times the best in its first calls")
                return False
            entry.contestant.answers(seconds)
        except Failed as problem:
            entry.ends("missing" if problem.missing else "failed", str(problem))
            return False
        except IsthmusError as problem:  # the program cannot be made for static sizes
            entry.ends("failed", str(problem))
            return False
        entry.open_seconds = monotonic() - began
        return True

    def _hopeless(self, contestant: Contestant) -> float:
        """How many times as slow as the best, where it is not worth while to wait for its answers.

        Of what runs side by side a call may take as many times as long.
        """
        others = [e.contestant for e in self.racing if e.contestant not in (None, contestant)]
        best = min([each.call_seconds for each in others if each], default=math.inf)
        times = contestant.call_seconds / best
        answers = contestant.call_seconds * len(self.compared)
        is_long = answers > COMPARING * self.terms.budget_seconds
        return times if is_long and times > HOPELESS * contestant.setting.copies else 0.0

    def missed(
        self, entry: Entry, places: Sequence[int], found: list[Any], reference: list[Any]
    ) -> str:
        """What the answers to the samples at these places lack of the accuracy; "" where nothing.

        The entry has their figures from now on.
        """
        try:
            entry.figures = figures_of(
                found,
                reference,
                self.work.traced.result,
                self.terms.accuracy,
                lambda outputs: self.parts.judged(places, outputs),
            )
        except Mismatch as problem:
            return str(problem)
        return self.terms.accuracy.misses(self._at_best(entry.figures, len(places)))

    def _at_best(self, figures: Figures, count: int) -> Figures:
        """The figures with the share of labels that is left if all further samples keep theirs: one
        label of a few is more than may change of all."""
        if figures.top1 is None or count >= len(self.confirming):
            return figures
        return replace(figures, top1=1 - (1 - figures.top1) * count / len(self.confirming))

    def _answered(self, entry: Entry) -> list[Any]:
        assert entry.contestant is not None
        found = read_outputs(entry.contestant.outputs)
        entry.contestant.outputs.unlink()
        return found

    def _check_ranks(self, figures: Figures) -> None:
        if self.terms.accuracy.top1 is not None and figures.top1 is None:
            raise UsageError("accuracy: top1, and no output has rows to rank; leave it out")

    def _screened(self, entry: Entry) -> bool:
        """The first turns, of which the last counts; whether it outlived them."""
        if not all(self.turn(entry) for _ in range(SCREEN_TURNS)):
            return False
        entry.windows = entry.windows[-1:]
        return True

    def _admit(self, entry: Entry, missed: str) -> None:
        """To the race, unless it is inexact or far behind."""
        cost = self.terms.cost
        best = min(e.cost(cost) for e in self.racing if e is not entry)
        times = entry.cost(cost) / best
        if missed:
            entry.ends("inaccurate", missed)
        elif times > self.slow:
            entry.ends("slower", f"{times:.3g} times the best at once")

    @property
    def samples(self) -> Path:
        return self.folder / "samples.npz"

    def _nothing(self) -> IsthmusError:
        """Why nothing opens."""
        said = [f"{entry.setting}: {entry.reason}" for entry in self.entries]
        said += [f"{name}: {reason}" for name, reason in self.offer.missing.items()]
        missing = all(entry.state == "missing" for entry in self.entries)
        kind = BackendMissing if missing else IsthmusError
        return kind(f"no setting runs the program; {said[0] if said else 'no backend is here'}")
