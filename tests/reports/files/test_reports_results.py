"""Reading result files: what is accepted, and the one line said of everything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import result_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import DATA

from isthmus.errors import FileError
from isthmus.reports import read
from isthmus.reports.files.result_fields import Parity

Document = dict[str, Any]


def ours(**facts: Any) -> Document:
    """A file of ours with one benchmark."""
    extra = {"workload": "net", "variant": "cpu", "batch": 1, "sequence": None, "threads": 2}
    extra |= {"precision": "f32", "parity_max_rel_error": 1e-6, "rounds": [[0.1, 0.2], [0.3]]}
    item = {"name": "net[cpu]", "fullname": "isthmus::net[cpu]", "group": "net"}
    stats = {"median": 0.2, "data": [0.1, 0.2, 0.3]}
    benchmarks = [{**item, "stats": stats, "extra_info": extra | facts}]
    return {"machine_info": {}, "benchmarks": benchmarks, "version": "5.3.1"}


def foreign(**stats: Any) -> Document:
    """A file of pytest-benchmark's with one benchmark."""
    item: Document = {"name": "test_f", "fullname": "t.py::test_f", "group": None, "extra_info": {}}
    return {"machine_info": {}, "benchmarks": [{**item, "stats": {"median": 0.2} | stats}]}


def saved(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_our_facts_are_read(tmp_path: Path) -> None:
    (result,) = read(saved(tmp_path, ours(operations=22.4e9, batch=4))).results
    assert (result.workload, result.variant, result.threads) == ("net", "cpu", 2)
    assert result.rounds == ((0.1, 0.2), (0.3,))
    assert (result.latency_ms, result.requests_per_second) == pytest.approx((200, 20))


def test_the_median_is_that_of_the_raw_times(tmp_path: Path) -> None:
    (result,) = read(saved(tmp_path, foreign(median=9.0, data=[1.0, 2.0, 6.0]))).results
    assert (result.median_seconds, result.rounds) == (2.0, ((1.0, 2.0, 6.0),))


@pytest.mark.parametrize("options", [[], ["--benchmark-group-by=name"]])
def test_a_real_pytest_benchmark_file_is_read(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "test_f.py").write_text("def test_f(benchmark):\n    benchmark(sum, range(99))\n")
    path = tmp_path / "out.json"
    command = [sys.executable, "-m", "pytest", "test_f.py", f"--benchmark-json={path}"]
    quick = ["--benchmark-max-time=0.01", "-p", "no:cacheprovider", *options]
    # Inside a worker of pytest-xdist pytest-benchmark would measure nothing.
    outside = {key: value for key, value in os.environ.items() if "XDIST" not in key}
    subprocess.run([*command, *quick], cwd=tmp_path, check=True, capture_output=True, env=outside)
    file = read(path)
    (result,) = file.results
    assert (result.workload, result.variant) == ("test_f", "test_f")
    assert file.machine.cpu_model and file.machine.cores and file.measured.startswith("20")
    assert 0 < result.median_seconds < 1 and len(result.raw()[0]) >= 5


def test_our_fingerprint_wins_over_the_cpu_dump(tmp_path: Path) -> None:
    content = ours()
    fingerprint = {"cpu_model": "Xeon", "cores": 2, "caches": {"l2": 2, "l3": None}}
    content["machine_info"] = {
        "cpu": {"brand_raw": "other"},
        "isthmus": {"fingerprint": fingerprint},
    }
    machine = read(saved(tmp_path, content)).machine
    assert (machine.cpu_model, machine.cores, machine.gpu) == ("Xeon", "2", "")
    assert ("caches l3", "not known") in machine.facts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is truncated"),
        ('{"machine_info": {}, "benchmarks": [{"name": "te', "is truncated"),
        ("latency: 3 ms", "is not JSON"),
        ("[]", "not in pytest-benchmark's format"),
        ('{"results": []}', "not in pytest-benchmark's format"),
        ('{"benchmarks": []}', "no `machine_info`"),
        ("[" * 100_000, "nests deeper"),
        ("1" * 10_000, "thousands of digits"),
        ({"machine_info": {}, "benchmarks": [3]}, "benchmark 3 has no `stats`"),
        ({"machine_info": {}, "benchmarks": [{"stats": {}}]}, "a benchmark's name is None"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: object, says: str) -> None:
    with pytest.raises(FileError) as refusal:
        read(saved(tmp_path, content))
    message = str(refusal.value)
    assert says in message and "results.json: " in message and "; " in message
    assert "\n" not in message and len(message) < 300


@pytest.mark.parametrize("name", ["absent.json", "", "a\0b"])
def test_what_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="give a file"):
        read(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    "time", [0, -0.1, float("nan"), float("inf"), "1", None, True, 10**400, []]
)
def test_a_time_that_is_none_names_its_place(tmp_path: Path, time: object) -> None:
    with pytest.raises(
        FileError, match=r"isthmus::net\[cpu\]: rounds\[1\]\[0\] is .*measure again"
    ):
        read(saved(tmp_path, ours(rounds=[[0.1], [time]])))
    with pytest.raises(FileError, match=r"t\.py::test_f: stats\.data\[2\] is"):
        read(saved(tmp_path, foreign(data=[0.1, 0.1, time])))
    with pytest.raises(FileError, match=r"t\.py::test_f: stats\.median is"):
        read(saved(tmp_path, foreign(median=time)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch", 0),
        ("batch", 1.5),
        ("batch", None),
        ("threads", -1),
        ("sequence", "128"),
        ("precision", ""),
        ("workload", None),
        ("variant", 3),
        ("rounds", []),
        ("rounds", [[]]),
        ("rounds", 0.1),
        ("operations", -1),
        ("compile_seconds", float("nan")),
        ("parity_max_rel_error", -1e-6),
        ("parity_max_rel_error", "small"),
        ("sequence", "text"),
        ("scenario", 3),
        ("bytes_moved", -1),
        ("load_seconds", float("inf")),
        ("model_hash", 7),
        ("environment", ["own"]),
        ("parity", {"max_rel_error": -1.0}),
        ("parity", {"max_rel_error": 0.1, "cosine": 1.5}),
        ("parity", {"max_rel_error": 0.1, "top1_agreement": -0.1}),
        ("parity", {"max_rel_error": 0.1, "samples": 1.5}),
        ("parity", [0.1]),
        ("processes", {"steady": True}),
        ("processes", [{"warm_up": {"steady": "yes"}}]),
        ("processes", [{"windows": {"discarded": {"steal": -1}}}]),
        ("processes", [{"cpu_per_wall": float("nan")}]),
        ("processes", [{"affinity": 3}]),
        ("scenario_result", {"scenario": "server"}),
    ],
)
def test_a_senseless_fact_is_named(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(FileError, match=rf"isthmus::net\[cpu\]: {field}"):
        read(saved(tmp_path, ours(**{field: value})))


def test_the_whole_schema_is_read(tmp_path: Path) -> None:
    file = read(result_files.write(tmp_path / "results.json", result_files.document()))
    result = file.results[1]
    assert result.parity == Parity(4.1e-6, 0.9999999, 1.0, 4)
    assert (result.scenario, result.environment, result.model) == (
        "single-stream",
        "own",
        "bert-base",
    )
    assert (result.bytes_moved, result.parameter_bytes) == (812e6, 438e6)
    assert len(result.processes) == 6 and result.processes[0].warm_up.steady is True
    assert (result.processes[0].windows.kept, result.processes[0].cores) == (5, 2)
    assert (file.plan["kind"], file.interrupted, file.seconds_spent) == ("quick", False, 130.2)
    assert file.roofline is not None and file.roofline.peaks[0].gflop_per_s == 250
    assert [lack.variant for lack in file.missing[:2]] == ["mxnet-onednn", "mxnet-plain"]


def test_files_of_the_first_format_are_still_read() -> None:
    file = read(DATA / "format-1.json")
    assert len(file.results) == 4 and file.roofline is None and file.missing == ()
    assert {result.scenario for result in file.results} == {"single-stream"}


def test_lengths_of_real_texts_are_a_sequence(tmp_path: Path) -> None:
    (result,) = read(saved(tmp_path, ours(sequence="texts"))).results
    assert result.sequence == "texts"


@pytest.mark.parametrize(
    ("errors", "expected"), [((0.1, 0.2), 0.2), ((0.3, 0.2), 0.3), ((None, 0.2), 0.2)]
)
def test_the_worse_of_two_errors_counts(
    tmp_path: Path, errors: tuple[float | None, float], expected: float
) -> None:
    facts = {"parity_max_rel_error": errors[0], "parity": {"max_rel_error": errors[1]}}
    (result,) = read(saved(tmp_path, ours(**facts))).results
    assert result.parity_max_rel_error == expected


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"format": 3}, "format 3, newer than this version reads; update Isthmus"),
        (
            {"missing": [{"workload": "net"}]},
            r"missing\[0\] .*missing required field `variant`",
        ),
        ({"missing": "all"}, "missing is 'all': expected `array`"),
        ({"roofline": {"peaks": [{"precision": "f32", "gflop_per_s": 0}]}}, "gflop_per_s is 0"),
        ({"roofline": {"gb_per_s": -1.0}}, "gb_per_s is -1.0"),
        ({"roofline": {"drift": "none"}}, "drift is 'none'"),
        ({"interrupted": "no"}, "interrupted is 'no'"),
        ({"seconds_spent": -1}, "seconds_spent is -1"),
    ],
)
def test_a_senseless_fact_of_the_file_is_named(tmp_path: Path, part: Document, says: str) -> None:
    with pytest.raises(FileError, match=says):
        read(saved(tmp_path, ours() | {"isthmus": part}))


def test_of_a_benchmark_given_twice_the_last_run_counts(tmp_path: Path) -> None:
    content = ours()
    content["benchmarks"] += ours(rounds=[[0.7, 0.7]])["benchmarks"]
    file = read(saved(tmp_path, content))
    (result,) = file.results
    assert (result.latency_ms, file.repeated) == (700, ("isthmus::net[cpu]",))


def test_statistics_alone_are_read_but_have_no_raw_times(tmp_path: Path) -> None:
    (result,) = read(saved(tmp_path, foreign())).results
    assert result.latency_ms == 200
    with pytest.raises(FileError, match="--benchmark-save-data"):
        result.raw()


def test_names_cannot_drive_the_terminal(tmp_path: Path) -> None:
    content = ours(workload="a\x1b[2J\nb\u202e\ud800")
    (result,) = read(saved(tmp_path, content)).results
    assert result.workload == "a [2J b"


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
places = st.sampled_from(
    [
        ("benchmarks",),
        ("machine_info",),
        ("benchmarks", 0),
        ("benchmarks", 0, "stats"),
        ("benchmarks", 0, "stats", "data"),
        ("benchmarks", 0, "extra_info"),
        ("benchmarks", 0, "extra_info", "rounds"),
        ("benchmarks", 0, "extra_info", "threads"),
        ("benchmarks", 0, "extra_info", "runtime"),
        ("benchmarks", 0, "extra_info", "parity"),
        ("benchmarks", 0, "extra_info", "processes"),
        ("benchmarks", 0, "extra_info", "processes", 0, "warm_up"),
        ("benchmarks", 0, "extra_info", "processes", 0, "windows"),
        ("benchmarks", 0, "extra_info", "scenario_result"),
        ("benchmarks", 0, "extra_info", "scenario_result", "percentiles_ms"),
        ("isthmus",),
        ("isthmus", "missing"),
        ("isthmus", "roofline"),
        ("isthmus", "roofline", "peaks"),
        ("isthmus", "roofline", "peaks", 0),
        ("commit_info",),
        ("datetime",),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(places, anything)
def test_any_damage_is_read_or_refused_never_a_crash(
    tmp_path: Path, place: tuple[Any, ...], damage: object
) -> None:
    served = result_files.served("net", "cpu")
    content: Any = json.loads(json.dumps(result_files.document([served])))
    inner = content
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = damage
    try:
        file = read(saved(tmp_path, content))
    except FileError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert all(result.median_seconds > 0 for result in file.results)
