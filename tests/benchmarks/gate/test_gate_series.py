"""The gate over a history: sudden and slow changes, and what may not be compared."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import pytest_files
from result_files import benchmark, served
from scipy import stats  # type: ignore[import-untyped]
from stored_runs import HASH, commit, moment, noisy, record, run_file

from isthmus.benchmarks.gate import Outcome, Settings, Verdict
from isthmus.benchmarks.gate.rule.judge import judged as answers
from isthmus.benchmarks.gate.rule.metrics import LATENCY
from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.benchmarks.gate.rule.settings import Rule
from isthmus.benchmarks.gate.rule.terms import Terms
from isthmus.benchmarks.gate.stored import history as stored_history
from isthmus.benchmarks.gate.stored import runs
from isthmus.benchmarks.gate.stored.levels import inquiry, prediction
from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import read
from isthmus.reports.files.history import store
from isthmus.reports.tables.trends import trends

ONLY_LATENCY = Settings(metrics=("latency_p50_ms",))


def history(folder: Path, latencies_ms: Sequence[float], **facts: Any) -> Path:
    """A stored run a day."""
    for day, latency in enumerate(latencies_ms):
        runs.append(folder / "history", run_file(folder / "run.json", day, latency, **facts))
    return folder / "history"


def judged(
    folder: Path,
    before: Sequence[float],
    head: float,
    settings: Settings = ONLY_LATENCY,
    **options: Any,
) -> Verdict:
    """The verdict on HEAD's median latency."""
    outcome = gated(folder, before, head, settings, **options)
    return next(one for one in outcome.verdicts if one.metric == "latency_p50_ms")


def gated(
    folder: Path,
    before: Sequence[float],
    head: float,
    settings: Settings = ONLY_LATENCY,
    **options: Any,
) -> Outcome:
    file = run_file(folder / "head.json", len(before), head)
    return stored_history.gate(history(folder, before), file, settings, **options)


@pytest.mark.parametrize(
    ("head", "kind"),
    [(10.05, "equivalent"), (12.0, "regressed"), (8.0, "improved"), (10.5, "inconclusive")],
)
def test_the_verdict_follows_the_interval_of_a_next_run(
    tmp_path: Path, head: float, kind: str
) -> None:
    verdict = judged(tmp_path, noisy([10.0] * 12, noise=0.005), head)
    assert verdict.kind == kind and verdict.rounds == 12
    assert verdict.method == "prediction interval, t, 12 runs"
    assert verdict.ratio == pytest.approx(head / 10, rel=0.01)
    assert verdict.low and verdict.ratio and verdict.high
    assert verdict.low < verdict.ratio < verdict.high
    assert [verdict.base, verdict.head] == pytest.approx([10, head], rel=0.01)


@pytest.mark.parametrize("count", [5, 12, 30])
def test_a_prediction_interval_is_that_of_the_t_distribution(count: int) -> None:
    logs = numpy.log(noisy([10.0] * count, seed=count))
    error = logs.std(ddof=1) * math.sqrt(1 + 1 / count)
    expected = numpy.exp(
        math.log(11) - logs.mean() + error * stats.t.ppf([0.005, 0.995], count - 1)
    )
    found = prediction(logs.tolist(), math.log(11)).interval(0.99)
    assert found == pytest.approx(tuple(expected), rel=1e-9)


def test_next_runs_fall_into_the_interval_as_often_as_it_says() -> None:
    random, inside = numpy.random.default_rng(5), 0
    for _ in range(1000):
        logs = random.standard_normal(9)
        low, high = prediction(logs[:8].tolist(), float(logs[8])).interval(0.9)
        inside += low <= 1 <= high
    assert 870 <= inside <= 930


def pair(before: Sequence[float], head: float, margin: float = 0.05) -> Pair:
    runs = [
        Observation((), values={LATENCY.name: value}, label=record(day).title)
        for day, value in enumerate(before)
    ]
    now = Observation((), values={LATENCY.name: head})
    return Pair("net", runs, [now], terms=Terms(margins={LATENCY.name: margin}), runs=True)


def test_equal_runs_are_no_regression() -> None:
    """1 % noise between runs, a margin of 5 %: any alarm is false."""
    found = list[str]()
    for seed in range(300):
        *before, head = noisy([10.0] * 21, seed)
        asked = inquiry(pair(before, head), LATENCY)
        assert asked is not None
        found.append(asked.verdict(iter(answers(asked.questions))).kind)
    assert "regressed" not in found and "improved" not in found
    assert found.count("equivalent") > 200


@pytest.mark.parametrize("count", [1, 4])
def test_few_runs_are_inconclusive_and_say_so(tmp_path: Path, count: int) -> None:
    verdict = judged(tmp_path, [10.0] * count, 30.0)
    assert (verdict.kind, verdict.ratio, verdict.rounds) == ("inconclusive", None, count)
    assert verdict.reason.endswith("of this level; 5 are needed")
    assert [verdict.base, verdict.head] == pytest.approx([10, 30])


def test_only_the_newest_level_counts(tmp_path: Path) -> None:
    before = noisy([20.0] * 10 + [10.0] * 8, noise=0.004)
    assert judged(tmp_path, before, 10.05).kind == "equivalent"
    assert judged(tmp_path, before, 10.05).rounds == 8
    assert judged(tmp_path, before, 12.0).kind == "regressed"


def test_at_most_thirty_runs_count(tmp_path: Path) -> None:
    assert judged(tmp_path, noisy([10.0] * 35), 10.0).rounds == 30


CREEP = [10.0] * 8 + [10.0 * 1.005**at for at in range(1, 25)]


def test_slow_creep_is_a_regression_though_every_step_is_small(tmp_path: Path) -> None:
    before = noisy(CREEP, noise=0.003)
    verdict = judged(tmp_path, before, CREEP[-1])
    assert verdict.kind == "regressed" and verdict.ratio and verdict.ratio > 1.05
    assert "worse by more than 5.0%: slow creep since 2026-09-" in verdict.reason
    day = int(verdict.reason.split()[-1], 16)
    assert 6 <= day <= 20 and verdict.reason.endswith(commit(day))


def test_creep_is_forgiven_by_a_day_to_begin_with(tmp_path: Path) -> None:
    before = noisy(CREEP + [11.3] * 8, noise=0.003)
    assert judged(tmp_path, before, 11.3).kind == "regressed"
    since = moment(len(CREEP))[:10]
    assert judged(tmp_path, before, 11.3, since=since).kind == "equivalent"
    with pytest.raises(UsageError, match="since is 'yesterday'; give a day"):
        judged(tmp_path, before, 11.3, since="yesterday")
    with pytest.raises(NothingMeasured, match="from 2027-01-01 on"):
        judged(tmp_path, before, 11.3, since="2027-01-01")


def test_what_crept_and_was_mended_is_no_regression(tmp_path: Path) -> None:
    before = noisy(CREEP, noise=0.003)
    assert judged(tmp_path, before, 10.1).kind in ("improved", "equivalent", "inconclusive")


def test_a_regression_that_was_stored_stays_one(tmp_path: Path) -> None:
    """The first slow run is sudden; later ones are told by the level before."""
    before = noisy([10.0] * 12, noise=0.004)
    for slow in range(8):
        (tmp_path / str(slow)).mkdir()
        kind = judged(
            tmp_path / str(slow), [*before, *noisy([12.0] * slow, noise=0.004)], 12.0
        ).kind
        assert kind == ("inconclusive" if slow == 1 else "regressed"), slow


def test_head_is_not_compared_with_itself_nor_with_later_runs(tmp_path: Path) -> None:
    folder = history(tmp_path, noisy([10.0] * 10, noise=0.004))
    for day in range(10, 20):
        runs.append(folder, run_file(tmp_path / "later.json", day, 20.0))
    head = run_file(tmp_path / "head.json", 10, 20.0)
    (verdict,) = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
    assert (verdict.kind, verdict.rounds) == ("regressed", 10)


def test_the_outcome_says_what_was_compared(tmp_path: Path) -> None:
    outcome = gated(tmp_path, [10.0] * 6, 10.0, Settings(), strict=True)
    assert outcome.base.label == f"6 runs in {tmp_path / 'history'}"
    assert (outcome.base.commit, outcome.head.commit) == (commit(5), commit(6))
    assert (outcome.threads, outcome.strict, outcome.exit_code) == (2, True, 0)
    assert [verdict.metric for verdict in outcome.verdicts] == [
        *("latency_p50_ms", "peak_memory_mib", "parity"),
    ]
    assert {verdict.kind for verdict in outcome.verdicts} == {"equivalent"}


def test_another_machine_is_named_by_what_differs(tmp_path: Path) -> None:
    folder = history(tmp_path, [10.0] * 6)
    content = json.loads(run_file(tmp_path / "head.json", 7).read_text())
    content["machine_info"]["isthmus"]["fingerprint"]["cores"] = 64
    (tmp_path / "head.json").write_text(json.dumps(content))
    with pytest.raises(NothingMeasured, match=r"no run of this machine.*cores: 64 \| 2; measure"):
        stored_history.gate(folder, tmp_path / "head.json", ONLY_LATENCY)
    with pytest.raises(NothingMeasured, match="no run of this machine is stored; measure here"):
        stored_history.gate(tmp_path / "empty", tmp_path / "head.json", ONLY_LATENCY)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"threads": 1}, r"threads of isthmus::net\[cpu\]: 2 \| 1"),
        ({"model_hash": "sha256:ff"}, "model_hash of"),
        ({"batch": 8, "precision": "bf16"}, r"batch of .*: 1 \| 8, precision of .*: f32 \| bf16"),
    ],
)
def test_other_work_is_refused(tmp_path: Path, facts: dict[str, Any], said: str) -> None:
    folder = history(tmp_path, [10.0] * 6)
    head = run_file(tmp_path / "head.json", 7, 10.0, **facts)
    with pytest.raises(UsageError, match=rf"stored \| HEAD differ in {said}.*; measure the same"):
        stored_history.gate(folder, head, ONLY_LATENCY)


def test_runs_of_other_work_are_not_the_base(tmp_path: Path) -> None:
    folder = history(tmp_path, [10.0] * 6)
    for day in range(10, 16):
        runs.append(folder, run_file(tmp_path / "other.json", day, 50.0, threads=1))
    head = run_file(tmp_path / "head.json", 20, 10.0)
    (verdict,) = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
    assert (verdict.kind, verdict.rounds) == ("equivalent", 6)


def test_missing_and_new_benchmarks(tmp_path: Path) -> None:
    gone, new = (benchmark(name, "cpu", [[0.1] * 5] * 6) for name in ("gone", "new"))
    folder = history(tmp_path, [10.0] * 6)
    runs.append(folder, run_file(tmp_path / "last.json", 8, 10.0, gone))
    head = run_file(tmp_path / "head.json", 9, 10.0, new)
    with pytest.raises(FileError, match=r"lacks isthmus::gone\[cpu\] of the newest.*--allow-miss"):
        stored_history.gate(folder, head, ONLY_LATENCY)
    outcome = stored_history.gate(folder, head, ONLY_LATENCY, allow_missing=True)
    assert [(one.benchmark, one.kind) for one in outcome.verdicts] == [
        ("isthmus::net[cpu]", "equivalent"),
        ("isthmus::gone[cpu]", "missing"),
        ("isthmus::new[cpu]", "new"),
    ]
    skipping = Settings(metrics=("latency_p50_ms",), rules=(Rule("*::gone*", skip=True),))
    assert len(stored_history.gate(folder, head, skipping).verdicts) == 2


def test_lost_parity_is_a_regression(tmp_path: Path) -> None:
    folder = history(tmp_path, [10.0] * 6)
    wrong = {"parity_max_rel_error": 0.3, "parity": None}
    head = run_file(tmp_path / "head.json", 9, 5.0, **wrong)
    kinds = {one.metric: one.kind for one in stored_history.gate(folder, head, Settings()).verdicts}
    assert (kinds["latency_p50_ms"], kinds["parity"]) == ("improved", "regressed")


def test_a_metric_that_head_lost_is_said(tmp_path: Path) -> None:
    folder = history(tmp_path, [10.0] * 6)
    content = json.loads(run_file(tmp_path / "head.json", 9).read_text())
    for entry in content["benchmarks"][0]["extra_info"]["processes"]:
        entry["peak_memory_bytes"] = None
    (tmp_path / "head.json").write_text(json.dumps(content))
    outcome = stored_history.gate(folder, tmp_path / "head.json", Settings())
    assert "peak_memory_mib is not judged: HEAD lacks it for isthmus::net[cpu]" in outcome.warnings


def test_a_broken_record_is_said_and_the_others_count(tmp_path: Path) -> None:
    folder = history(tmp_path, [10.0] * 7)
    broken = sorted(folder.glob("*/*.json"))[3]
    broken.write_text("{}")
    outcome = stored_history.gate(folder, run_file(tmp_path / "head.json", 9), ONLY_LATENCY)
    assert outcome.verdicts[0].rounds == 6
    assert str(broken) in outcome.warnings[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datetime": ""}, "was measured at '', no date"),
        ({"datetime": "soon"}, "was measured at 'soon', no date"),
        ({"machine_info": {}}, "names no processor"),
    ],
)
def test_a_file_without_its_day_or_machine_is_no_run(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = run_file(tmp_path / "run.json", 1)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FileError, match=said):
        runs.append(tmp_path / "history", path)
    assert not (tmp_path / "history").exists()


def test_statistics_alone_keep_their_median(tmp_path: Path) -> None:
    content = json.loads(run_file(tmp_path / "run.json", 1).read_text())
    bare = {"name": "test_f", "fullname": "t.py::test_f", "stats": {"median": 0.25}}
    (tmp_path / "run.json").write_text(json.dumps(content | {"benchmarks": [bare]}))
    (kept,) = runs.record_of(read(tmp_path / "run.json")).benchmarks
    assert kept.values == {"latency_p50_ms": (250.0,)} and "model_hash" not in kept.facts


def test_a_server_is_judged_by_what_it_promised_and_an_invalid_run_not_at_all(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "history"
    for day in range(7):
        runs.append(folder, run_file(tmp_path / "run.json", day, 10.0, served("net", "cpu")))
    head = run_file(tmp_path / "head.json", 8, 10.0, served("net", "cpu"))
    found = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
    name = "isthmus::net/server[cpu]"
    assert ("latency_p50_ms", "equivalent") in {
        (one.metric, one.kind) for one in found if one.benchmark == name
    }
    bad = run_file(tmp_path / "bad.json", 9, 10.0, served("net", "cpu", valid=False))
    with pytest.raises(UsageError, match=r"net/server\[cpu\] is INVALID: p99.*measure again"):
        stored_history.gate(folder, bad, ONLY_LATENCY)


def test_a_stored_run_is_what_its_file_says(tmp_path: Path) -> None:
    path = runs.append(tmp_path / "history", run_file(tmp_path / "run.json", 3, 12.5))
    (run,) = store.read(tmp_path / "history").records
    assert (run.path, run.measured, run.commit) == (str(path), moment(3), commit(3))
    (kept,) = run.benchmarks
    assert kept.values["latency_p50_ms"] == (12.5,) * 6
    assert kept.values["peak_memory_mib"] == (900.0,) * 6
    assert "usd_per_million" not in kept.values
    assert kept.facts["model_hash"] == HASH and kept.facts["threads"] == 2
    assert (run.machine.cpu_model, run.machine.cores) == ("INTEL(R) XEON(R) PLATINUM 8488C", "2")


# --- runs of pytest-benchmark ------------------------------------------------------------------


def stranger(folder: Path, day: int, middle: float = 0.01, **machine: Any) -> Path:
    content = pytest_files.session(
        pytest_files.entry("test_f", pytest_files.times(day, middle)), day=day, machine=machine
    )
    return pytest_files.saved(folder / f"{day}.json", content)


def strangers(folder: Path, days: int, **machine: Any) -> Path:
    for day in range(1, days + 1):
        runs.append(folder / "history", stranger(folder, day, **machine))
    return folder / "history"


def test_another_interpreter_is_a_series_of_its_own(tmp_path: Path) -> None:
    folder = strangers(tmp_path, 7, python_version="3.8.10")
    newer = stranger(tmp_path, 8, 0.02, python_version="3.12.4")
    with pytest.raises(NothingMeasured, match=r"of 7 the newest.*CPython 3\.8 \| CPython 3\.12"):
        stored_history.gate(folder, newer, ONLY_LATENCY)
    runs.append(folder, newer)
    for version, kind in (("3.12.6", "inconclusive"), ("3.8.11", "equivalent")):
        head = stranger(tmp_path, 9, python_version=version)
        (verdict,) = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
        assert verdict.kind == kind, f"Python {version}"
    assert [len(trend.runs) for trend in trends(store.read(folder).records)] == [7, 1]
    assert len(list(folder.iterdir())) == 1, "they share the machine's folder"


def test_runs_of_a_nameless_processor_are_kept_by_its_host(tmp_path: Path) -> None:
    nameless: dict[str, Any] = {"cpu": {"brand": "unknown", "count": 4}}
    folder = strangers(tmp_path, 6, **nameless)
    (verdict,) = stored_history.gate(
        folder, stranger(tmp_path, 7, **nameless), ONLY_LATENCY
    ).verdicts
    assert (verdict.kind, verdict.rounds) == ("equivalent", 6)
    for other in ({"node": "build-9"}, {"machine": "aarch64"}, {"cpu": {"brand_raw": "Xeon 1"}}):
        head = stranger(tmp_path, 7, **(nameless | other))
        with pytest.raises(NothingMeasured, match="no run of this machine is stored"):
            stored_history.gate(folder, head, ONLY_LATENCY)
    nobody = stranger(tmp_path, 8, **nameless, node="localhost")
    with pytest.raises(FileError, match="names no processor, nor host"):
        runs.append(folder, nobody)


def test_stored_runs_are_in_the_order_of_their_instants(tmp_path: Path) -> None:
    folder = strangers(tmp_path, 6)
    content = json.loads(stranger(tmp_path, 7).read_text())
    for when, rounds in (
        ("2026-03-06T09:00:00+02:00", 5),  # 07:00 in UTC, an hour before the sixth run
        ("2026-03-06T07:00:00-02:00", 6),
        ("2026-03-06T08:30:00", 6),
    ):
        head = pytest_files.saved(tmp_path / "head.json", content | {"datetime": when})
        (verdict,) = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
        assert verdict.rounds == rounds, when


def test_another_clock_is_other_work(tmp_path: Path) -> None:
    folder = strangers(tmp_path, 6)
    content = json.loads(stranger(tmp_path, 7).read_text())
    content["benchmarks"][0]["options"]["timer"] = "process_time"
    head = pytest_files.saved(tmp_path / "head.json", content)
    with pytest.raises(UsageError, match=r"timer of .*test_f: perf_counter \| process_time"):
        stored_history.gate(folder, head, ONLY_LATENCY)


def test_a_damaged_benchmark_of_head_is_inconclusive_and_not_stored(tmp_path: Path) -> None:
    folder = strangers(tmp_path, 6)
    content = json.loads(stranger(tmp_path, 7).read_text())
    broken = content["benchmarks"][0] | {"stats": {"median": 0.1, "data": [0.1, 0.0]}}
    content["benchmarks"] = [broken, pytest_files.entry("test_g", pytest_files.times(1))]
    head = pytest_files.saved(tmp_path / "head.json", content)
    found = stored_history.gate(folder, head, ONLY_LATENCY).verdicts
    assert {(one.benchmark[-6:], one.kind) for one in found} == {
        ("test_f", "inconclusive"),
        ("test_g", "new"),
    }
    assert [kept.name[-6:] for kept in runs.record_of(read(head)).benchmarks] == ["test_g"]
