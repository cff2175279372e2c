"""The studies of memory and of processes side by side run; no assertion is about their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.errors import UsageError
from studies import memory, side_by_side


@pytest.mark.parametrize("name", memory.CASES)
def test_a_curve_of_memory_has_its_points(name: str) -> None:
    if name.endswith("gpu"):
        pytest.importorskip("onnxruntime")
    case = memory.CASES[name]
    found = memory.curve(memory.Case(case.make, case.backend, case.calls, (1, 4)), memory.POINTS)
    assert found["calls"] == list(range(1, memory.POINTS + 1))
    assert len(found["resident_mib"]) == memory.POINTS and found["peak_mib"] > 0
    assert 1 < found["different_sizes"] <= 4
    assert f"{memory.POINTS} calls" in memory.line(name, found)


def test_what_is_called_in_the_namespace_is_numpy_s() -> None:
    call: Any = memory.in_namespace({"backend": "cpu"})
    x = numpy.random.default_rng(2).standard_normal((2, 3, memory.WIDTH), numpy.float32)
    y = numpy.tanh(x @ memory._weights()[0])
    joined = numpy.concatenate([y, numpy.exp(y)], axis=1)
    wanted = joined.transpose(1, 0, 2).max(axis=0) - y.mean()
    numpy.testing.assert_allclose(numpy.asarray(call(x)), wanted, rtol=1e-4, atol=1e-5)


def test_an_unknown_curve_is_one_line() -> None:
    with pytest.raises(UsageError, match=r"--case x: there are named-cpu, .*namespace-gpu"):
        memory.main(["--case", "x"])


def test_processes_side_by_side_give_a_file(tmp_path: Path) -> None:
    """Real processes, for a moment."""
    path = tmp_path / "result.json"
    command = [str(path), "--model", "mobilenet-v2", "--seconds", "0.1", "--rounds", "3"]
    side_by_side.main(command)
    record = json.loads(path.read_text())
    assert set(record["variants"]) == set(side_by_side.VARIANTS)
    for found in record["variants"].values():
        assert {len(rates) for rates in found["calls_per_second"].values()} == {3}
        assert found["ratio_to_one"]["1"] == 1
    assert record["all_threads"]["free_ms"] > 0
