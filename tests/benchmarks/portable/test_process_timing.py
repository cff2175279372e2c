"""Samples, warm-up and windows, on a simulated clock."""

from __future__ import annotations

import gc
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy
import pytest
from simulated_clock import SimulatedClock

from isthmus.benchmarks.portable.timing import timing
from isthmus.benchmarks.portable.timing.timing import Sampler, account, kept, warm_up, windows
from isthmus.benchmarks.portable.timing.watch import LIMITS, Watch

STILL = "cpu0 0 0 0 0 0 0 0 0 0 0\n"
STOLEN = "cpu0 0 0 0 0 0 0 0 {ticks} 0 0\n"


def test_the_resolution_is_a_difference_the_clock_shows() -> None:
    assert 0 < timing.resolution() < 1e-3
    assert timing.resolution(SimulatedClock(tick=0.25)) == 0.25
    steps = iter([0.0] * 15_000 + [3.0] * 10_000)
    assert timing.resolution(lambda: next(steps)) == 3.0


def test_short_calls_are_timed_together() -> None:
    assert timing.calls_per_sample(1e-3, 5e-8) == 1
    assert timing.calls_per_sample(5e-5, 5e-8) == 1
    assert timing.calls_per_sample(1e-6, 5e-8) == 50
    assert timing.calls_per_sample(0.0, 5e-8) == 1000


def test_calls_of_different_sizes_are_timed_as_whole_cycles() -> None:
    short, long = ({"x": numpy.zeros((1, size))} for size in (3, 5))
    assert timing.cycle_length([short, short]) == 1
    assert timing.cycle_length([short, long, short]) == 3
    assert timing.calls_per_sample(1e-3, 5e-8, cycle=3) == 3
    assert timing.calls_per_sample(1e-6, 5e-8, cycle=20) == 60


def test_a_sample_is_seconds_a_call_and_inputs_take_turns() -> None:
    clock, given = SimulatedClock(tick=0.0), list[str]()

    def call(arrays: str) -> None:
        given.append(arrays)
        clock.sleep(0.5)

    sample = Sampler(call, ["a", "b", "c"], clock=clock)
    assert [sample(), sample(2), sample()] == [0.5] * 3
    assert given == ["a", "b", "c", "a"]
    assert sample.calls == 4


@pytest.mark.parametrize("delay", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("calls", [1, 7])
def test_a_delay_prolongs_every_sample_by_its_share(delay: float, calls: int) -> None:
    clock = SimulatedClock(tick=1e-9)
    sample = Sampler(clock.taking(1e-5), [None], delay, clock)
    assert sample(calls) == pytest.approx((1 + delay) * 1e-5, rel=1e-3)


def test_a_real_call_is_prolonged_within_the_time_that_is_taken() -> None:
    sample = Sampler(lambda _: sum(range(1000)), [None], delay=3.0)
    started = perf_counter()
    taken = sample(10)
    assert 0 < 10 * taken <= perf_counter() - started


def test_equal_calls_are_steady_after_three_windows() -> None:
    clock = SimulatedClock()
    found = warm_up(Sampler(clock.taking(0.01), [None], clock=clock))
    assert found.steady
    assert found.calls == 21
    assert found.seconds >= 0.2
    assert found.call_seconds == pytest.approx(0.01, rel=1e-3)


def test_a_program_that_gets_faster_is_steady_when_it_no_longer_does() -> None:
    clock, calls = SimulatedClock(), 0

    def call(arrays: Any) -> None:
        nonlocal calls
        calls += 1
        clock.sleep(max(0.01, 0.1 / calls))

    found = warm_up(Sampler(call, [None], clock=clock))
    assert found.steady
    assert found.call_seconds == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("first_seconds", "calls"), [(0.02, None), (0.8, 10), (6.0, 2)])
def test_one_that_never_settles_is_given_up_and_said_to_be_unsteady(
    first_seconds: float, calls: int | None
) -> None:
    clock, grown = SimulatedClock(), 1.0

    def call(arrays: Any) -> None:
        nonlocal grown
        grown *= 1.06
        clock.sleep(first_seconds * grown)

    found = warm_up(Sampler(call, [None], clock=clock))
    assert not found.steady
    assert found.seconds >= 3
    assert calls in (None, found.calls)


def test_no_garbage_is_collected_inside_and_all_is_as_before_after() -> None:
    with timing.quiet_collector():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def _watch(root: Path) -> Watch:
    (root / "proc").mkdir()
    (root / "proc/stat").write_text(STILL)
    return Watch([0], root)


def test_a_section_is_cut_in_equal_windows_of_a_quarter_of_a_second_or_more(
    tmp_path: Path,
) -> None:
    assert timing.window_seconds(1.0) == 0.25
    assert timing.window_seconds(0.3) == 0.3
    assert timing.window_seconds(0.6) == 0.3
    assert timing.window_seconds(0.01) == 0.01
    clock = SimulatedClock()
    found = windows(Sampler(clock.taking(0.01), [None], clock=clock), 1, 1.0, _watch(tmp_path))
    assert [len(window.samples) for window in found] == [25] * 4
    assert account(found)["kept"] == 4
    assert account(found)["discarded"] == {}


def test_a_long_call_is_a_window_and_three_are_made(tmp_path: Path) -> None:
    clock = SimulatedClock()
    found = windows(Sampler(clock.taking(2.0), [None], clock=clock), 1, 1.0, _watch(tmp_path))
    assert [len(window.samples) for window in found] == [1, 1, 1]
    assert account(found)["window_seconds"] == pytest.approx(2.0, rel=1e-3)


def _with_steal(root: Path, clock: SimulatedClock, stolen: range) -> Any:
    """Calls of 0.05 s; those of the given numbers have ten seconds stolen by the hypervisor."""
    calls = ticks = 0

    def call(arrays: Any) -> None:
        nonlocal calls, ticks
        ticks += 1000 * (calls in stolen)
        (root / "proc/stat").write_text(STOLEN.format(ticks=ticks))
        clock.sleep(0.05)
        calls += 1

    return call


def test_a_bad_window_is_discarded_counted_and_made_up_for(tmp_path: Path) -> None:
    clock, watch = SimulatedClock(), _watch(tmp_path)
    sample = Sampler(_with_steal(tmp_path, clock, range(5, 7)), [None], clock=clock)
    found = windows(sample, 1, 1.0, watch)
    assert [window.fault for window in found] == [None, "steal", None, None, None]
    told = account(found)
    assert told["kept"] == 4
    assert told["discarded"] == told["bad"] == {"steal": 1}
    assert not told["all_bad"]
    assert told["signals"]["steal"] == 0
    assert [id(window) for window in kept(found)] == [id(found[i]) for i in (0, 2, 3, 4)]


def test_where_every_window_is_bad_twice_the_time_is_spent_and_all_are_kept(
    tmp_path: Path,
) -> None:
    clock, watch = SimulatedClock(), _watch(tmp_path)
    sample = Sampler(_with_steal(tmp_path, clock, range(10**6)), [None], clock=clock)
    found = windows(sample, 1, 1.0, watch)
    told = account(found)
    assert len(found) == told["kept"] == 8
    assert told["all_bad"]
    assert told["bad"] == {"steal": 8}
    assert told["discarded"] == {}


def test_every_limit_has_a_reason() -> None:
    assert all(limit.reason for limit in LIMITS)
