"""The machine's peaks: that they are counted right; how high they are is the machine's matter."""

from __future__ import annotations

import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy
import pytest

from isthmus.benchmarks.harness import peaks, roofline
from isthmus.errors import IsthmusError, UsageError
from isthmus.system import machine, topology

Capture = pytest.CaptureFixture[str]


def found(f32: float, memory: float) -> dict[str, Any]:
    entries = [("bf16", 2 * f32), ("f32", f32)]
    every = [{"precision": name, "gflop_per_s": rate, "by": ""} for name, rate in entries]
    return {"threads": 2, "peaks": every, "gb_per_s": memory}


def test_each_probe_is_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    some = {name: peaks.PROBES[name] for name in ("numpy", "memory")}  # the quickest to start
    monkeypatch.setattr(roofline, "PROBES", some)
    made = roofline.measure(1, seconds=0.0)
    assert made == json.loads(json.dumps(made, allow_nan=False))
    (peak,) = made["peaks"]
    assert peak["precision"] == "f32" and peak["gflop_per_s"] > 0
    assert peak["by"] == f"numpy {numpy.__version__}, 1536x1536x1536"
    assert made["gb_per_s"] > 0 and made["threads"] == 1 and made["drift"] is None
    assert roofline.drift(made, made) == 0
    roofline._show(made)
    assert "GFLOP/s" in capsys.readouterr().out


def test_every_precision_that_the_processor_has_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(peaks, "SIZE", 64)
    for probe in ("numpy", "openvino", "onnxruntime"):
        peaks.main([probe, "1", "0"])
    rows = [row for line in capsys.readouterr().out.splitlines() for row in json.loads(line)]
    bf16 = ["bf16"] if peaks.BF16 & set(machine.processor_flags()) else []
    int8 = ["int8"] if find_spec("onnxruntime") else []
    assert [row["precision"] for row in rows] == ["f32", "f32", *bf16, *int8]
    assert all(row["rate"] > 0 and row["by"].endswith(", 64x64x64") for row in rows)


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


def test_the_best_of_each_precision_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        "numpy": [{"precision": "f32", "rate": 9.0, "by": "numpy"}],
        "openvino": [{"precision": "f32", "rate": 7.0, "by": "openvino"}],
        "onnxruntime": [],
        "memory": [{"precision": "memory", "rate": at, "by": f"{at}"} for at in (3.0, 5.0, 4.0)],
    }
    monkeypatch.setattr(roofline, "_in_a_process", lambda probe, *_: rows[probe])
    made = roofline.measure(1)
    assert made["peaks"] == [{"precision": "f32", "gflop_per_s": 9.0, "by": "numpy"}]
    assert (made["gb_per_s"], made["gb_per_s_by"]) == (5.0, "5.0")


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


def test_a_product_counts_two_operations_a_multiply_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "best_rate", lambda call, seconds: 10.0)
    row = peaks._product("f32", "who", lambda: None, 0.0)
    assert row == {"precision": "f32", "rate": 10 * 2 * 1536**3 / 1e9, "by": "who, 1536x1536x1536"}


@pytest.mark.parametrize("seconds", [0.0, 0.002])
def test_every_repeat_calls_and_the_warm_up_is_not_timed(seconds: float) -> None:
    calls: list[int] = []
    rate = peaks.best_rate(lambda: calls.append(1), seconds)
    assert math.isfinite(rate) and rate > 0 and len(calls) >= 1 + peaks.REPEATS


def test_openvino_says_in_which_precision_it_computed() -> None:
    import openvino
    from openvino import opset16 as ov

    left = ov.parameter([4, 4], numpy.float32)
    product = ov.matmul(left, ov.constant(numpy.ones((4, 4), numpy.float32)), False, True)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(openvino.Model([product], [left]), "CPU", settings)
    assert peaks.computed_in(model) == {"f32"}


def test_a_product_in_another_precision_than_asked_for_is_no_peak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peaks, "SIZE", 8)
    monkeypatch.setattr(peaks, "computed_in", lambda model: {"f32"})
    assert peaks._openvino_in("bf16", 1, 0.0) is None
    row = peaks._openvino_in("f32", 1, 0.0)
    assert row is not None and row["precision"] == "f32"


@pytest.mark.parametrize("threads", [1, 3])
def test_a_pass_goes_over_every_element(threads: int) -> None:
    a, b, c = (numpy.full(1000, value, numpy.float32) for value in (0, 2, 3))
    parts = list(zip(*(numpy.array_split(array, threads) for array in (a, b, c)), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        for name, expected in (("copy", 2), ("add", 5)):
            peaks._over(pool, peaks.PASSES[name][1], parts)()
            assert (a == expected).all()


def test_memory_counts_what_a_pass_reads_and_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "array_bytes", lambda: 4 * 10**6)
    monkeypatch.setattr(peaks, "best_rate", lambda call, seconds: (call(), 1000.0)[1])
    rates = [row["rate"] for row in peaks._memory(2, 0.0)]
    assert rates == pytest.approx([8, 12, 8])  # GB/s: two, three and two arrays of 4 MB


def test_arrays_are_far_larger_than_the_last_cache() -> None:
    size, cached = peaks.array_bytes(), topology.last_cache_bytes() or 0
    memory = machine.memory_bytes()
    assert size >= 4 * cached or (memory and size == memory // 16)
