"""Two result files that are not alike: what differs is refused, all of it in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_files import benchmark, document, judge, measured

from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.benchmarks.gate.rule.precisions import below_f32
from isthmus.benchmarks.gate.rule.refusal import refused
from isthmus.errors import FileError, UsageError


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("threads", (2, 4)),
        ("threads", (2, None)),
        ("model_hash", ("sha256:aa", "sha256:bb")),
        ("model_hash", ("", "sha256:bb")),
        ("batch", (1, 8)),
        ("sequence", (128, "texts")),
        ("precision", ("f32", "bf16")),
        ("scenario", ("single-stream", "offline")),
        ("workload", ("net", "other")),
        ("variant", ("cpu", "gpu")),
    ],
)
def test_a_fact_that_differs_is_refused_not_warned_of(
    tmp_path: Path, field: str, values: tuple[object, object]
) -> None:
    base, head = (document(measured(1, 1.0, **{field: value})) for value in values)
    said = " \\| ".join(str(value or "not recorded") for value in values)
    with pytest.raises(UsageError, match=rf"{field} of isthmus::net\[cpu\]: {said}"):
        judge(tmp_path, base, head)


def test_all_that_differs_is_in_one_line(tmp_path: Path) -> None:
    base = document(measured(1, model_hash="sha256:aa", threads=1), cores=2)
    head = document(measured(2, model_hash="sha256:bb", batch=4), cpu="EPYC", cores=64)
    with pytest.raises(UsageError) as refusal:
        judge(tmp_path, base, head)
    message = str(refusal.value)
    assert "\n" not in message
    for field in ("cpu_model", "cores", "threads of", "model_hash of", "batch of"):
        assert field in message


def test_a_thousand_differences_are_said_by_field(tmp_path: Path) -> None:
    base, head = (
        document(
            *(benchmark(f"n{at}[cpu]", [[0.1]], threads=count, batch=count) for at in range(1000))
        )
        for count in (2, 4)
    )
    with pytest.raises(UsageError) as refusal:
        judge(tmp_path, base, head)
    assert "threads of isthmus::n0[cpu]: 2 | 4 (and of 999 more)" in str(refusal.value)
    assert "batch of isthmus::n0[cpu]: 2 | 4 (and of 999 more)" in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_facts_of_any_two_sides_can_be_compared() -> None:
    assert refused("net", {"threads": 2, "hash": "a"}, {"threads": 2, "hash": "a"}) == []
    assert refused("net", {"threads": 2, "hash": "a"}, {"threads": 4, "batch": 8}) == [
        "threads of net: 2 | 4",
        "hash of net: a | not recorded",
        "batch of net: not recorded | 8",
    ]
    assert refused("net", {"hash": "x" * 99}, {}) == [f"hash of net: {'x' * 37}... | not recorded"]


def test_many_missing_benchmarks_are_counted(tmp_path: Path) -> None:
    base = document(*(benchmark(f"n{at}[cpu]", [[0.1]]) for at in range(50)))
    with pytest.raises(FileError, match=r"n1\[cpu\].* and 45 more; measure them"):
        judge(tmp_path, base, document(benchmark("n0[cpu]", [[0.1]])))


def test_the_precision_is_said_where_it_is_not_float32() -> None:
    def side(precision: str) -> list[Observation]:
        return [Observation([0.1], facts={"precision": precision})]

    pairs = [Pair("a[cpu]", side("f32"), side("f32")), Pair("old", side(""), side(""))]
    assert below_f32(pairs) == ()
    pairs += [Pair(f"{name}[cpu-int8]", side("int8"), side("int8")) for name in "ab"]
    assert below_f32(pairs) == ("in int8, not f32: a[cpu-int8], b[cpu-int8]",)
