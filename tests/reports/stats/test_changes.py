"""Change points: found where they are, and not in noise."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_runs import noisy

from isthmus.errors import BackendMissing, UsageError
from isthmus.reports.stats.changes import FEWEST_RUNS, SHORTEST, Changes, changes

# The Nile's flow at Aswan, 1871 to 1970, 10^8 m^3 a year: Cobb, Biometrika 65 (1978), table 1.
NILE = (
    *(1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960),
    *(1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694),
    *(940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764),
    *(821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822),
    *(1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050),
    *(918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740),
)


def found(levels: list[float], seed: int = 0, noise: float = 0.01) -> Changes:
    return changes([math.log(value) for value in noisy(levels, seed, noise)])


def begins(of: Changes) -> list[int]:
    return [segment.begin for segment in of.segments[1:]]


@pytest.mark.parametrize("after", [3, 10, 30])
def test_a_step_of_5_percent_in_1_percent_noise_is_found_where_it_is(after: int) -> None:
    every = [found([10.0] * 15 + [10.5] * after, seed) for seed in range(60)]
    right = [one for one in every if [abs(at - 15) <= 2 for at in begins(one)] == [True]]
    assert len(right) >= 57
    assert all(one.drift == pytest.approx(0.05, abs=0.025) for one in right)


@pytest.mark.parametrize("runs", [6, 12, 30, 100])
@pytest.mark.parametrize("noise", [0.002, 0.01, 0.05])
def test_noise_has_no_change(runs: int, noise: float) -> None:
    wrong = sum(bool(begins(found([10.0] * runs, seed, noise))) for seed in range(300))
    assert wrong <= 6


def test_a_creep_of_half_a_percent_a_run_is_found() -> None:
    creep = [10.0] * 10 + [10.0 * 1.005**at for at in range(1, 21)]
    drifts = [found(creep, seed).drift for seed in range(50)]
    assert min(drifts) > 0.05
    assert numpy.mean(drifts) == pytest.approx(0.09, abs=0.02)


def test_steps_below_the_least_are_joined_until_they_count() -> None:
    stairs = [10.0 * 1.004**level for level in range(8) for _ in range(6)]
    one = found(stairs, noise=0.0005)
    assert 1 <= len(begins(one)) <= 3 and min(one.steps) >= 0.01 - 1e-9
    assert one.drift == pytest.approx(1.004**7 - 1, abs=0.01)


def test_the_nile_fell_when_it_was_dammed() -> None:
    assert len(NILE) == 100 and sum(NILE) == 91935
    one = changes([math.log(value) for value in NILE])
    assert begins(one) == [28]  # 1899
    assert one.drift == pytest.approx(850 / 1098 - 1, abs=0.03)


@pytest.mark.parametrize("factor", [0.5, 1.2, 10])
@pytest.mark.parametrize("at", [0, 7, 19])
def test_a_single_wild_run_is_no_change(factor: float, at: int) -> None:
    for seed in range(20):
        levels = [10.0] * 20
        levels[at] *= factor
        assert begins(found(levels, seed)) == []


def test_constant_and_tied_runs() -> None:
    assert begins(changes([2.0] * 10)) == []
    assert begins(changes([2.0, 2.0001] * 10)) == []
    stepped = changes([0.0] * 10 + [math.log(1.02)] * 4)
    assert begins(stepped) == [10] and stepped.drift == pytest.approx(0.02)


@pytest.mark.parametrize("count", range(FEWEST_RUNS))
def test_few_runs_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} runs; change points need 6"):
        changes([1.0] * count)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match=r"run 2 is .*; leave out"):
        changes([1.0, 1.0, value, 1.0, 1.0, 1.0, 1.0])


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(BackendMissing, match=r"pip install 'isthmus\[history\]'"):
        changes([1.0] * 10)


@given(st.lists(st.floats(-20, 10), min_size=6, max_size=60), st.floats(-5, 5))
def test_segments_are_long_enough_and_cover_all_runs(logs: list[float], shift: float) -> None:
    one = changes(logs)
    borders = [(segment.begin, segment.end) for segment in one.segments]
    assert borders[0][0] == 0 and borders[-1][1] == len(logs)
    assert all(end == begin for (_, end), (begin, _) in pairwise(borders))
    assert all(end - begin >= SHORTEST for begin, end in borders)
    assert all(abs(math.log1p(step)) >= math.log1p(0.01) * (1 - 1e-9) for step in one.steps)
    assert math.prod(1 + step for step in one.steps) == pytest.approx(1 + one.drift)
    assert one.noise > 0


@given(st.integers(0, 1000), st.floats(-5, 5))
def test_the_unit_does_not_matter(seed: int, shift: float) -> None:
    logs = numpy.log(noisy([10.0] * 10 + [11.0] * 10 + [10.4] * 5, seed))
    assert begins(changes(logs.tolist())) == begins(changes((logs + shift).tolist()))
