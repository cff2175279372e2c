"""Processes that take turns, and how their turns are compared; no assertion is about time."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
import result_files
from process_state import becomes

import isthmus as im
from isthmus import np
from isthmus.benchmarks.harness import variants
from isthmus.benchmarks.harness.processes import Process, cycles, measured, memory_suffices
from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.benchmarks.portable.timing.turns import Turns
from isthmus.errors import IsthmusError
from isthmus.program.archive import save
from isthmus.reports import read
from isthmus.reports.files.turns import log_ratio_by_turns, ratio_of_turns, round_log, turns_of
from isthmus.system import machine

(NUMPY,) = variants.find(["numpy"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny program, as `prepare` would write it."""
    place = tmp_path_factory.mktemp("prepared")
    save(im.trace(lambda x: np.tanh(x), {"x": im.spec("float32", [64, 64])}), place / "program.im")
    write_sets(place / "inputs.npz", [{"x": numpy.ones((64, 64), numpy.float32)}])
    return place


def stopped(process: Process) -> bool:
    return becomes(process._process.pid, "T")


def test_a_process_asks_for_each_turn_and_ends_without_a_harness() -> None:
    said: list[str] = []
    turns = Turns(said.append, io.StringIO("go\n"))
    turns()
    assert said == ["turn"]
    with pytest.raises(EOFError, match="the harness has ended"):
        turns()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_who_waits_is_stopped_and_every_one_gets_its_record(folder: Path) -> None:
    group = [Process(folder, NUMPY, 1, 0.3).opened() for _ in range(2)]
    try:
        assert all(map(stopped, group))
        assert group[0].turn()
        assert all(map(stopped, group))
        cycles(group)
        found = [one.record or {} for one in group]
    finally:
        for one in group:
            one.end()
    for record in found:
        assert sum(count for _, count in record["windows"]["turns"]) == len(record["seconds"])
        kept = [at for at, _ in record["windows"]["turns"]]
        assert kept and kept == sorted(set(kept)), "disturbed turns are left out"


def test_one_that_fails_is_told_and_the_others_go_on(folder: Path) -> None:
    group = [Process(folder, NUMPY, 1, 0.01).opened() for _ in range(2)]
    failed: list[Process] = []
    group[0]._process.kill()
    try:
        cycles(group, lambda one, problem: failed.append(one))
    finally:
        for one in group:
            one.end()
    assert failed == group[:1]
    assert group[1].record is not None


def test_a_process_that_ends_by_a_signal_says_so(folder: Path) -> None:
    process = Process(folder, NUMPY, 1, 0.01)
    process._process.kill()
    with pytest.raises(IsthmusError, match="ended by signal 9"):
        process.opened()
    process.end()


def test_a_process_alone_has_all_turns(folder: Path) -> None:
    record = measured(folder, NUMPY, 1, 0.01)
    assert len(record["seconds"]) >= 3


@pytest.mark.parametrize(
    ("free", "running", "enough"), [(90, 3, True), (45, 3, True), (35, 3, False)]
)
def test_processes_wait_for_memory(
    free: int, running: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: free)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 100)
    assert memory_suffices(running) is enough
    assert memory_suffices(0)


# Their turns compared


def test_turns_are_medians_by_cycle() -> None:
    found = turns_of([1.0, 2.0, 3.0, 8.0], [(0, 3), (2, 1)])
    assert found == {0: pytest.approx(math.log(2)), 2: pytest.approx(math.log(8))}


def test_a_slow_spell_of_the_machine_cancels() -> None:
    spell = {0: 0.0, 1: math.log(1.6), 2: math.log(1.6), 3: 0.0}
    slower = {at: log + math.log(1.03) for at, log in spell.items() if at != 2}
    assert round_log(slower, spell) == pytest.approx(math.log(1.03))
    ratio = ratio_of_turns([slower] * 3, [spell] * 3)
    assert ratio is not None
    assert ratio.ratio == pytest.approx(1.03)
    assert ratio.method == "t, 3 rounds, 9 turns each"


def test_rounds_without_a_common_cycle_have_no_ratio() -> None:
    assert round_log({0: 1.0}, {1: 1.0}) is None
    assert ratio_of_turns([{0: 1.0}] * 3, [{1: 1.0}] * 3) is None


def entry(variant: str, cycles: list[float], group: int = 0) -> dict[str, Any]:
    """A result of three rounds whose turns took so long, two samples each."""
    rounds = [[seconds for one in cycles for seconds in (one, one)] for _ in range(3)]
    turns = [[at, 2] for at in range(len(cycles))]
    process = {"windows": {"kept": len(cycles), "turns": turns}, "group": group}
    return result_files.benchmark("resnet-50", variant, rounds, processes=[process] * 3)


@pytest.mark.parametrize(("group", "taken"), [(0, True), (1, False)])
def test_results_of_one_group_are_compared_by_turns(
    group: int, taken: bool, tmp_path: Path
) -> None:
    plain = entry("numpy", [0.010, 0.016, 0.016, 0.010])
    other = entry("cpu", [0.005, 0.008, 0.008, 0.005], group)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(result_files.document([plain, other])))
    first, second = read(path).results
    ratio = log_ratio_by_turns(first, second)
    assert (ratio is not None) is taken
    if ratio is not None:
        assert ratio.ratio == pytest.approx(2)
