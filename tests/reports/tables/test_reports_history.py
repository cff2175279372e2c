"""The history in a report: a table, a plot with its change points, tidy rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import typer
from result_files import document, write
from stored_runs import FACTS, commit, machine, moment, noisy, record
from typer.testing import CliRunner

from isthmus.cli.report import report
from isthmus.errors import NothingMeasured
from isthmus.reports import Report, build_report
from isthmus.reports import write as write_files
from isthmus.reports.display import Table
from isthmus.reports.files.history import store
from isthmus.reports.files.history.store_record import LATENCY, Kept
from isthmus.reports.plots.drawing import draw
from isthmus.reports.plots.panels import figure
from isthmus.reports.tables.trends import trends

STEP = noisy([10.0] * 10 + [11.0] * 8, noise=0.004)


def stored(folder: Path, latencies_ms: list[float] = STEP, **changes: Any) -> Path:
    for day, latency in enumerate(latencies_ms):
        store.append(folder / "history", record(day, latency, **changes))
    return folder / "history"


def over_time(made: Report) -> Table:
    return next(table for table in made.tables if table.title.startswith("Over time"))


def cells(table: Table, row: int = 0) -> dict[str, str]:
    return dict(zip(map(str, table.headers), map(str, table.rows[row]), strict=True))


def test_the_table_says_levels_and_change_points_with_commits(tmp_path: Path) -> None:
    made = build_report([], stored=stored(tmp_path))
    (table,) = made.tables
    said = cells(table)
    assert table.title == "Over time on this machine"
    assert (said["workload"], said["variant"], said["runs"]) == ("net", "Isthmus CPU", "18")
    point = said["change points"]
    assert point.startswith("+") and point.endswith(f" % 2026-09-11 {commit(10)}")
    assert float(said["first ms"]) == pytest.approx(10, rel=0.01)
    assert float(said["last ms"]) == pytest.approx(11, rel=0.01)
    assert said["in all"].startswith("+") and "threads 2" in table.shared
    assert made.verdict == "1 of 1 benchmarks changed over 18 runs, 2026-09-01 to 2026-09-18."


def test_few_and_unchanged_runs_say_so(tmp_path: Path) -> None:
    few = cells(over_time(build_report([], stored=stored(tmp_path / "few", [10.0] * 3))))
    assert (few["change points"], few["in all"], few["runs"]) == ("- 6 runs are needed", "-", "3")
    same = cells(over_time(build_report([], stored=stored(tmp_path / "same", [10.0] * 8))))
    assert (same["change points"], same["in all"]) == ("none", "unchanged")


def test_of_many_change_points_the_last_are_written_out(tmp_path: Path) -> None:
    levels = [10.0 * 1.2**level for level in range(6) for _ in range(6)]
    said = cells(over_time(build_report([], stored=stored(tmp_path, levels))))
    assert said["change points"].startswith("2 before; +20.0 % ")
    assert said["change points"].count("2026-") == 3


def test_work_and_machines_are_kept_apart(tmp_path: Path) -> None:
    stored(tmp_path)
    values = {LATENCY: (5.0,)}
    other = Kept("isthmus::net[cpu]", "net", "cpu", FACTS | {"threads": 4}, values)
    store.append(tmp_path / "history", record(30, benchmarks=(other,)))
    stored(tmp_path, [20.0] * 6, machine=machine(cpu_model="EPYC", cores=8))
    found = trends(store.read(tmp_path / "history").records)
    assert [(len(one.runs), one.facts["threads"]) for one in found] == [(18, 2), (6, 2), (1, 4)]
    table = over_time(build_report([], stored=tmp_path / "history"))
    assert table.title == "Over time on each machine"
    assert {cells(table, at)["machine"] for at in range(3)} == {"Xeon 8488C", "EPYC"}
    assert {cells(table, at)["threads"] for at in range(3)} == {"2", "4"}


def test_a_file_brings_the_history_of_its_own_machine(tmp_path: Path) -> None:
    file = write(tmp_path / "file.json", document())
    cpu = "INTEL(R) XEON(R) PLATINUM 8488C"
    here = machine(cpu_model=cpu, gpu="", flags=["avx2", "avx512f", "avx512_vnni"])
    elsewhere = stored(tmp_path / "elsewhere")
    made, bare = build_report([file], stored=elsewhere), build_report([file])
    assert [*bare.warnings, made.warnings[-1]] == list(made.warnings)
    assert "no run on this machine (INTEL(R) XEON(R) PLATINUM 8488C, 2 cores)" in made.warnings[-1]
    assert made.tables == bare.tables and made.verdict == bare.verdict
    both = build_report([file], stored=stored(tmp_path, machine=here))
    assert both.tables[:-1] == bare.tables and cells(over_time(both))["runs"] == "18"


def test_broken_records_are_warned_of(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    broken = sorted(folder.glob("*/*.json"))[0]
    broken.write_text("")
    made = build_report([], stored=folder)
    assert len(made.warnings) == 1 and str(broken) in made.warnings[0]


@pytest.mark.parametrize("name", ["history", "nope"])
def test_a_history_without_runs_is_nothing_measured(tmp_path: Path, name: str) -> None:
    (tmp_path / "history").mkdir()
    with pytest.raises(NothingMeasured, match="holds no run"):
        build_report([], stored=tmp_path / name)


def test_the_plot_marks_where_a_level_begins(tmp_path: Path) -> None:
    drawing = next(one for one in draw(build_report([], stored=stored(tmp_path))) if one.panels)
    assert drawing.plot.name == "history" and drawing.plot.above("Over time on this machine")
    (axes,) = figure(drawing.panels[1:]).axes
    runs, start = axes.lines
    assert numpy.size(runs.get_xdata()) == 18
    assert numpy.asarray(start.get_ydata()).tolist() == [pytest.approx(STEP[10])]
    assert "+10 %" in [text.get_text() for text in axes.texts]


def test_many_runs_are_a_line_without_marks(tmp_path: Path) -> None:
    made = build_report([], stored=stored(tmp_path, noisy([10.0] * 60)))
    drawing = next(one for one in draw(made) if one.panels)
    assert [line.get_marker() for line in figure(drawing.panels[1:]).axes[0].lines] == [""]


def test_every_run_is_a_tidy_row(tmp_path: Path) -> None:
    made = build_report([], stored=stored(tmp_path))
    paths = {path.name: path for path in write_files(made, tmp_path / "out")}
    assert {"report.md", "report.html", "history.csv", "history.svg", "report.json"} <= set(paths)
    rows = list(csv.DictReader(paths["history.csv"].read_text().splitlines()))
    assert [row["measured"] for row in rows] == [moment(day) for day in range(18)]
    assert [row["segment"] for row in rows] == ["1"] * 10 + ["2"] * 8
    assert {row["batch"] for row in rows} == {"1"} and rows[3]["commit"] == commit(3)
    assert json.loads(paths["report.json"].read_text())["history"][9]["segment"] == 1
    assert "Over time on this machine" in paths["report.html"].read_text()


def test_without_a_history_nothing_is_said_of_it(tmp_path: Path) -> None:
    made = build_report([write(tmp_path / "file.json", document())])
    assert made.trends == () and not any("Over time" in table.title for table in made.tables)
    names = {path.name for path in write_files(made, tmp_path / "out")}
    assert "history.csv" not in names and "history.svg" not in names
    assert "history" not in json.loads((tmp_path / "out" / "report.json").read_text())


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(report)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_the_command_line_shows_a_history(tmp_path: Path) -> None:
    code, output = run("--history", stored(tmp_path))
    assert code == 0 and "Over time on this machine" in output and commit(10) in output
    code, output = run("--history", tmp_path / "history", "--json")
    assert code == 0 and len(json.loads(output)["history"]) == 18
