"""Two result files of loaded scenarios: servers, offline runs, INVALID ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import result_files
from gate_files import Document, benchmark, document, judge, kinds, noisy, only, warned

from isthmus.errors import NothingMeasured, UsageError


def loaded(seed: int, name: str = "server", factor: float = 1.0, **changes: Any) -> Document:
    """A server of 4 processes, with 120 calls each; its rate as every process achieved it."""
    random = numpy.random.default_rng(seed)
    rounds = [(factor * random.uniform(0.03, 0.04, 120)).tolist() for _ in range(4)]
    result = result_files.scenario(name, **changes)
    rates = 14.8 / factor * numpy.exp(0.003 * random.standard_normal(4))
    return benchmark(
        "net[cpu]",
        rounds,
        scenario=name,
        scenario_result=result,
        processes=[{"scenario": {"achieved_per_s": float(rate)}} for rate in rates],
    )


def test_a_server_is_judged_by_the_percentile_it_promises(tmp_path: Path) -> None:
    outcome = judge(tmp_path, document(loaded(1)), document(loaded(2, factor=1.2)))
    judged = [(one.metric, one.kind) for one in outcome.verdicts if one.metric != "parity"]
    assert judged == [("latency_p99_ms", "regressed"), ("latency_p50_ms", "regressed")]


@pytest.mark.parametrize("name", ["server", "offline"])
def test_a_rate_is_as_it_was_achieved(tmp_path: Path, name: str) -> None:
    """Latencies of calls that wait or overlap do not add up to it."""
    outcome = judge(
        tmp_path,
        document(loaded(1, name)),
        document(loaded(2, name, factor=1.2)),
        only("throughput_per_s"),
    )
    (verdict,) = outcome.verdicts
    assert verdict.base == pytest.approx(14.8, rel=0.02) and verdict.kind == "regressed"


def test_offline_has_no_latencies(tmp_path: Path) -> None:
    outcome = judge(tmp_path, document(loaded(1, "offline")), document(loaded(2, "offline")))
    assert [one.metric for one in outcome.verdicts] == ["throughput_per_s", "parity"]


def test_a_rate_that_no_process_told_is_not_made_of_latencies(tmp_path: Path) -> None:
    sides = document(loaded(1)), document(loaded(2))
    for side in sides:
        side["benchmarks"][0]["extra_info"]["processes"] = []
    with pytest.raises(NothingMeasured, match="both have none of throughput_per_s"):
        judge(tmp_path, *sides, only("throughput_per_s"))


def test_servers_that_searched_their_rates_are_judged_by_them(tmp_path: Path) -> None:
    base, head = loaded(1, rate_per_s=15.2), loaded(2, factor=1.2, rate_per_s=12.6)
    outcome = judge(tmp_path, document(base), document(head))
    assert kinds(outcome, "throughput_per_s") == ["regressed"] and not kinds(outcome)
    assert warned(outcome, "rates 15.2 | 12.6, judged by its throughput")


def test_a_run_that_became_invalid_is_refused_with_its_reason(tmp_path: Path) -> None:
    base, head = document(loaded(1)), document(loaded(3, valid=False))
    with pytest.raises(UsageError, match=r"INVALID: .*of HEAD: p99 60\.1 ms is above .*again"):
        judge(tmp_path, base, head, allow_different_machines=True)


@pytest.mark.parametrize("now_valid", [True, False])
def test_a_run_without_a_valid_base_is_inconclusive_and_the_others_are_judged(
    tmp_path: Path, now_valid: bool
) -> None:
    base, head = loaded(1, valid=False), loaded(2, valid=now_valid)
    other = benchmark("other[cpu]", noisy(4))
    outcome = judge(tmp_path, document(base, other), document(head, other))
    (served,) = (one for one in outcome.verdicts if one.benchmark == base["fullname"])
    assert served.kind == "inconclusive" and "BASE is INVALID: p99 60.1 ms" in served.reason
    assert kinds(outcome) == ["equivalent"]
    with pytest.raises(NothingMeasured, match=r"is INVALID: p99 60\.1 ms .*measure it again"):
        judge(tmp_path, document(base), document(head))


def test_a_single_stream_too_short_for_a_bound_is_judged(tmp_path: Path) -> None:
    rounds = noisy(1)
    entry = benchmark("net[cpu]", rounds, scenario_result=result_files.one_by_one(rounds))
    assert entry["extra_info"]["scenario_result"]["valid"] is False
    assert kinds(judge(tmp_path, document(entry), document(entry))) == ["equivalent"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"bound_ms": 20.0}, r"bound_ms of isthmus::net\[cpu\]: 50.0 \| 20.0"),
        ({}, {"percentile": 90}, r"percentile of isthmus::net\[cpu\]: 99.0 \| 90.0"),
        (
            {"bound_ms": None},
            {"bound_ms": None, "rate_per_s": 30.0},
            r"rate_per_s of isthmus::net\[cpu\]: 15.0 \| 30.0",
        ),
    ],
)
def test_a_server_that_promises_something_else_does_other_work(
    tmp_path: Path, before: Document, after: Document, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        judge(tmp_path, document(loaded(1, **before)), document(loaded(2, **after)))
