"""The machine's peaks: that they are counted right; how high they are is the machine's matter."""

from __future__ import annotations

import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.benchmarks.harness import bandwidth, environments, peaks, roofline
from isthmus.benchmarks.portable.timing import rates
from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.reports.files.file_fields import run_of
from isthmus.system import machine, topology

Capture = pytest.CaptureFixture[str]


def found(f32: float, memory: float, cache: float = 100) -> dict[str, Any]:
    entries = [("bf16", 2 * f32), ("f32", f32)]
    every = [
        {"precision": name, "gflop_per_s": rate, "by": "", "threads": 2} for name, rate in entries
    ]
    levels = [("L2", 2**20, cache), ("memory", None, memory)]
    held = [{"level": n, "bytes": size, "gb_per_s": rate, "by": ""} for n, size, rate in levels]
    return {"threads": 2, "peaks": every, "gb_per_s": memory, "gb_per_s_by": "", "memory": held}


def test_each_probe_is_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    some = {name: peaks.PROBES[name] for name in ("numpy", "memory")}  # the quickest to start
    monkeypatch.setattr(roofline, "PROBES", some)
    monkeypatch.setattr(roofline, "TORCH", "no such peer")
    made = roofline.measure(1, seconds=0.0)
    assert made == json.loads(json.dumps(made, allow_nan=False))
    (peak,) = made["peaks"]
    assert peak["precision"] == "f32" and peak["gflop_per_s"] > 0 and peak["threads"] == 1
    assert peak["by"].startswith(f"numpy {numpy.__version__}, ")
    assert made["gb_per_s"] > 0 and made["threads"] == 1 and made["drift"] is None
    assert made["memory"][-1]["level"] == "memory" and made["memory"][-1]["bytes"] is None
    assert roofline.drift(made, made) == 0
    roofline._show(made)
    assert "GFLOP/s" in capsys.readouterr().out
    read = run_of("f.json", {"roofline": made}).roofline
    assert read is not None and read.gb_per_s_of(1e15) == made["gb_per_s"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products that take no time."""
    monkeypatch.setattr(peaks, "SHAPES", ((32, 32, 32), (16, 64, 16)))
    monkeypatch.setattr(peaks, "CHANNELS", 8)


@pytest.mark.usefixtures("small")
def test_every_precision_that_the_processor_has_is_measured(capsys: Capture) -> None:
    for probe in ("numpy", "openvino", "onnxruntime"):
        peaks.main([probe, "1", "0"])
    rows = [row for line in capsys.readouterr().out.splitlines() for row in json.loads(line)]
    flags = set(machine.processor_flags())
    half = [*["bf16"][: bool(peaks.BF16 & flags)], *["f16"][: bool(peaks.F16 & flags)]]
    others = ["f32", "int8"] if find_spec("onnxruntime") else []
    found = [row["precision"] for row in rows]
    assert [name for name in found if name not in half] in (
        ["f32", "f32", "int8", *others],
        ["f32", "f32", *others],  # where OpenVINO has no product of integers
    )
    assert "bf16" not in half or "bf16" in found
    assert all(row["rate"] > 0 and ", " in row["by"] for row in rows)


@pytest.mark.parametrize("threads", [0, -1, 10**6])
def test_more_threads_than_processors_are_refused(threads: int) -> None:
    with pytest.raises(UsageError, match=f"threads is {threads}; this process has"):
        roofline.measure(threads)


def test_the_command_refuses_what_is_no_number(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        roofline.main(["many"])
    assert ended.value.code == UsageError.exit_code
    assert capsys.readouterr().err == "threads is 'many'; give a whole number\n"


def test_a_probe_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(IsthmusError, match="the peak of gpu could not be measured: KeyError"):
        roofline._in_a_process("gpu", 1, 0.0)


def test_the_best_of_libraries_and_threads_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(precision: str, rate: float, by: str, **more: Any) -> dict[str, Any]:
        return {"precision": precision, "rate": rate, "by": by, **more}

    memory = [
        row("memory", 50.0, "dot", level="L3", bytes=2**25),
        row("memory", 5.0, "copy", level="memory", bytes=None),
    ]
    rows = {
        ("numpy", 2): [row("f32", 9.0, "numpy")],
        ("numpy", 1): [row("f32", 5.0, "numpy")],
        ("openvino", 2): [row("f32", 7.0, "openvino"), row("bf16", 10.0, "openvino")],
        ("openvino", 1): [row("f32", 6.0, "openvino"), row("bf16", 8.0, "openvino")],
        ("torch", 1): [row("bf16", 11.0, "torch")],
        ("memory", 2): memory,
    }
    monkeypatch.setattr(roofline, "_in_a_process", lambda *at: rows.get(at[:2], []))
    monkeypatch.setattr(roofline, "affinity", lambda: 2)
    made = roofline.measure(2)
    assert made["peaks"] == [
        {"precision": "f32", "gflop_per_s": 9.0, "by": "numpy", "threads": 2},
        {"precision": "bf16", "gflop_per_s": 11.0, "by": "torch", "threads": 1},
    ]
    assert (made["gb_per_s"], made["gb_per_s_by"]) == (5.0, "copy")
    assert [level["gb_per_s"] for level in made["memory"]] == [50.0, 5.0]


@pytest.mark.parametrize(
    ("threads", "tried"), [(1, [1]), (2, [2, 1]), (3, [3, 1]), (64, [64, 32, 1])]
)
def test_one_thread_and_half_of_them_are_tried_too(threads: int, tried: list[int]) -> None:
    assert roofline.counts(threads) == tried


def test_the_higher_of_two_measurements_counts() -> None:
    made = roofline.higher(found(200, 30, cache=90), found(190, 33, cache=80))
    assert [peak["gflop_per_s"] for peak in made["peaks"]] == [400, 200]
    assert made["gb_per_s"] == 33 and made["drift"] == pytest.approx(0.1)
    assert [level["gb_per_s"] for level in made["memory"]] == [90, 33]
    assert roofline.higher(found(200, 30), None)["drift"] is None


def test_torch_runs_where_it_has_an_environment() -> None:
    try:
        environments.interpreter("torch")
    except BackendMissing:
        assert roofline._in_a_process("torch", 1, 0.0) == []
    else:
        rows = roofline._in_a_process("torch", 1, 0.0)
        assert rows[0]["precision"] == "f32" and rows[0]["by"].startswith("torch")


@pytest.mark.parametrize(
    ("f32", "memory", "drift"), [(200, 30, 0), (190, 30, 0.05), (200, 33, 0.1), (220, 15, 0.5)]
)
def test_drift_is_the_larger_change(f32: float, memory: float, drift: float) -> None:
    assert roofline.drift(found(200, 30), found(f32, memory)) == pytest.approx(drift)


def test_a_library_that_is_missing_has_no_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    peaks.main(["onnxruntime", "1", "0"])
    assert capsys.readouterr().out == "[]\n"


def test_a_product_counts_two_operations_a_multiply_add() -> None:
    assert peaks.gigaoperations(100, 1000, 10) == pytest.approx(2e-3)


@pytest.mark.parametrize("seconds", [0.0, 0.002])
def test_every_repeat_calls_and_the_warm_up_is_not_timed(seconds: float) -> None:
    calls: list[int] = []
    rate = rates.best_rate(lambda: calls.append(1), seconds)
    assert math.isfinite(rate) and rate > 0 and len(calls) >= 1 + rates.REPEATS


def test_the_call_that_does_most_is_timed_again() -> None:
    """By work a second, which is not calls a second."""
    counts = {"little": 0, "much": 0}

    def counting(name: str) -> Any:
        def call() -> None:
            counts[name] += 1

        return call

    name, rate = rates.best_of(
        {"little": (1, counting("little")), "much": (1e9, counting("much"))}, 0.0
    )
    assert name == "much" and rate > 1e9
    assert (counts["little"], counts["much"]) == (2, 3 + rates.REPEATS)


def test_openvino_says_in_which_precision_it_computed() -> None:
    import openvino
    from openvino import opset16 as ov

    left = ov.parameter([4, 4], numpy.float32)
    product = ov.matmul(left, ov.constant(numpy.ones((4, 4), numpy.float32)), False, True)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(openvino.Model([product], [left]), "CPU", settings)
    assert peaks.computed_in(model) == {"f32"}


@pytest.mark.usefixtures("small")
def test_a_product_in_another_precision_than_asked_for_is_no_peak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert len(peaks._openvinos("f32", 1)) == 2 * len(peaks.SHAPES) + 1
    monkeypatch.setattr(peaks, "computed_in", lambda model: {"f32"})
    assert peaks._openvinos("bf16", 1) == {}
    assert peaks._row("bf16", "openvino", {}, 0.0) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_a_pass_goes_over_every_element(threads: int) -> None:
    a, b, c = (numpy.full(5000, value, numpy.float32) for value in (0, 2, 3))
    parts = list(zip(*(numpy.array_split(array, threads) for array in (a, b, c)), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        for name, expected in (("copy", 2), ("add", 5)):
            bandwidth.over(pool, bandwidth.PASSES[name][1], parts, 2)()
            assert (a == expected).all()
    by_vector = bandwidth.PASSES["matrix by vector"][1]
    assert numpy.array_equal(numpy.asarray(by_vector(a, b, c)), [2 * 3 * 1024] * 4)


def test_memory_counts_what_a_pass_reads_and_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, float] = {}

    def best_of(calls: Any, seconds: float) -> tuple[str, float]:
        seen.update({name: work for name, (work, _) in calls.items()})
        return "dot", 7.0

    monkeypatch.setattr(bandwidth, "best_of", best_of)
    level = bandwidth.Level("L3", 2**25, bandwidth.PASS_BYTES // 4)
    with ThreadPoolExecutor(2) as pool:
        row = bandwidth._row(level, pool, 2, 0.0)
    gigabytes = bandwidth.PASS_BYTES / 1e9  # four passes over a quarter of it
    moved = {"copy": 2, "add": 3, "dot": 2, "matrix by vector": 1}
    assert seen == pytest.approx({name: times * gigabytes for name, times in moved.items()})
    assert (row["rate"], row["level"], row["bytes"]) == (7.0, "L3", 2**25)


def test_each_level_holds_its_arrays_and_the_last_is_beyond_all() -> None:
    *caches, beyond = bandwidth.levels(1)
    assert beyond.name == "memory" and beyond.holds is None
    assert all(bandwidth.ARRAYS * one.array_bytes <= (one.holds or 0) for one in caches)
    sizes = [one.array_bytes for one in (*caches, beyond)]
    assert sizes == sorted(sizes)
    cached, memory = topology.last_cache_bytes() or 0, machine.memory_bytes()
    assert beyond.array_bytes >= 4 * cached or (memory and beyond.array_bytes == memory // 16)


def test_caches_of_several_processors_are_counted_once_each(tmp_path: Path) -> None:
    for at in range(2):
        private, shared = str(at), "0-1"
        for name, level, size, processors in (
            ("index0", 1, "32K", private),
            ("index2", 2, "512K", private),
            ("index3", 3, "8M", shared),
        ):
            folder = tmp_path / f"cpu/cpu{at}/cache/{name}"
            folder.mkdir(parents=True)
            facts = {"level": level, "type": "Unified", "size": size}
            for fact, text in {**facts, "shared_cpu_list": processors}.items():
                (folder / fact).write_text(f"{text}\n")
    assert topology.cache_bytes("L2", [0, 1], tmp_path) == 2**20
    assert topology.cache_bytes("L2", [0], tmp_path) == 2**19
    assert topology.cache_bytes("L3", [0, 1], tmp_path) == 2**23
    assert topology.cache_bytes("L4", [0, 1], tmp_path) is None
