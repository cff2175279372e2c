"""What was measured so far: rounds by benchmark, with what is asked of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from .judge import Question, question
from .metrics import METRICS, PARITY
from .observations import Observed, Pair
from .suite import Suite
from .terms import Terms, TermsOf

__all__ = ["Sample", "questions_of"]


@dataclass
class Sample:
    """Rounds of a suite by benchmark; the processes of each sample are its own."""

    suite: Suite
    terms_of: TermsOf
    clock: Callable[[], float]
    rounds: dict[str, list[Observed]] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    number: int = 0
    took_seconds: float = 0.0  # the last round's, a benchmark

    def more(self, names: Collection[str] | None) -> None:
        """A round of the named benchmarks; of all for None."""
        began = self.clock()
        found = self.suite.round(self.number, names)
        for name, both in found.items():
            if name not in self.rounds:
                self.rounds[name], self.terms[name] = [], self.terms_of(name)
            self.rounds[name].append(both)
        self.number += 1
        self.took_seconds = (self.clock() - began) / max(1, len(found))

    def pairs(self) -> list[Pair]:
        return [
            Pair(
                name,
                [base for base, _ in rounds],
                [head for _, head in rounds],
                terms=self.terms[name],
                interleaved=True,
                place=self.suite.defined_in(name),
            )
            for name, rounds in self.rounds.items()
        ]


def questions_of(pairs: Sequence[Pair]) -> list[Question]:
    """Each metric that is asked for and known."""
    found = (
        question(pair, METRICS[name], pair.terms.margins[name])
        for pair in pairs
        for name in pair.terms.metrics
        if name != PARITY
    )
    return [one for one in found if one]
