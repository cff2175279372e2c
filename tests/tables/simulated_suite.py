"""A suite whose noise is drawn from a seed: what a machine would have told."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy

from isthmus.benchmarks.gate.rule.observations import Observation
from isthmus.benchmarks.gate.rule.suite import Found

CYCLES = 5


@dataclass
class SimulatedSuite:
    """true: head / base of each benchmark. noise: of a cycle's log ratio; spread: of a process.

    A round of one benchmark takes `seconds`, on a clock of its own. luck: added to the log ratio
    in each sample, so that screening can be misled.
    """

    true: Mapping[str, float]
    noise: float = 0.02
    spread: float = 0.005
    seed: int = 0
    seconds: float = 1.0
    luck: Callable[[int], float] = lambda sample: 0.0
    facts: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {})
    only_base: Collection[str] = ()
    only_head: Collection[str] = ()
    asked: list[tuple[int, int, frozenset[str]]] = field(default_factory=list)
    now: float = 0.0
    sample: int = -1

    def __post_init__(self) -> None:
        self.random = numpy.random.default_rng(self.seed)

    def clock(self) -> float:
        return self.now

    def round(self, number: int, names: Collection[str] | None) -> Found:
        self.sample += number == 0
        wanted = [name for name in self.true if names is None or name in names]
        self.asked.append((self.sample, number, frozenset(wanted)))
        self.now += self.seconds * len(wanted)
        return {name: self._both(name) for name in wanted}

    def defined_in(self, name: str) -> str:
        return ""

    def _both(self, name: str) -> tuple[Observation, Observation]:
        process = self.random.normal(
            math.log(self.true[name]) + self.luck(self.sample), self.spread
        )
        base = self.random.normal(math.log(0.01), 0.1, CYCLES)
        head = base + self.random.normal(process, self.noise, CYCLES)
        return _observation(base.tolist(), self.facts[0]), _observation(
            head.tolist(), self.facts[1]
        )


def _observation(logs: Sequence[float], facts: Mapping[str, int]) -> Observation:
    turns = dict(enumerate(logs))
    return Observation([math.exp(log) for log in turns.values()], turns, parity=1e-6, facts=facts)
