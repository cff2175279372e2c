"""The timer inside a measured pytest: which samples lie in which turn, on a simulated clock."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_clock import SimulatedClock

from isthmus.benchmarks.portable.timing import pytest_turns
from isthmus.benchmarks.portable.timing.pytest_turns import Answer, Channel, Turns, clock
from isthmus.benchmarks.portable.timing.watch import Signals, Watch


class Harness(Channel):
    """Gives every turn after a wait of so long; cycles grow by 3, as if another side had two."""

    def __init__(self, time: SimulatedClock) -> None:
        self.cycle, self._time = 0, time

    def ask(self, question: Mapping[str, Any]) -> Answer:
        self.cycle += 3
        self._time.sleep(50.0)
        return {"run": question["have"]} if "have" in question else {"cycle": self.cycle}


class Disturbed(Watch):
    """Somebody else has run in every turn whose cycle can be divided by 6."""

    def __init__(self, harness: Harness) -> None:
        super().__init__([])
        self._harness = harness

    def fault(self, signals: Signals, wall_seconds: float) -> str | None:
        return "others" if self._harness.cycle % 6 == 0 else None


@contextmanager
def timed() -> Iterator[tuple[SimulatedClock, Harness, Turns]]:
    """The timer on a simulated clock, at the beginning of a benchmark."""
    time = SimulatedClock(tick=1e-6)
    harness = Harness(time)
    turns = Turns(harness, 0.1, Disturbed(harness))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest_turns, "perf_counter", time)
        patch.setattr(pytest_turns, "turns", turns)
        turns.chosen(["a"])
        turns.begin("a")
        yield time, harness, turns


@given(
    before=st.integers(0, 9),
    works=st.lists(st.floats(1e-5, 0.3), min_size=1, max_size=60),
    calls=st.integers(1, 3),
)
def test_samples_are_told_by_cycle_and_without_the_waiting(
    before: int, works: list[float], calls: int
) -> None:
    """Whatever was read before, such as the clock's precision and the calibration."""
    samples, cycles = list[float](), list[int]()
    with timed() as (time, harness, turns):
        for _ in range(before):
            clock()
        for work in works:
            start = clock()
            cycles.append(harness.cycle)
            time.sleep(work)
            samples.append((clock() - start) / calls)
        told = turns.of(samples, calls)
    assert told["cycles"] == list(Counter(cycles).items())
    given_cycles = range(6, harness.cycle + 1, 3)
    assert told["disturbed"] == [cycle for cycle in given_cycles if cycle % 6 == 0]
    assert samples == pytest.approx([work / calls for work in works], abs=1e-5)


def test_samples_that_are_not_the_last_readings_have_no_turns() -> None:
    with timed() as (_, _, turns):
        readings = [clock() for _ in range(4)]
        taken = readings[3] - readings[2]
        assert turns.of([taken], 1)["cycles"] == [(6, 1)]
        assert not turns.of([taken * 2], 1)["cycles"]
        assert not turns.of([taken] * 3, 1)["cycles"], "more than there are readings"
        assert not turns.of([], 1)["cycles"]


def test_without_a_harness_the_timer_is_a_clock() -> None:
    assert pytest_turns.turns is None
    first, second = clock(), clock()
    assert second >= first


def test_a_harness_that_has_gone_ends_the_suite() -> None:
    hear, say = os.pipe(), os.pipe()
    os.close(hear[1])
    channel = pytest_turns.Channel(hear[0], say[1])
    with pytest.raises(EOFError, match="the harness has ended"):
        channel.ask({"place": 0})
    for pipe in (channel._hear, channel._say):
        pipe.close()
    os.close(say[0])
