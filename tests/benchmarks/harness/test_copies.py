"""Copies of a program side by side: their records as one, and real ones in a real run."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from isthmus.benchmarks.harness import variants
from isthmus.benchmarks.harness.bench import run_bench
from isthmus.benchmarks.harness.copies import SCALING, counts_of, merged, processors_of
from isthmus.benchmarks.harness.plan import Plan, scaling_cells
from isthmus.benchmarks.work import foreign
from isthmus.cli import main
from isthmus.errors import UsageError
from isthmus.reports import read
from isthmus.reports.tables.scaling import scaling_rows
from isthmus.system.threads import available_threads
from isthmus.system.topology import usable

NET = """\
from isthmus import np

def net(x):
    return np.matmul(x, x) / 16
"""


def record(
    windows: dict[int, list[float]], bad: tuple[int, ...] = (), **changes: Any
) -> dict[str, Any]:
    """A process whose good windows have these samples, by their places."""
    return {
        "runtime": "openvino 2026.4.1",
        "seconds": [second for samples in windows.values() for second in samples],
        "calls_per_sample": 1,
        "windows": {
            "kept": len(windows),
            "discarded": {"steal": 1},
            "all_bad": False,
            "bad": {"steal": 1},
            "window_seconds": 0.1,
            "signals": {},
            "turns": [[at, len(samples)] for at, samples in windows.items()],
        },
        "every_turn": [
            [fmean(windows[at]), at not in bad] for at in range(max(windows) + 1) if at in windows
        ],
        "affinity": [0],
        "cpu_per_wall": 0.9,
        "os_threads": 3,
        "peak_memory_bytes": 100,
        "warm_up": {"calls": 3, "seconds": 0.1, "steady": True},
        "energy_joules_per_call": 1.0,
    } | changes


def test_the_rate_of_a_turn_is_the_sum_of_its_copies() -> None:
    """Of 10 and 5 calls a second: 15. A turn that was bad for one of them is none."""
    one = record({0: [0.1, 0.1], 1: [0.05], 2: [0.2]}, bad=(1,))
    other = record({0: [0.2], 1: [0.1], 2: [0.2, 0.2], 3: [0.2]}, affinity=[1])
    found = merged([one, other])
    assert found["seconds"] == pytest.approx([1 / 15, 1 / 10])
    assert found["windows"]["turns"] == [[0, 1], [2, 1]] and found["windows"]["kept"] == 2
    assert found["windows"]["discarded"] == {"steal": 2} and not found["windows"]["all_bad"]
    assert found["scenario"]["achieved_per_s"] == pytest.approx(12.5)
    assert found["scenario"]["queries"] == 9 and found["scenario"]["valid"]
    assert found["affinity"] == [0, 1] and found["peak_memory_bytes"] == 200
    assert found["cpu_per_wall"] == pytest.approx(1.8)
    assert found["energy_joules_per_call"] is None, "the machine's, of all copies and what else ran"
    assert found["call_variation"] > 0 and "every_turn" not in found


def test_unequal_calls_of_a_turn_count_by_their_time() -> None:
    found = merged([record({0: [0.1, 0.3]})])
    assert found["seconds"] == pytest.approx([0.2]), "two calls in 0.4 s"


def test_where_every_turn_was_bad_for_one_all_are_kept_and_said_to_be() -> None:
    found = merged([record({0: [0.1], 1: [0.2]}, bad=(0,)), record({0: [0.1], 1: [0.2]}, bad=(1,))])
    assert found["seconds"] == pytest.approx([0.05, 0.1])
    assert found["windows"]["all_bad"] and found["windows"]["discarded"] == {}


def test_numbers_of_processes_always_have_one_to_compare_with() -> None:
    most = available_threads()
    assert counts_of(str(most)) == tuple(sorted({1, most}))
    assert counts_of("1, 1") == (1,)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "1,,2", "1.5", "99999"])
def test_numbers_of_processes_that_are_none_are_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="--scaling") as caught:
        counts_of(text)
    assert "\n" not in str(caught.value)


def test_every_copy_has_a_processor_of_its_own() -> None:
    every = processors_of(len(usable()))
    assert sorted(every) == usable() and processors_of(1) == every[:1]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--scaling", "1", "--threads", "1"], "leave --threads"),
        (["--scaling", "1", "--scenario", "offline"], "leave --scenario"),
        (["--scaling", "1", "--endpoint", "http://127.0.0.1:1"], "leave --endpoint"),
        (["--scaling", "1", "--full"], "exclude each other"),
        (["--scaling", "99999"], "give 1 to"),
    ],
)
def test_what_does_not_go_with_scaling(
    typed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *typed]) == 2
    assert words in capsys.readouterr().err


def test_real_copies_are_measured_beside_one_and_the_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mymodule.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    work, most = foreign.workload_of("mymodule:net", ["x=64,64"]), available_threads()
    cells = scaling_cells([work], variants.find(["cpu"]), counts_of(str(most)))
    plan, path = Plan(cells, rounds=3, seconds=0.3, peaks=False), tmp_path / "result.json"
    run_bench(plan, path, lambda step: None)
    results = read(path).results
    assert {(one.scenario, one.copies, one.threads) for one in results} == {
        (SCALING, count, count) for count in counts_of(str(most))
    }
    assert all(one.parity_max_rel_error is not None for one in results)
    processes = json.loads(path.read_text())["benchmarks"][-1]["extra_info"]["processes"]
    own = [copy["affinity"] for copy in processes[0]["copies"]]
    assert len(own) == most and all(len(one) == 1 for one in own)
    assert len({one[0] for one in own}) == most, "each on its own processor"
    rows = scaling_rows([read(path)])
    assert [row.copies for row in rows] == list(counts_of(str(most)))
    assert all(row.efficiency is not None for row in rows[1:])
    said: list[str] = []
    run_bench(plan, path, lambda step: said.append(step.text), resume=True)
    assert not [text for text in said if "round" in text], "nothing was left to measure"
