"""Shares of the machine's own peak: by hand, and not known where one fact is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isthmus.reports.files.file_fields import Bandwidth, Peak, Roofline
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.same_machine import machine_of
from isthmus.reports.tables.efficiency import (
    ABOVE,
    Efficiency,
    efficiency,
    efficiency_table,
    peaks_said,
)
from isthmus.reports.tables.environment import environment

PEAKS = Roofline(
    threads=2,
    peaks=(Peak("f32", 200.0, "openvino 2026.4.1, 1536x1536x1536"), Peak("bf16", 400.0)),
    gb_per_s=25.0,
    drift=0.012,
)
UNKNOWN = Efficiency(None, None, None, None, None)


LEVELS = replace(
    PEAKS,
    memory=(
        Bandwidth("L2", 100.0, 1e6),
        Bandwidth("L3", 50.0, 1e8),
        Bandwidth("memory", 25.0),
    ),
)


def result(**facts: Any) -> Result:
    """1 GFLOP and 0.25 GB in 10 ms: 100 GFLOP/s at 4 operations a byte, below 4 x 25 GB/s."""
    known: dict[str, Any] = {"operations": 1e9, "least_bytes": 0.25e9, "precision": "f32"}
    known |= {"threads": 2} | facts
    return Result("f.json", "isthmus::net[cpu]", "net", "cpu", 0.01, **known)


def file(*results: Result, roofline: Roofline | None = PEAKS, name: str = "f.json") -> ResultFile:
    machine = machine_of({"isthmus": {"fingerprint": {"cpu_model": "EPYC", "cores": 2}}})
    return ResultFile(name, machine, "2026-11-22", "0123", results, roofline=roofline)


def test_shares_follow_from_operations_bytes_and_time() -> None:
    found = efficiency(result(), PEAKS)
    assert found == Efficiency(100.0, 0.5, 4.0, 100.0, 1.0)  # bound by memory
    assert efficiency(result(least_bytes=0.05e9), PEAKS).roof_gflop_per_s == 200  # by arithmetic
    assert efficiency(result(precision="bf16"), PEAKS).of_peak == 0.25


def test_what_fused_operators_do_not_move_is_no_roof() -> None:
    found = efficiency(result(bytes_moved=1e12), PEAKS)
    assert found == efficiency(result(), PEAKS)


def test_older_files_tell_the_bytes_of_weights_alone() -> None:
    old = result(least_bytes=None, parameter_bytes=0.5e9)
    assert efficiency(old, PEAKS).operations_per_byte == 2
    assert efficiency(replace(old, parameter_bytes=None), PEAKS).of_roof is None


@pytest.mark.parametrize(("precision", "factor"), [("f32", 1), ("bf16", 2), ("int8", 4)])
def test_weights_of_a_lower_precision_are_fewer_bytes(precision: str, factor: int) -> None:
    peaks = replace(PEAKS, peaks=(Peak(precision, 1e9),))
    found = efficiency(result(precision=precision), peaks)
    assert found.operations_per_byte == 4 * factor
    assert found.roof_gflop_per_s == 100 * factor


@pytest.mark.parametrize(("size", "rate"), [(1e5, 100), (1e6, 100), (1e7, 50), (2e8, 25)])
def test_bytes_come_at_the_rate_of_the_level_that_holds_them(size: float, rate: float) -> None:
    found = efficiency(result(least_bytes=size, operations=size), LEVELS)
    assert found.roof_gflop_per_s == rate == LEVELS.gb_per_s_of(size)


def test_a_cache_that_was_seen_slower_than_the_memory_is_as_fast() -> None:
    levels = (Bandwidth("L2", 10.0, 1e6), Bandwidth("memory", 25.0))
    assert replace(PEAKS, memory=levels).gb_per_s_of(1) == 25


def test_above_a_roof_is_marked_with_a_note() -> None:
    fast = replace(result(), median_seconds=0.004)
    below, above = efficiency_table([file(result())]), efficiency_table([file(fast)])
    assert [str(row[6]) for row in below.rows] == ["100 %"]
    assert [str(row[i]) for row in above.rows for i in (4, 6)] == ["125 % *", "250 % *"]
    assert ABOVE in above.notes and ABOVE not in below.notes


@pytest.mark.parametrize(
    ("facts", "roofline", "expected"),
    [
        ({}, None, Efficiency(100.0, None, 4.0, None, None)),
        ({"threads": 1}, PEAKS, Efficiency(100.0, None, 4.0, None, None)),
        ({"threads": None}, replace(PEAKS, threads=2), Efficiency(100.0, None, 4.0, None, None)),
        ({"threads": None}, replace(PEAKS, threads=None), Efficiency(100.0, None, 4.0, None, None)),
        ({"precision": "int8"}, PEAKS, Efficiency(100.0, None, 4.0, None, None)),
        ({"least_bytes": None}, PEAKS, Efficiency(100.0, 0.5, None, None, None)),
        ({"operations": None}, PEAKS, Efficiency(None, None, None, None, None)),
        ({"operations": 0.0}, PEAKS, UNKNOWN),
        ({}, replace(PEAKS, gb_per_s=None), Efficiency(100.0, 0.5, 4.0, None, None)),
        ({}, replace(PEAKS, peaks=()), Efficiency(100.0, None, 4.0, None, None)),
        ({"scenario": "server"}, PEAKS, UNKNOWN),
    ],
)
def test_what_rests_on_something_unknown_is_none(
    facts: dict[str, Any], roofline: Roofline | None, expected: Efficiency
) -> None:
    found = efficiency(result(**facts), roofline)
    assert (found.gflop_per_s, found.of_peak) == (expected.gflop_per_s, expected.of_peak)
    assert (found.roof_gflop_per_s, found.of_roof) == (None, None)


def test_a_gpu_has_no_share_of_a_processors_peak() -> None:
    found = efficiency(replace(result(), variant="gpu"), PEAKS)
    assert (found.gflop_per_s, found.of_peak, found.of_roof) == (100, None, None)


def test_the_table_has_a_row_per_counted_result_and_names_the_peaks() -> None:
    served = result(scenario="server")
    table = efficiency_table([file(result(), result(operations=None), served)])
    assert [tuple(map(str, row)) for row in table.rows] == [
        ("net", "Isthmus CPU", "1.00", "100", "50 %", "4.00", "100 %")
    ]
    assert [cell.text for cell in table.headers][2:5] == ["GFLOP per call", "GFLOP/s", "% of peak"]
    assert table.shared == "Every row: batch 1, precision f32, threads 2, machine EPYC."
    said = "f32 200 GFLOP/s (openvino 2026.4.1, 1536x1536x1536), bf16 400 GFLOP/s"
    assert any(f"peaks with 2 threads: {said}" in note for note in table.notes)
    assert any("memory 25.0 GB/s, drift over the run 1.2 %" in note for note in table.notes)


def test_levels_and_fewer_threads_are_named() -> None:
    one = replace(LEVELS, peaks=(Peak("bf16", 1100.0, "torch 2.13.0", 1),), drift=None)
    assert peaks_said(one) == (
        "with 2 threads: bf16 1,100 GFLOP/s (torch 2.13.0, threads: 1), L2 100 GB/s, L3 50.0 GB/s, "
        "memory 25.0 GB/s"
    )


def test_files_are_told_apart_and_one_without_peaks_says_so() -> None:
    other = file(result(), roofline=None, name="folder/g.json")
    table = efficiency_table([file(result(), roofline=replace(PEAKS, drift=-0.2)), other])
    assert [str(row[4]) for row in table.rows] == ["50 %", "-"]
    assert "g.json: the machine's peaks were not measured." in table.notes
    assert "f.json: the peaks moved by more than 5% during the run: take care." in table.notes


def test_nothing_counted_is_an_empty_table() -> None:
    table = efficiency_table([file(result(operations=None))])
    assert (table.rows, table.notes) == ((), ())


def test_the_environment_names_peaks_models_and_plan(tmp_path: Path) -> None:
    about = replace(
        file(result(model="bert-base", model_hash="sha256:" + "ab" * 32)),
        plan={"kind": "quick", "rounds": 6, "budget_seconds": None},
        interrupted=True,
    )
    title, facts = environment(about)
    known = dict(facts)
    assert title == "f.json" and known["peaks"] == peaks_said(PEAKS)
    assert known["models"] == "bert-base sha256:abababababab"
    assert known["plan"] == "kind quick, rounds 6" and "interrupted" in known
    assert "peaks" not in dict(environment(file(result(), roofline=None))[1])
