"""The tables beside the speedups: peers, scenarios, start, quality; and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from result_files import (
    SECONDS,
    Document,
    benchmark,
    benchmarks,
    document,
    process,
    scenario,
    served,
    write,
)

from isthmus.reports import Report, build_report
from isthmus.reports.display import Table


def built(tmp_path: Path, content: Document) -> Report:
    return build_report([write(tmp_path / "results.json", content)])


def table(made: Report, title: str) -> Table:
    return next(table for table in made.tables if title in table.title)


def cells(found: Table, at: int) -> dict[str, str]:
    """A row's texts by the headers."""
    return {str(name): str(cell) for name, cell in zip(found.headers, found.rows[at], strict=True)}


def alone(variant: str = "cpu", seconds: float = 0.1, **facts: Any) -> Document:
    return benchmark("net", variant, [[seconds, 1.01 * seconds]] * 3, **facts)


def test_ours_stands_against_every_peer(tmp_path: Path) -> None:
    made = built(tmp_path, document())
    found = table(made, "Isthmus CPU against every peer")
    peers = ["OpenVINO by hand", "torch eager", "JAX", "MXNet oneDNN", "MXNet plain"]
    assert [cell.text for cell in found.headers][1:6] == peers
    ratio = float(cells(found, 2)["torch eager"].partition("×")[0])
    medians = SECONDS["resnet-50"]
    assert ratio == pytest.approx(medians["torch-eager"] / medians["cpu"], rel=0.01)
    assert cells(found, 4)["JAX"].startswith("2.5") and cells(found, 4)["JAX"].endswith("of 4")
    assert {cells(found, at)["MXNet plain"] for at in range(5)} == {"missing"}
    assert any("MXNet plain is missing (bert-base-128, " in note for note in found.notes)


def test_a_mean_over_fewer_workloads_says_so(tmp_path: Path) -> None:
    entries = [entry for entry in benchmarks() if entry["name"] != "resnet-50[jax]"]
    found = table(built(tmp_path, document(entries)), "every peer")
    assert cells(found, 2)["JAX"] == "not run" and cells(found, 4)["JAX"].endswith("of 3")
    assert any(note.startswith("Not run: ") for note in found.notes)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"parity_max_rel_error": None, "parity": None}, "no parity"),
        ({"threads": 4}, "not run"),
        ({"precision": "bf16"}, "not run"),
        ({"batch": 2}, "not run"),
        ({"scenario": "offline"}, "not run"),
    ],
)
def test_a_peer_without_parity_or_with_other_settings_has_no_ratio(
    tmp_path: Path, facts: Document, says: str
) -> None:
    found = table(built(tmp_path, document([alone(), alone("jax", 0.3, **facts)])), "every peer")
    assert cells(found, 0)["JAX"] == says


def test_without_peers_there_is_no_table_of_them(tmp_path: Path) -> None:
    made = built(tmp_path, document([alone("numpy", 1.0), alone()]))
    assert not any("every peer" in table.title for table in made.tables)


def lack(**facts: str) -> Document:
    entry = {"workload": "net", "variant": "jax", "scenario": "single-stream", "reason": "no JAX"}
    return entry | facts


def test_missing_variants_stand_after_their_workload(tmp_path: Path) -> None:
    content = document([alone("numpy", 1.0), alone()], isthmus={"missing": [lack()]})
    content["benchmarks"].append(benchmark("other", "cpu", [[0.1]] * 3))
    made = built(tmp_path, content)
    assert [(row.workload, row.variant) for row in made.rows][2] == ("net", "jax")
    assert cells(made.tables[0], 2)["speedup"] == "missing" and cells(made.tables[0], 2)["ms"] == ""
    assert made.tables[0].notes[-1] == "JAX is missing (net): no JAX."


def test_what_another_file_of_the_machine_measured_is_not_missing(tmp_path: Path) -> None:
    first = document([alone("numpy", 1.0)], isthmus={"missing": [lack()]})
    paths = [
        write(tmp_path / "a.json", first),
        write(tmp_path / "b.json", document([alone("jax")])),
    ]
    assert not any(row.missing for row in build_report(paths).rows)
    elsewhere = document([alone("jax")], cpu_model="other")
    write(tmp_path / "b.json", elsewhere)
    assert [row.missing for row in build_report(paths).rows if row.missing] == ["no JAX"]


def test_scenarios_say_valid_or_why_not(tmp_path: Path) -> None:
    gone = lack(scenario="server", variant="gpu", reason="no device")
    entries = [alone(), served("net", "cpu"), served("old", "cpu", valid=False)]
    found = table(built(tmp_path, document(entries, isthmus={"missing": [gone]})), "Scenarios")
    good, bad, absent = (cells(found, at) for at in range(3))
    assert (good["outcome"], good["more needed"], good["p99 ms"]) == ("VALID", "-", "44.7 ≤ 47.3")
    assert bad["outcome"] == "INVALID p99 60.1 ms is above the bound of 50 ms"
    assert (bad["more needed"], bad["p99 ms"]) == ("262", "44.7 no bound")
    assert (good["p50 ms"], good["scheduled/s"], good["achieved/s"]) == ("31.2", "15.0", "14.8")
    assert (absent["variant"], absent["outcome"]) == ("Isthmus GPU", "missing")
    assert found.notes[-1] == "Isthmus GPU is missing (net): no device."


def test_a_scenario_has_no_speedup_and_its_own_rate(tmp_path: Path) -> None:
    content = document([alone("numpy", 1.0), alone(), served("net", "cpu")])
    made = built(tmp_path, content)
    assert [row.variant for row in made.rows] == ["numpy", "cpu"]
    result = made.files[0].results[2]
    assert result.requests_per_second == 14.8 and result.scenario == "server"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("valid", "yes"),
        ("more_queries", -1),
        ("achieved_per_s", 0),
        ("percentiles_ms", {"99": -1.0}),
        ("bounded_ms", {"99": "wide"}),
        ("percentiles_ms", [1.0]),
    ],
)
def test_a_senseless_scenario_is_refused(tmp_path: Path, field: str, value: object) -> None:
    from isthmus.errors import FileError

    broken = alone(scenario_result=scenario() | {field: value}, scenario="server")
    with pytest.raises(FileError, match=r"net/server\[cpu\]: scenario_result"):
        built(tmp_path, document([broken]))


def test_start_and_memory_say_what_was_measured(tmp_path: Path) -> None:
    known = alone(load_seconds=0.25, compile_seconds=2.0, first_inference_seconds=0.3)
    unknown = alone("jax", load_seconds=None, compile_seconds=None, peak_memory_bytes=None)
    found = table(built(tmp_path, document([known, unknown])), "Start")
    assert list(cells(found, 0).values())[2:] == ["0.310", "0.250", "2.00", "300", "100", "900"]
    assert list(cells(found, 1).values())[2:] == ["0.310", "-", "-", "200", "100", "-"]


def test_a_good_measurement_is_one_line(tmp_path: Path) -> None:
    found = table(built(tmp_path, document([alone()])), "quality")
    assert found.rows == ()
    assert found.notes == (
        "results.json: 3 rounds; equal threads: 2, bound; all steady; no window discarded; "
        "at most 1.97 processors used; timer resolution 30 ns.",
    )


@pytest.mark.parametrize(
    ("changes", "column", "says"),
    [
        ({"windows": {"kept": 3, "discarded": {"steal": 2}}}, "discarded windows", "steal 6"),
        ({"windows": {"all_bad": True, "bad": {"clock": 1}}}, "bad, kept", "clock 3"),
        ({"warm_up": {"steady": False}}, "not steady", "3 of 3"),
        ({"cpu_per_wall": 2.4}, "CPU/wall", "2.40"),
        ({"affinity": [0, 1, 2, 3]}, "cores", "4"),
        ({"affinity": None}, "cores", "-"),
    ],
)
def test_a_doubtful_measurement_has_a_row(
    tmp_path: Path, changes: Document, column: str, says: str
) -> None:
    doubtful = alone(processes=[process(**changes)] * 3)
    found = table(built(tmp_path, document([doubtful, alone("jax")])), "quality")
    assert len(found.rows) == 1 and cells(found, 0)[column] == says
    assert ("not bound" in found.notes[0]) == (column == "cores")


def test_what_spoils_a_comparison_is_a_warning(tmp_path: Path) -> None:
    greedy = alone(processes=[process(cpu_per_wall=3.5)] * 3)
    coarse = alone("jax", processes=[process(timer_resolution_seconds=0.01)] * 3)
    spoilt = process(windows={"all_bad": True, "bad": {"steal": 2}})
    shared = alone("numpy", processes=[process(), spoilt, process()])
    content = document([greedy, coarse, shared], isthmus={"interrupted": True})
    interrupted, disturbed, busy, blurred = built(tmp_path, content).warnings
    assert "1 of 9 processes were disturbed all the time (steal 2)" in disturbed
    assert interrupted.startswith("results.json: interrupted")
    assert busy.startswith("net, Isthmus CPU kept 3.50 processors busy with a budget of 2 threads")
    assert blurred.startswith("net, JAX: the timer's resolution is above 1%")


def test_unequal_threads_are_said(tmp_path: Path) -> None:
    found = table(built(tmp_path, document([alone(), alone("jax", threads=1)])), "quality")
    assert "unequal threads: 1, 2, not bound" in found.notes[0]
