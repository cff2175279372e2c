"""The harness, on a real workload with short rounds: no assertion is about time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.benchmarks import paired, result, startup, variants, workloads
from isthmus.benchmarks.bench import Plan, relative_error, run_bench
from isthmus.benchmarks.machine import fingerprint
from isthmus.benchmarks.variants import Variant
from isthmus.errors import BackendMissing, FileError, IsthmusError, UsageError
from isthmus.models import samples
from isthmus.reports import read


def _samples_are_here() -> bool:
    try:
        return bool(samples.mobilenet_v2() and samples.minilm() and samples.photographs())
    except IsthmusError:
        return False


needs_samples = pytest.mark.skipif(
    not _samples_are_here(), reason="real input needs the sample packages: see samples.txt"
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MobileNetV2 on every usual variant, two rounds of processes."""
    path = tmp_path_factory.mktemp("bench") / "deep" / "result.json"
    said: list[str] = []
    plan = Plan(workloads.find(["mobilenet-v2"]), variants.find([]), 2, 0.01, threads=1)
    run_bench(plan, path, said.append)
    assert len(said) == plan.steps
    order = [text.split()[1] for text in said]
    assert order[4:] == order[:4][::-1], "the second round runs in the other order"
    return path


@needs_samples
def test_a_result_file_holds_every_variant_with_its_parity(measured: Path) -> None:
    results = read(measured).results
    assert [r.variant for r in results] == [v.name for v in variants.VARIANTS if v.usual]
    for found in results:
        assert len(found.rounds) == 2
        assert found.threads == 1
        assert min(min(seconds) for seconds in found.rounds) > 0
        if found.variant != "numpy":
            assert found.parity_max_rel_error is not None
            assert 0 < found.parity_max_rel_error <= 1e-4


@needs_samples
def test_a_result_file_is_pytest_benchmarks(measured: Path) -> None:
    contents = json.loads(measured.read_text())
    entry = contents["benchmarks"][0]
    assert entry["stats"]["rounds"] == len(entry["stats"]["data"])
    assert entry["stats"]["min"] <= entry["stats"]["median"] <= entry["stats"]["max"]
    assert contents["machine_info"]["isthmus"]["fingerprint"] == fingerprint()


@needs_samples
def test_the_operations_of_mobilenet_are_the_published_ones(measured: Path) -> None:
    # 300 million multiply-adds (Sandler et al. 2018, arXiv:1801.04381), two operations each.
    operations = read(measured).results[0].operations
    assert operations == pytest.approx(0.6e9, rel=0.06)


@needs_samples
def test_peak_memory_is_of_the_process_itself(measured: Path) -> None:
    peaks = [r.peak_memory_bytes for r in read(measured).results]
    assert all(peak is not None and 2**24 < peak < 2**30 for peak in peaks)


@needs_samples
def test_a_variant_that_fails_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = Variant("no-such-variant", "numpy", variants.VARIANTS[0].open)
    plan = Plan(workloads.find(["mobilenet-v2"]), [broken], 1, 0.01, threads=1)
    with pytest.raises(IsthmusError, match="no variant 'no-such-variant'; there are numpy, cpu"):
        run_bench(plan, tmp_path / "x.json", lambda _: None)


def _has_cuda() -> bool:
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


@needs_samples
@pytest.mark.skipif(_has_cuda(), reason="this machine has what the test wants missing")
def test_a_missing_gpu_ends_the_run_and_says_what_to_install(tmp_path: Path) -> None:
    plan = Plan(workloads.find(["mobilenet-v2"]), variants.find(["gpu"]), 1, 0.01, threads=1)
    with pytest.raises(BackendMissing, match=r"^variant 'gpu': .*isthmus\[onnx-cuda\]"):
        run_bench(plan, tmp_path / "x.json", lambda _: None)
    assert not (tmp_path / "x.json").exists()


@needs_samples
def test_texts_fill_the_whole_sequence_and_differ_by_batch() -> None:
    work = workloads.Workload("w", "bert-base", batch=3, sequence=32)
    inputs = work.inputs()
    assert {array.shape for array in inputs.values()} == {(3, 32)}
    assert inputs["attention_mask"].all()
    assert len({row.tobytes() for row in inputs["input_ids"]}) == 3


@needs_samples
def test_a_passage_too_short_for_the_sequence_is_an_error() -> None:
    with pytest.raises(UsageError, match="shorter than 511 tokens"):
        workloads.Workload("w", "bert-base", sequence=511).inputs()


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (workloads.find, "no workload 'x'; there are bert-base-128"),
        (variants.find, "no variant 'x'; there are numpy"),
    ],
)
def test_unknown_names_are_errors(find: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(["x"])


def test_the_relative_error_is_of_the_largest_reference_value() -> None:
    reference = [numpy.array([1.0, -4.0]), numpy.array([10.0])]
    assert relative_error([numpy.array([1.0, -4.4]), numpy.array([10.5])], reference) == (
        pytest.approx(0.1)
    )
    assert (
        relative_error([numpy.array([numpy.nan, 0]), numpy.array([10.0])], reference) == numpy.inf
    )


def test_a_result_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        result.write(tmp_path / "file" / "x.json", {})


def test_bert_base_takes_less_than_2_2_times_its_weights() -> None:
    found = startup.process("cpu")
    assert found["weights_bytes"] == 4 * 109_482_240
    assert 1 < found["peak_memory_over_weights"] < 2.2


@needs_samples
def test_pairs_alternate_and_their_ratio_has_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "SECONDS", 0.1)
    found = paired.compare("mobilenet-v2", "cpu", "openvino-by-hand")
    assert found["pairs"] >= paired.BLOCKS
    low, high = found["interval_95"]
    assert 0 < low <= found["speed_of_first_over_second"] <= high


def test_who_goes_first_alternates() -> None:
    order: list[str] = []
    calls = [lambda _, name=name: order.append(name) for name in "ab"]
    seconds = paired.timed_pairs(calls, None, seconds=0)
    assert seconds.shape == (paired.BLOCKS, 2)
    assert "".join(order[10:18]) == "baabbaab"
