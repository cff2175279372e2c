"""The race: candidates are opened one by one, take turns, and the worst are given up early.

Along one axis after the other (`axes`), variants of the best so far are opened, answer the samples
and are measured in a turn or two; then all that are left take turns, round by round, and those that
are clearly slower or in the worse half go (successive halving: Jamieson and Talwalkar 2016,
arXiv:1502.07943). At last the few that are left and the default take turns until the time is over
or all is decided. The default is in every round, so that what is chosen was compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from isthmus.benchmarks.harness.clock import Step
from isthmus.benchmarks.harness.processes import memory_suffices
from isthmus.benchmarks.portable.timing.inputs import read_outputs, write_sets
from isthmus.errors import IsthmusError, UsageError
from isthmus.program import archive

from .accuracy import Accuracy
from .agreement import Figures, Mismatch
from .axes import Axis, Offer
from .contestant import Contestant, Failed, Job
from .entry import Cost, Entry, ratio
from .judging import figures_of
from .setting import Setting
from .work import Work

__all__ = ["Race", "Terms"]

TRYING = 0.65  # of the budget, at most, until the last stage
COMPARING = 0.04  # of the budget, for the answers of one candidate
SCREEN_TURNS, HALVING_ROUNDS = 2, 3
SLOW = 2.0  # times the best's cost in its first turn, and a candidate is given up at once
KEPT, FINALISTS = 3, 3  # beside the default
CLEARLY = 1.1  # times the best's median in the worse half
LEAST_ROUNDS, MOST_ROUNDS = 8, 200
WORTH = 1.01  # what is closer than that is equally good
DEFAULT_OPEN_SECONDS = 1800.0
PATIENCE_SECONDS, PATIENCE = 3.0, 2.5  # and so many times as long as the default took to open


@dataclass(frozen=True)
class Terms:
    """What is wanted: within an accuracy the least cost, found within so many seconds."""

    accuracy: Accuracy
    cost: Cost
    priced: Callable[[Setting], str]  # why a setting has no price; "" where it has, or needs none
    budget_seconds: float
    axes: Sequence[Axis]


@dataclass
class Race:
    """A race as it goes on. `run` it once; `entries` then tell what became of each setting."""

    work: Work
    offer: Offer
    terms: Terms
    folder: Path
    progress: Callable[[Step], None] = lambda step: None
    entries: list[Entry] = field(default_factory=list)
    default: Entry = field(init=False)
    chosen: Entry = field(init=False)
    first_choice_failed: str = ""  # why the default is not what `compile` does by itself
    compared: list[int] = field(default_factory=list)
    rounds: int = 0
    began: float = field(default_factory=monotonic)
    _programs: dict[bool, Path] = field(default_factory=dict)
    _reference: list[list[Any]] = field(default_factory=list)

    def run(self) -> None:
        """Whatever happens, no process is left. Raises IsthmusError where nothing opens."""
        try:
            self._prepare()
            self._open_default()
            for axis in self.terms.axes:
                self._along(axis)
            self._last_stage()
            self.chosen = self._choice()
        finally:
            for entry in self.entries:
                entry.close()

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return monotonic() - self.began

    def racing(self) -> list[Entry]:
        """Those that have their turns, the default first."""
        return [entry for entry in self.entries if entry.races]

    def _say(self, text: str) -> None:
        self.progress(Step(text, self.spent, max(0.0, self.terms.budget_seconds - self.spent)))

    # Opening

    def _prepare(self) -> None:
        seconds = COMPARING * self.terms.budget_seconds
        self.compared = self.work.compared(seconds, self.offer.threads)
        write_sets(self.folder / "samples.npz", self.work.sets)

    def _job(self) -> Job:
        return Job(self.folder, self.folder / "samples.npz", self.compared, self.offer.given)

    def _program(self, static: bool) -> Path:
        """The program's file, written when it is first asked for."""
        if static not in self._programs:
            path = self.folder / ("static.im" if static else "program.im")
            archive.save(self.work.program(static=static), path)
            self._programs[static] = path
        return self._programs[static]

    def _open_default(self) -> None:
        """The first runtime that opens; it is the reference, and stays to the end."""
        for setting in self.offer.runtimes:
            entry = self._entered(setting)
            if self._opens(entry, DEFAULT_OPEN_SECONDS):
                self.default = entry
                assert entry.contestant is not None
                self._reference = read_outputs(entry.contestant.outputs)
                self._figures(entry)
                if not self._screened(entry):
                    continue
                return
            self.first_choice_failed = self.first_choice_failed or f"{setting}: {entry.reason}"
        raise _nothing(self.entries, self.offer)

    def _figures(self, entry: Entry) -> None:
        """Of the reference itself: what it lacks, nobody can be measured by."""
        entry.figures = self._compared(entry)
        if self.terms.accuracy.top1 is not None and entry.figures.top1 is None:
            raise UsageError(
                "accuracy: top1 is asked for, and no output has rows to rank; leave it out"
            )

    def _entered(self, setting: Setting) -> Entry:
        entry = Entry(setting)
        self.entries.append(entry)
        return entry

    def _opens(self, entry: Entry, seconds: float) -> bool:
        """Whether its processes are there and have answered the samples."""
        self._say(f"opening {entry.setting}")
        began = monotonic()
        try:
            program = self._program(entry.setting.static)
            contestant = Contestant(entry.setting, program, self._job(), len(self.entries))
            entry.contestant = contestant
            contestant.opened(seconds)
        except Failed as problem:
            entry.ends("missing" if problem.missing else "failed", str(problem))
            return False
        except IsthmusError as problem:  # the program cannot be made for static sizes
            entry.ends("failed", str(problem))
            return False
        entry.open_seconds = monotonic() - began
        return True

    # Along an axis

    def _along(self, axis: Axis) -> None:
        known = {entry.setting for entry in self.entries}
        for leader in self._leaders(axis):
            for setting in axis.variants(leader.setting, self.offer):
                if setting not in known:
                    known.add(setting)
                    self._try(self._entered(setting))
        self._halve()

    def _leaders(self, axis: Axis) -> list[Entry]:
        racing = sorted(self.racing(), key=lambda entry: entry.cost(self.terms.cost))
        most = axis.within * racing[0].cost(self.terms.cost)
        return [e for e in racing if e.cost(self.terms.cost) <= most][: axis.leaders]

    def _try(self, entry: Entry) -> None:
        """Opened, compared, and measured in its first turns."""
        if reason := self.terms.priced(entry.setting):
            entry.ends("untried", reason)
            return
        patience = self._patience(entry.setting)
        left = TRYING * self.terms.budget_seconds - self.spent
        if left < (self.default.open_seconds or 0.0):
            entry.ends("untried", "the budget was over before its turn; give more seconds")
            return
        if not self._has_memory():
            entry.ends("untried", "memory does not suffice for another process")
            return
        if not self._opens(entry, min(patience, max(left, PATIENCE_SECONDS))):
            return
        missed = self._missed(entry)
        if not self._screened(entry):
            return
        if missed:
            entry.ends("inaccurate", missed)
            return
        best = min(e.cost(self.terms.cost) for e in self.racing() if e is not entry)
        times = entry.cost(self.terms.cost) / best
        if times > SLOW:
            entry.ends("slower", f"{times:.3g} times the best at once")

    def _patience(self, setting: Setting) -> float:
        """Seconds that a candidate may take to open and answer; to be calibrated takes longer."""
        usual = PATIENCE_SECONDS + PATIENCE * (self.default.open_seconds or 0.0)
        return usual * (2 if setting.needs_samples else 1)

    def _has_memory(self) -> bool:
        """Room for another, for which the slowest that races may have to go."""
        while not memory_suffices(len(self.racing())):
            others = [entry for entry in self.racing() if entry is not self.default]
            if not others:
                return False
            worst = max(others, key=lambda entry: entry.cost(self.terms.cost))
            worst.ends("slower", "given up for want of memory, as the slowest so far")
        return True

    def _missed(self, entry: Entry) -> str:
        """What the outputs lack of the accuracy; "" where nothing."""
        try:
            entry.figures = self._compared(entry)
        except Mismatch as problem:
            return str(problem)
        return self.terms.accuracy.misses(entry.figures)

    def _compared(self, entry: Entry) -> Figures:
        assert entry.contestant is not None
        found = read_outputs(entry.contestant.outputs)
        if entry is not self.default:
            entry.contestant.outputs.unlink()
        return figures_of(found, self._reference, self.work.traced.result, self.terms.accuracy)

    def _screened(self, entry: Entry) -> bool:
        """The first turns, of which the last counts; whether it outlived them."""
        for _ in range(SCREEN_TURNS):
            if not self._turn(entry):
                return False
        entry.windows = entry.windows[-1:]
        return True

    def _turn(self, entry: Entry) -> bool:
        assert entry.contestant is not None
        try:
            entry.windows.append(entry.contestant.turn())
        except Failed as problem:
            entry.ends("failed", f"in the race: {problem}")
            return False
        return True

    # Turns

    def _halve(self) -> None:
        """Rounds of all that race; the clearly slower ones, and the worse half, go."""
        if len(self.racing()) < 3:
            return
        self._rounds(HALVING_ROUNDS, "taking turns")
        ranked = sorted(self.racing(), key=lambda entry: entry.cost(self.terms.cost))
        kept = max(KEPT, math.ceil(len(ranked) / 2))
        for place, entry in enumerate(ranked):
            times = ratio(entry, ranked[0], self.terms.cost)
            clear = times.interval()[0] > 1 or times.ratio > CLEARLY
            if entry is not self.default and place >= kept and clear:
                entry.ends("slower", f"{times.ratio:.3g} times the best")

    def _rounds(self, most: int, text: str, decided: Callable[[], bool] = lambda: False) -> None:
        """A stage: so many rounds, in every second of which they go the other way round."""
        for entry in self.racing():
            entry.windows = []
        for number in range(most):
            self._say(f"{text}: {len(self.racing())} settings, round {number + 1}")
            for entry in self.racing()[:: 1 if number % 2 == 0 else -1]:
                self._turn(entry)
            if not self.default.races:
                raise IsthmusError(f"{self.default.setting}, the default: {self.default.reason}")
            if decided():
                return

    def _last_stage(self) -> None:
        ranked = sorted(self.racing(), key=lambda entry: entry.cost(self.terms.cost))
        others = [entry for entry in ranked if entry is not self.default]
        for entry in others[FINALISTS:]:
            times = entry.cost(self.terms.cost) / ranked[0].cost(self.terms.cost)
            entry.ends("slower", f"{times:.3g} times the best, and not among the last")
        if others:
            self._rounds(MOST_ROUNDS, "the last stage", self._is_over)
        else:
            self._rounds(LEAST_ROUNDS, "the default alone", self._is_spent)
        self.rounds = len(self.default.windows)

    def _is_spent(self) -> bool:
        return self.spent > self.terms.budget_seconds

    def _is_over(self) -> bool:
        """Whether the time is over, or it is known who is best, or that it does not matter."""
        if self._is_spent():
            return True
        if len(self.default.windows) < LEAST_ROUNDS:
            return False
        best = min(self.racing(), key=lambda entry: entry.cost(self.terms.cost))
        others = [entry for entry in self.racing() if entry is not best]
        ends = [ratio(entry, best, self.terms.cost).interval() for entry in others]
        return all(low > 1 or high < WORTH for low, high in ends)

    # Choosing

    def _choice(self) -> Entry:
        """The best, or what is as good and keeps more of the numbers; never one that was not seen
        to be faster than the default."""
        cost, racing = self.terms.cost, self.racing()
        best = min(racing, key=lambda entry: entry.cost(cost))
        tied = [entry for entry in racing if entry is best or self._as_good(entry, best)]
        faster = [entry for entry in tied if self._beats_default(entry)]
        if self.default in tied or not faster:
            return self.default
        return min(faster, key=lambda entry: entry.setting.preference)

    def _as_good(self, entry: Entry, best: Entry) -> bool:
        found = ratio(entry, best, self.terms.cost)
        return found.interval()[0] <= 1 or found.ratio < WORTH

    def _beats_default(self, entry: Entry) -> bool:
        return (
            entry is not self.default
            and ratio(entry, self.default, self.terms.cost).interval()[1] < 1
        )


def _nothing(entries: Sequence[Entry], offer: Offer) -> IsthmusError:
    """Why nothing opens, of the first; what it was is the user's mistake, if it was one."""
    said = [f"{entry.setting}: {entry.reason}" for entry in entries]
    said += [f"{name}: {reason}" for name, reason in offer.missing.items()]
    return IsthmusError(f"no setting runs the program; {said[0] if said else 'no backend is here'}")
