"""Two result files: which metrics of which benchmarks are judged, and by which margins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import result_files
from gate_files import (
    Document,
    benchmark,
    document,
    foreign,
    judge,
    kinds,
    measured,
    noisy,
    of_metric,
    only,
    warned,
)
from places import RESULTS

from isthmus.benchmarks.gate import Settings, compare
from isthmus.benchmarks.gate.rule.process_observations import observations_of
from isthmus.benchmarks.gate.rule.settings import Rule
from isthmus.benchmarks.gate.stored.judging import place_of
from isthmus.errors import NothingMeasured, UsageError
from isthmus.reports import ResultFile, read, read_prices

EVERY = (
    *("latency_p50_ms", "throughput_per_s", "peak_memory_mib", "compile_ms"),
    *("first_inference_ms", "usd_per_million", "parity"),
)


def saved(tmp_path: Path, *benchmarks: Document, **fingerprint: Any) -> ResultFile:
    return read(result_files.write(tmp_path / "one.json", document(*benchmarks, **fingerprint)))


# --- metrics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "kind"), [(1.2, "regressed"), (1.0, "equivalent"), (0.8, "improved")]
)
def test_every_metric_is_judged_by_its_own_direction(
    tmp_path: Path, factor: float, kind: str
) -> None:
    sides = document(measured(1)), document(measured(2, factor))
    outcome = judge(tmp_path, *sides, only(*EVERY, usd_per_hour=0.17))
    assert [verdict.metric for verdict in outcome.verdicts] == list(EVERY)
    for verdict in outcome.verdicts:
        assert verdict.kind == ("equivalent" if verdict.metric == "parity" else kind)
    (rate,) = of_metric(outcome, "throughput_per_s")
    assert rate.ratio == pytest.approx(1 / factor, rel=0.02)
    assert rate.base == pytest.approx(100, rel=0.02), "calls a second"
    (money,) = of_metric(outcome, "usd_per_million")
    assert money.base == pytest.approx(1e6 * 0.01 * 0.17 / 3600, rel=0.02)


def test_a_process_tells_its_values_in_the_metrics_units(tmp_path: Path) -> None:
    (result,) = saved(tmp_path, measured(1)).results
    first = observations_of(result)[0]
    assert len(observations_of(result)) == 10 and len(first.seconds) == 5
    assert first.values["peak_memory_mib"] == pytest.approx(500, rel=0.02)
    assert first.values["compile_ms"] == pytest.approx(1500, rel=0.02)
    assert first.values["first_inference_ms"] == pytest.approx(20, rel=0.02)
    assert "usd_per_million" not in first.values, "without a price there are no dollars"
    assert (first.parity, first.facts["threads"]) == (3e-6, 2)


def test_one_figure_for_all_processes_is_no_figure_of_each(tmp_path: Path) -> None:
    """Ten times the same would be an interval without width, and a verdict without ground."""
    facts = {"compile_seconds": 1.5, "peak_memory_bytes": 2**29}
    (result,) = saved(tmp_path, benchmark("net[cpu]", noisy(1), **facts)).results
    assert all("compile_ms" not in one.values for one in observations_of(result))
    (alone,) = saved(tmp_path, benchmark("net[cpu]", noisy(1)[:1], **facts)).results
    assert [one.values["compile_ms"] for one in observations_of(alone)] == [1500]


@pytest.mark.parametrize("value", [None, 0, 0.0, 1e308])
def test_what_was_not_measured_is_left_out_and_never_0(tmp_path: Path, value: object) -> None:
    entry = measured(1)
    for process in entry["extra_info"]["processes"]:
        process["compile_seconds"] = value
    (result,) = saved(tmp_path, entry).results
    assert all("compile_ms" not in one.values for one in observations_of(result))


def test_dollars_come_from_the_list_of_prices_by_instance_type(tmp_path: Path) -> None:
    (price,) = (one for one in read_prices() if one.instance == "c7i.xlarge")
    base = document(measured(1), instance_type="c7i.xlarge")
    outcome = judge(tmp_path, base, base, only("usd_per_million"))
    (verdict,) = outcome.verdicts
    assert verdict.base == pytest.approx(1e6 * 0.01 * price.usd_per_hour / 3600, rel=0.02)
    nowhere = document(measured(1), instance_type="x9.nano")
    with pytest.raises(NothingMeasured, match="both have none of usd_per_million"):
        judge(tmp_path, nowhere, nowhere, only("usd_per_million"))


def test_a_batch_is_that_many_requests(tmp_path: Path) -> None:
    (result,) = saved(tmp_path, measured(1, batch=8)).results
    (single,) = saved(tmp_path, measured(1)).results
    money = [observations_of(one, 0.17)[0].values["usd_per_million"] for one in (result, single)]
    assert money[0] == pytest.approx(money[1] / 8)


def test_percentiles_need_calls_beyond_them(tmp_path: Path) -> None:
    random = numpy.random.default_rng(0)
    long = [random.uniform(0.9, 1.1, 120).tolist() for _ in range(4)]
    settings = only("latency_p50_ms", "latency_p90_ms", "latency_p99_ms")
    sides = document(benchmark("a[cpu]", long), benchmark("b[cpu]", noisy(1)))
    outcome = judge(tmp_path, sides, sides, settings)
    assert [verdict.benchmark[9:] for verdict in of_metric(outcome, "latency_p99_ms")] == ["a[cpu]"]
    assert warned(outcome, "latency_p99_ms is not judged", "isthmus::b[cpu]")


def test_one_call_a_process_has_a_median(tmp_path: Path) -> None:
    base, head = ([[value] for value, *_ in noisy(seed)] for seed in (1, 2))
    outcome = judge(
        tmp_path, document(benchmark("a[cpu]", base)), document(benchmark("a[cpu]", head))
    )
    assert kinds(outcome) == ["equivalent"]


def test_a_metric_that_one_file_lacks_is_said(tmp_path: Path) -> None:
    outcome = judge(tmp_path, document(measured(1)), document(benchmark("net[cpu]", noisy(2))))
    assert [verdict.metric for verdict in outcome.verdicts] == ["latency_p50_ms", "parity"]
    assert warned(outcome, "peak_memory_mib is not judged: HEAD lacks it for isthmus::net[cpu]")


def test_what_files_need_not_have_is_not_missed(tmp_path: Path) -> None:
    plain = document(benchmark("net[cpu]", noisy(1), parity_max_rel_error=None))
    other = document(benchmark("net[cpu]", noisy(2), parity_max_rel_error=None))
    assert judge(tmp_path, plain, other).warnings == ()
    with pytest.raises(NothingMeasured, match="both have none of compile_ms"):
        judge(tmp_path, plain, other, only("compile_ms"))


def test_a_benchmark_of_which_nothing_is_judged_is_named(tmp_path: Path) -> None:
    sides = document(measured(1), benchmark("b[cpu]", noisy(1), parity_max_rel_error=None))
    outcome = judge(tmp_path, sides, sides, only("parity"))
    assert [verdict.benchmark for verdict in outcome.verdicts] == ["isthmus::net[cpu]"]
    assert warned(outcome, "parity is not judged: neither file has it for isthmus::b[cpu]")


# --- files of pytest-benchmark -----------------------------------------------------------------


def calls(seed: int, median: float = 0.001, count: int = 60) -> list[float]:
    times: list[float] = (
        numpy.random.default_rng(seed).normal(median, 0.01 * median, count).tolist()
    )
    return times


@pytest.mark.parametrize(
    ("factor", "kind"), [(2.0, "regressed"), (1.5, "inconclusive"), (1.0, "inconclusive")]
)
def test_a_file_of_one_process_is_judged_with_a_caveat(
    tmp_path: Path, factor: float, kind: str
) -> None:
    base, head = foreign("test_f[1]", calls(1)), foreign("test_f[1]", calls(2, 0.001 * factor))
    outcome = judge(tmp_path, document(base), document(head))
    (verdict,) = outcome.verdicts
    assert (verdict.kind, verdict.metric, verdict.rounds) == (kind, "latency_p50_ms", 1)
    assert verdict.place == "tests/test_net.py"
    assert warned(outcome, "1 of 1 benchmarks have fewer than 3 processes", "calls of one process")


def test_groups_and_parameters_of_a_test_are_not_its_work(tmp_path: Path) -> None:
    base = foreign("test_f", calls(1), group="old")
    head = foreign("test_f", calls(2), group="new", name="test_f_renamed")
    assert kinds(judge(tmp_path, document(base), document(head))) == ["inconclusive"]


@pytest.mark.parametrize("machine", [{}, {"cpu": {"brand_raw": ""}}, {"node": "runner-7"}])
def test_a_file_without_a_processors_name_is_refused(tmp_path: Path, machine: Document) -> None:
    sides = document(foreign("test_f", calls(1))), document(foreign("test_f", calls(2)))
    for side in sides:
        side["machine_info"] = machine
    with pytest.raises(UsageError, match=r"cpu_model: unknown \| unknown; .*--allow-different"):
        judge(tmp_path, *sides)
    outcome = judge(tmp_path, *sides, allow_different_machines=True)
    assert kinds(outcome) == ["inconclusive"] and warned(outcome, "cpu_model: unknown | unknown")


# --- settings ----------------------------------------------------------------------------------


def test_patterns_choose_margins_metrics_and_what_is_left_out(tmp_path: Path) -> None:
    rules = (
        Rule("isthmus::a[*]", {"latency_p50_ms": 0.5}),
        Rule("*::b[cpu]", {"": 0.4}, metrics=("latency_p50_ms",)),
        Rule("*::c*", skip=True),
    )
    base = document(*(benchmark(f"{name}[cpu]", noisy(1)) for name in "abcd"))
    head = document(*(benchmark(f"{name}[cpu]", noisy(2, 0.012)) for name in "abd"))
    outcome = judge(tmp_path, base, head, Settings(rules=rules))
    assert kinds(outcome) == ["equivalent", "equivalent", "regressed"]
    assert [one.margin for one in of_metric(outcome)] == [0.5, 0.4, 0.05]
    assert [one.benchmark for one in of_metric(outcome, "parity")] == [
        "isthmus::a[cpu]",
        "isthmus::d[cpu]",
    ]


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path) -> None:
    rules = (Rule("*::net*"), Rule("*::nte[31m*"))
    outcome = judge(
        tmp_path,
        document(measured(1)),
        document(measured(2)),
        Settings(rules=rules, where="p.toml"),
    )
    assert warned(outcome, "p.toml: tool.isthmus.gate.benchmarks.'*::nte", "matches no benchmark")
    assert not warned(outcome, "*::net*")


def test_leaving_everything_out_is_measuring_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingMeasured):
        judge(
            tmp_path,
            document(measured(1)),
            document(measured(2)),
            Settings(rules=(Rule("*", skip=True),)),
        )


def test_the_noise_decides_where_it_is_above_the_margin(tmp_path: Path) -> None:
    sides = document(measured(1)), document(measured(2, 1.12))
    (loud,) = of_metric(judge(tmp_path, *sides, Settings(floor=0.2)))
    assert (loud.kind, loud.margin) == ("equivalent", 0.2)
    assert "the noise here is 20.0%, above the margin of 5.0%" in loud.reason
    (quiet,) = of_metric(judge(tmp_path, *sides, Settings(floor=0.01)))
    assert quiet.kind == "regressed" and "noise" not in quiet.reason
    outcome = judge(tmp_path, *sides, Settings(floor=0.2))
    assert kinds(outcome, "peak_memory_mib") == ["regressed"], "the noise of times is not memory's"
    outcome = judge(tmp_path, *sides, Settings(floors={"peak_memory_mib": 0.3}))
    assert kinds(outcome, "peak_memory_mib") == ["equivalent"]


# --- what is compared ---------------------------------------------------------------------------


def test_the_outcome_tells_what_was_compared(tmp_path: Path) -> None:
    base = document(measured(1)) | {"commit_info": {"id": "a" * 40, "dirty": True}}
    head = document(measured(2)) | {"datetime": "2026-11-20T10:00:00.123456"}
    outcome = judge(tmp_path, base, head)
    assert outcome.base.label.endswith("base.json")
    assert outcome.base.commit == "a" * 12 + " (modified)"
    assert outcome.head.measured == "2026-11-20T10:00:00"
    assert outcome.machine == {"cpu_model": "Xeon 6975P", "cores": "2"}
    assert outcome.threads == 2 and outcome.control is None


@pytest.mark.parametrize(
    ("fullname", "place"),
    [
        ("tests/test_f.py::test_f[a::b]", "tests/test_f.py"),
        ("isthmus::net[cpu]", ""),
        ("tests/test_f.py", ""),
        ("", ""),
    ],
)
def test_where_a_benchmark_is_defined(fullname: str, place: str) -> None:
    assert place_of(fullname) == place


def test_this_projects_own_files_can_be_gated() -> None:
    """With themselves: each metric that every process told of has a ratio of 1."""
    for path in sorted(RESULTS.glob("quick-*.json")):
        file = read(path)
        outcome = compare(file, file, only(*EVERY))
        ratios = {one.ratio for one in outcome.verdicts if one.metric != "parity"}
        assert ratios == {1.0} and outcome.exit_code == 0
        told = set(EVERY) - {"usd_per_million"}
        if not file.results[0].processes:
            told -= {"peak_memory_mib", "compile_ms", "first_inference_ms"}
        assert {one.metric for one in outcome.verdicts} == told


def test_results_are_found_by_their_full_name(tmp_path: Path) -> None:
    """Not by their place in the file."""
    names = ["a[cpu]", "b[cpu]", "c[cpu]"]
    base = [benchmark(name, noisy(at, 0.01 * (at + 1))) for at, name in enumerate(names)]
    head = [benchmark(name, noisy(at + 9, 0.01 * (at + 1))) for at, name in enumerate(names)]
    outcome = judge(tmp_path, document(*base), document(*reversed(head)))
    assert [one.benchmark for one in of_metric(outcome)] == [f"isthmus::{name}" for name in names]
    assert set(kinds(outcome)) == {"equivalent"}


def test_peers_are_the_control_and_no_benchmarks_of_ours(tmp_path: Path) -> None:
    """Where OpenVINO by hand moved as well, nobody knows what became of ours."""
    base = [benchmark("net[cpu]", noisy(1)), benchmark("net[openvino-by-hand]", noisy(2))]
    slow = benchmark("net[cpu]", noisy(3, 0.013))
    for median, kind in ((0.01, "regressed"), (0.013, "inconclusive")):
        peer = benchmark("net[openvino-by-hand]", noisy(4, median))
        found = judge(tmp_path, document(*base), document(slow, peer))
        timed = [(one.benchmark, one.kind) for one in of_metric(found)]
        assert timed == [("isthmus::net[cpu]", kind)]
        assert found.control is not None and "openvino-by-hand" in found.control.benchmark


def test_what_the_control_is_can_be_said(tmp_path: Path) -> None:
    base = [benchmark("net[cpu]", noisy(1)), benchmark("still[cpu]", noisy(2))]
    head = [benchmark("net[cpu]", noisy(3, 0.013)), benchmark("still[cpu]", noisy(4, 0.013))]
    found = judge(tmp_path, document(*base), document(*head), Settings(control="*::still[cpu]"))
    assert kinds(found) == ["inconclusive"]


@pytest.mark.parametrize(
    ("slower", "kind"), [(1.1, "inconclusive"), (1.5, "inconclusive"), (1.8, "regressed")]
)
def test_one_process_a_side_proves_no_small_difference(
    tmp_path: Path, slower: float, kind: str
) -> None:
    """How processes differ is not in the times of one: below 60 % nothing is believed."""
    base, head = (foreign("test_x", noisy(1, 0.01 * by, 1)[0] * 40) for by in (1.0, slower))
    found = judge(tmp_path, document(base), document(head))
    (verdict,) = of_metric(found)
    assert verdict.kind == kind
    assert "60%" in verdict.reason and "1 process a side" in verdict.reason
