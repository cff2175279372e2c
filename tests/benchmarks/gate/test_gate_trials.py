"""Trials of the gate: levels taken apart, answers counted, other tools' rules by their own code."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from patience import in_a_quiet_moment
from scipy import stats  # type: ignore[import-untyped]

from isthmus.benchmarks.gate.rule.noise import (
    Noise,
    between_of,
    informed,
    is_here,
    recalled,
    remember,
    spread_of,
)
from isthmus.benchmarks.gate.rule.observations import Observation
from isthmus.benchmarks.gate.rule.sampling import Effort
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.self_test import Findings, levels_of, round_seconds, self_test, spreads
from isthmus.benchmarks.gate.self_testing import document, exit_code, suite_here
from isthmus.benchmarks.gate.suites.workload_suite import Both
from isthmus.benchmarks.gate.trials import LEVELS, Round, Trial, answers, benchmarks_of, by_level
from isthmus.benchmarks.harness.clock import Step
from isthmus.benchmarks.harness.fingerprint import fingerprint
from isthmus.errors import FileError
from isthmus.reports.files.same_machine import machine_of
from studies import rivals
from studies.experiment import entry, summary, table

RULES = Settings(margin=0.01, metrics=("latency_p50_ms",))
TERMS = RULES.terms_of
EFFORT = Effort(budget_seconds=300)
CYCLES = 40


class Simulated:
    """A suite of two workloads whose processes are drawn from a seed; delays are waited exactly."""

    works = ("one", "two")
    seconds = 0.5

    def __init__(self, noise: float, seed: int = 0) -> None:
        from isthmus.benchmarks.harness.variants import find

        self.variants = find(["cpu"])
        self.noise = noise
        self.random = numpy.random.default_rng(seed)
        self.only_base = self.only_head = ()

    def both(self, work: str, variant: Any, number: int, seconds: float, delay: Any = 0.0) -> Both:
        cycles = round(seconds / self.seconds) * CYCLES // 4
        logs = self.random.normal(math.log(0.01), 0.1, cycles)
        noise = self.random.normal(0, self.noise, cycles)
        delays = [math.log1p(delay[at % len(delay)]) for at in range(cycles)]
        return Both((_observation(logs), _observation(logs + noise + delays)), 2.0, seconds)


def _observation(logs: Any) -> Observation:
    turns = {at: float(log) for at, log in enumerate(logs)}
    seconds = [math.exp(log) for log in logs for _ in range(3)]
    return Observation(seconds, turns, {"peak_memory_mib": 100.0}, 1e-6, calls=[3] * len(turns))


def trial(noise: float = 0.02, seed: int = 0) -> Trial:
    suite: Any = Simulated(noise, seed)
    return Trial(suite, "isthmus::two[cpu]")


def test_levels_are_taken_apart_turn_by_turn() -> None:
    base = Observation([1.0] * 16, dict.fromkeys(range(8), 0.0), calls=[2] * 8)
    head = Observation(
        [float(at) for at in range(16)], {at: float(at) for at in range(8)}, calls=[2] * 8
    )
    found = by_level((base, head), LEVELS)
    assert list(found) == list(LEVELS)
    assert found[0.03][1].turns == {1: 1.0, 5: 5.0}
    assert list(found[0.03][1].seconds) == [2.0, 3.0, 10.0, 11.0]
    assert found[0.03][0].turns == {1: 0.0, 5: 0.0}


def test_a_trial_has_five_answers_and_measures_each_round_once() -> None:
    one = trial()
    found = answers(one, TERMS, EFFORT)
    assert [answer.level for answer in found] == [0.0, 0.0, *LEVELS[1:]]
    assert found[-1].found, "10 % in noise of 2 % a turn"
    assert not any(answer.false_alarms for answer in found)
    samples = {sample for sample, _, _ in one.rounds}
    assert samples == {0, 1}
    assert all(answer.seconds <= 300 for answer in found)


def test_a_gate_pays_for_its_own_level_alone() -> None:
    one = trial()
    plain, slowed = one.round(0, 0, "isthmus::one[cpu]"), one.round(0, 0, "isthmus::two[cpu]")
    assert set(plain.levels) == {0.0} and set(slowed.levels) == set(LEVELS)
    assert plain.seconds == slowed.seconds == 2.5


def test_the_file_holds_what_the_rules_of_others_need() -> None:
    one = trial()
    said = entry(one, answers(one, TERMS, EFFORT))
    rows = {row["rule"]: row for row in summary([said])}
    assert set(rows) == {"isthmus gate", *rivals.RULES}
    for row in rows.values():
        assert row["gates"] == {"0.0": 2, "0.03": 1, "0.05": 1, "0.1": 1}
    assert rows["isthmus gate"]["alarms"]["0.1"] == 1
    assert rows["plain 5 %, in turn"]["alarms"]["0.1"] == 1
    assert rows["plain 5 %, in turn"]["alarms"]["0.03"] == 0
    assert "| isthmus gate | 0 of 2 |" in table([said])


def processes(median: float, count: int = 5) -> list[list[list[float]]]:
    """So many processes of ten turns, 1 % apart."""
    return [[[at, median * (1 + at / 1000), median, 4] for at in range(10)] for _ in range(count)]


@pytest.mark.parametrize(
    ("rule", "threshold"), [(rivals.pytest_benchmark, 5), (rivals.plain, 5), (rivals.asv, 10)]
)
def test_the_rules_of_others_have_their_own_thresholds(rule: rivals.Rule, threshold: int) -> None:
    if rule is rivals.asv:
        pytest.importorskip("asv")
    base = processes(100.0)
    assert not rule(base, processes(100.0 + threshold - 1))
    assert rule(base, processes(100.0 + threshold + 1))


def test_the_noise_floor_is_kept_with_the_history(tmp_path: Path) -> None:
    assert recalled(tmp_path) == Noise(None, None)
    path = remember(tmp_path, 0.012, {"margin": 0.05})
    assert recalled(tmp_path) == Noise(0.012, None), "as before it was measured between processes"
    path = remember(tmp_path, 0.012, {"between": 0.4})
    assert recalled(tmp_path) == Noise(0.012, 0.4)
    known = informed(Settings(), tmp_path)
    assert (known.floor, known.between) == (0.012, 0.4)
    assert informed(Settings(history=tmp_path)) == replace(known, history=tmp_path)
    path.write_text("{")
    with pytest.raises(FileError, match="is no self-test"):
        recalled(tmp_path)


def test_processes_are_farther_apart_than_is_known_once_in_a_thousand_times() -> None:
    random, beyond, trials = numpy.random.default_rng(2), 0, 4000
    for _ in range(trials):
        *seen, base, head = random.normal(0, 0.1, 14).tolist()
        known = between_of({"net": seen})
        assert known is not None and known >= math.expm1(max(seen) - min(seen)) - 1e-12
        beyond += abs(head - base) > math.log1p(known)
    assert beyond <= stats.binom.ppf(0.999, trials, 0.001)
    assert between_of({"net": [0.0] * 4}) is None, "too few to tell"


def test_what_the_self_test_says_follows_from_its_trials() -> None:
    one = trial()
    said = answers(one, TERMS, EFFORT)
    seen = spreads([one]), round_seconds([one])
    found = Findings(said, *seen, 0.01, EFFORT, levels_of([one]))
    assert found.counted(0.0) == (0, 2)
    assert found.fires and exit_code(found) == 0
    assert found.round_seconds == pytest.approx(5.0)
    assert found.rounds == 30
    assert 0.01 < found.smallest_change("isthmus::two[cpu]") < 0.03
    logs = levels_of([one])["isthmus::one[cpu]"]
    assert len(logs) == len({(sample, at) for sample, at, name in one.rounds if "one" in name})
    assert found.between is not None and found.between > math.expm1(max(logs) - min(logs)) - 1e-9
    assert document(found)["between"] == found.between
    assert document(found)["gates"]["0.1"] == {"alarms": 1, "of": 1}
    blind = Findings(said, {"x": spread_of([0.5, -0.5])}, 5.0, 0.01, EFFORT)
    assert blind.smallest_change("x") > 0.5


def test_a_self_test_finishes_one_trial_and_tells_which_gate_it_judges() -> None:
    steps: list[Step] = []
    suite: Any = Simulated(0.02)
    found = self_test(suite, RULES, EFFORT, 0.0, steps.append)
    assert [one.level for one in found.answers] == [0.0, 0.0, *LEVELS[1:]]
    gates = list(dict.fromkeys(step.text.split(", draw")[0] for step in steps))
    assert gates == [
        "trial 1, equals",
        "trial 1, slowed by 3%",
        "trial 1, slowed by 5%",
        "trial 1, slowed by 10%",
    ]
    assert str(steps[0]) == "trial 1, equals, draw 1, round 1, 5 min 0 s left"
    assert 0 < steps[1].left_seconds < 300


def test_a_gate_that_misses_the_largest_slowdown_does_not_fire() -> None:
    one = trial(noise=5.0)
    said = answers(one, TERMS, EFFORT)
    found = Findings(said, spreads([one]), round_seconds([one]), 0.01, EFFORT)
    assert not found.fires and exit_code(found) == 4


def test_a_round_of_real_processes_has_turns_at_every_level(tmp_path: Path) -> None:
    """How long a call waits is tested on a simulated clock (test_process_timing.py)."""
    suite = suite_here(tmp_path, ["mobilenet-v2"], ["cpu"], 1, 1.0)
    one = Trial(suite, next(iter(benchmarks_of(suite))))
    found: Round = in_a_quiet_moment(lambda: one.round(0, 0, one.slowed))
    assert set(found.levels) == set(LEVELS)
    for base, head in found.levels.values():
        assert base.turns.keys() & head.turns.keys()
        assert base.parity is not None and head.parity is not None and head.parity < 1e-3
        assert head.values["peak_memory_mib"] > 10


def test_this_machine_is_the_one_whose_noise_is_known() -> None:
    here, elsewhere = (
        {"isthmus": {"fingerprint": fingerprint() | other}} for other in ({}, {"cores": 4096})
    )
    assert is_here(machine_of(here)) and not is_here(machine_of(elsewhere))
    assert not is_here(machine_of({}))
