"""From result files to the speedup table, the verdict, the files and the command line."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import pytest_files
import typer
from hypothesis import given
from hypothesis import strategies as st
from result_files import (
    SECONDS,
    VARIANTS,
    Document,
    benchmark,
    benchmarks,
    document,
    served,
    write,
)
from typer.testing import CliRunner

from isthmus.cli.report import report
from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import Report, build_report, write_report
from isthmus.reports.display import Table, label, significant
from isthmus.reports.outputs.markdown import escape, markdown


def saved(tmp_path: Path, content: Document, name: str = "results.json") -> Path:
    return write(tmp_path / name, content)


def built(tmp_path: Path, content: Document, **options: Any) -> Report:
    return build_report([saved(tmp_path, content)], **options)


def table(made: Report, title: str) -> Table:
    return next(table for table in made.tables if table.title.startswith(title))


def test_speedup_is_the_ratio_of_medians_with_its_interval(tmp_path: Path) -> None:
    rows = {(row.workload, row.variant): row for row in built(tmp_path, document()).rows}
    for workload, medians in SECONDS.items():
        row = rows[workload, "cpu"]
        assert row.speedup is not None and row.by_hand is not None
        low, high = row.speedup.interval()
        assert low < row.speedup.ratio < high < 1.03 * low
        assert row.speedup.ratio == pytest.approx(medians["numpy"] / medians["cpu"], rel=0.01)
        by_hand = medians["openvino-by-hand"] / medians["cpu"]
        assert row.by_hand.ratio == pytest.approx(by_hand, rel=0.01)


def test_rows_stand_by_workload_as_first_met_the_baseline_first(tmp_path: Path) -> None:
    order = [("b", "cpu"), ("a", "cpu"), ("a", "numpy"), ("b", "numpy")]
    content = document([benchmark(*names, [[0.1, 0.2]] * 3) for names in order])
    rows = [(row.workload, row.variant) for row in built(tmp_path, content).rows if row.result]
    assert rows == [("b", "numpy"), ("b", "cpu"), ("a", "numpy"), ("a", "cpu")]


def test_geometric_mean_is_over_all_workloads(tmp_path: Path) -> None:
    means = [row for row in built(tmp_path, document()).rows if row.mean]
    assert [row.variant for row in means] == list(VARIANTS[1:])
    ratios = [medians["numpy"] / medians["cpu"] for medians in SECONDS.values()]
    assert means[0].speedup is not None and means[0].workloads == 4
    assert means[0].speedup.ratio == pytest.approx(math.prod(ratios) ** (1 / 4), rel=0.01)


def test_interleaved_rounds_are_paired_from_two_to_many(tmp_path: Path) -> None:
    for rounds, method in ((2, "bootstrap, samples"), (6, "t, 6 paired"), (10, "signed ranks, 10")):
        made = built(tmp_path, document(benchmarks(["resnet-50"], rounds=rounds)))
        assert made.rows[1].speedup and made.rows[1].speedup.method.startswith(method)


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"parity_max_rel_error": None, "parity": None}, "no parity"),
        ({"parity_max_rel_error": float("nan"), "parity": None}, "not a number"),
        ({"parity": {"max_rel_error": 0.1, "cosine": float("nan")}}, "not a number"),
        ({"threads": 4}, "no baseline"),
        ({"batch": 8}, "no baseline"),
        ({"sequence": 64}, "no baseline"),
        ({"sequence": "texts"}, "no baseline"),
        ({"scenario": "offline", "scenario_result": None}, "no baseline"),
    ],
)
def test_no_speedup_without_parity_or_a_like_baseline(
    tmp_path: Path, facts: Document, note: str
) -> None:
    native = benchmark("net", "numpy", [[1.0, 1.1]] * 3)
    content = document([native, benchmark("net", "cpu", [[0.1, 0.2]] * 3, **facts)])
    made = built(tmp_path, content)
    assert (made.rows[1].speedup, made.rows[1].note) == (None, note)
    assert "No speedup is claimed" in made.verdict
    assert note in [cell.text for cell in made.tables[0].rows[1]]


def test_parity_stands_beside_every_speedup(tmp_path: Path) -> None:
    parity = {"reference": "numpy", "max_rel_error": 3e-5, "cosine": 0.9999, "samples": 3}
    ours = benchmark("net", "cpu", [[0.1]] * 3, parity=parity | {"top1_agreement": 2 / 3})
    made = built(tmp_path, document([benchmark("net", "numpy", [[1.0]] * 3), ours]))
    headers = [cell.text for cell in made.tables[0].headers]
    cells = dict(zip(headers, map(str, made.tables[0].rows[1]), strict=True))
    assert headers.index("max rel. error") == headers.index("speedup") + 1
    assert (cells["max rel. error"], cells["cosine"]) == ("3.0e-05", "0.999900")
    assert cells["top-1"] == "66.6 %"


def test_wrong_outputs_are_warned_of_and_not_the_verdict(tmp_path: Path) -> None:
    native = benchmark("net", "numpy", [[1.0, 1.1]] * 3)
    wrong = benchmark("net", "cpu", [[0.1, 0.2]] * 3, parity_max_rel_error=0.4)
    right = benchmark("net", "onnxruntime-cpu", [[0.5, 0.51]] * 3)
    made = built(tmp_path, document([native, wrong, right]))
    assert made.warnings == (
        "net, Isthmus CPU: relative error 4.0e-01 is above 0.001; "
        "the speed is that of another computation.",
    )
    assert made.verdict.startswith("Isthmus ONNX CPU is 2.0")


def test_foreign_files_are_reported_without_speedup(tmp_path: Path) -> None:
    bare = {"name": "test_f", "fullname": "t.py::test_f", "group": None, "stats": {"median": 0.25}}
    made = built(tmp_path, document([bare]))
    assert [(row.workload, row.note) for row in made.rows] == [("test_f", "no parity")]
    assert made.rows[0].result is not None and made.rows[0].result.requests_per_second == 4


def test_files_without_a_benchmark_are_nothing_measured(tmp_path: Path) -> None:
    with pytest.raises(NothingMeasured):
        built(tmp_path, document([]))


def test_the_same_result_in_two_files_is_refused(tmp_path: Path) -> None:
    first, second = (saved(tmp_path, document(), name) for name in ("a.json", "b.json"))
    with pytest.raises(FileError, match=r"b\.json: .* is also in .*a\.json"):
        build_report([first, second])
    assert len(build_report([first, first]).rows) == len(build_report([first]).rows)


def test_a_later_file_stands_for_the_earlier_one(tmp_path: Path) -> None:
    old = document(benchmarks(["resnet-50", "mobilenet-v2"]))
    new = document(benchmarks(["resnet-50"], ["numpy", "cpu"], rounds=9))
    new["datetime"] = "2026-11-21T10:00:00"
    paths = [saved(tmp_path, new, "new.json"), saved(tmp_path, old, "old.json")]
    made = build_report(paths)
    rows = {(row.workload, row.variant): row for row in made.rows if row.result}
    assert len(rows) == 12 and len(made.files) == 2
    assert [len(rows["resnet-50", name].result.rounds) for name in ("cpu", "jax")] == [9, 6]  # type: ignore[union-attr]
    assert rows["resnet-50", "jax"].speedup is not None  # against the NumPy of its own file
    assert "2 results of 1 file were measured again later" in made.warnings[0]
    assert {row[0].text for row in table(made, "Start").rows} == {"resnet-50", "mobilenet-v2"}


def test_every_file_is_written(tmp_path: Path) -> None:
    paths = write_report([saved(tmp_path, document())], tmp_path / "new" / "folder")
    tables = {"speedup.csv", "peers.csv", "cost.csv", "scenarios.csv", "report.json"}
    names = {path.name for path in paths}
    assert names >= tables | {"report.md", "report.html"} and all(p.exists() for p in paths)
    folder = paths[0].parent
    with (folder / "speedup.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 4 * 8 + 5
    assert rows[0]["threads"] == "2" and rows[-1]["threads"] == ""
    assert float(rows[1]["speedup"]) == pytest.approx(0.2602 / 0.117, rel=0.02)
    assert {row["missing"] for row in rows if row["note"] == "missing"} == {
        "no environment: run `make peers`"
    }


def test_a_table_without_rows_has_no_csv(tmp_path: Path) -> None:
    path = saved(tmp_path, document([benchmark("net", "cpu", [[0.1]] * 3, threads=None)]))
    names = {path.name for path in write_report([path], tmp_path)}
    assert "speedup.csv" in names and names.isdisjoint({"peers.csv", "scenarios.csv"})


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, document())
    with pytest.raises(FileError, match="name a folder"):
        write_report([path], path)


def test_markdown_says_the_verdict_first_and_the_environment_last(tmp_path: Path) -> None:
    text = markdown(built(tmp_path, document()))
    for fact in ("Isthmus CPU", "4.1e-06", "1.000000", "100 %", "MXNet plain", "8488C", "VALID"):
        assert fact in text
    assert text.index("**Isthmus CPU is") < text.index("## Speedup") < text.index("## Environment")
    sections = text.split("## ")
    for section in sections[:-1]:
        widths = {line.count(" | ") for line in section.splitlines() if line.startswith("| ")}
        assert len(widths) <= 1


HOSTILE = "<script>alert(1)</script>[bold]|`&\x1b[31m"


def test_names_from_files_are_only_names(tmp_path: Path) -> None:
    native = benchmark(HOSTILE, "numpy", [[1.0, 1.1]] * 3)
    ours = benchmark(HOSTILE, HOSTILE, [[0.1, 0.2]] * 3)
    gone = {"workload": HOSTILE, "variant": "jax", "scenario": "server", "reason": HOSTILE}
    content = document([native, ours], isthmus={"missing": [gone]}, cpu_model=HOSTILE)
    write_report([saved(tmp_path, content)], tmp_path)
    for name in ("report.html", "report.md"):
        written = (tmp_path / name).read_text()
        assert "<script>alert" not in written.replace("\\<", "")
        assert "\x1b" not in written and "alert" in written
    code, output = run(tmp_path / "results.json")
    assert code == 0 and "\x1b" not in output and "[bold]" in output


def test_a_formula_in_a_name_does_not_reach_a_spreadsheet(tmp_path: Path) -> None:
    content = document([benchmark("=cmd()", "cpu", [[0.1, 0.2]])])
    write_report([saved(tmp_path, content)], tmp_path)
    assert "\n'=cmd()," in (tmp_path / "speedup.csv").read_text()


@given(st.text())
def test_escaped_markdown_keeps_its_letters(text: str) -> None:
    escaped = escape(text)
    assert re.sub(r"\\(.)", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(\\\\)*[<|*`]", escaped)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (0.012345, "0.0123"), (8.0, "8.00"), (99.96, "100.0"), (0.0, "0.0")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


def test_every_variant_that_is_measured_has_a_name_for_readers() -> None:
    from isthmus.benchmarks.harness.variants import VARIANTS as MEASURED

    assert {variant.name for variant in MEASURED if label(variant.name) == variant.name} == set()


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(report)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_command_line_prints_tables_and_writes(tmp_path: Path) -> None:
    content = document([*benchmarks(["resnet-50"]), served("resnet-50", "cpu")])
    code, output = run(saved(tmp_path, content), "--out", tmp_path / "out")
    assert code == 0
    assert output.startswith("Isthmus CPU is 1.9") and "(resnet-50, 95 % interval" in output
    assert re.search(r"1\.9\d× \[1\.9\d, 2\.0\d\]|1\.9\d× \[1\.9\d, 1\.9\d\]", output)
    assert "report.html" in output
    titles = ("Speedup over", "against every peer", "Scenarios", "Start and memory", "quality")
    places = [output.index(title) for title in titles]
    assert places == sorted(places)


def test_command_line_speaks_json(tmp_path: Path) -> None:
    arguments = ("--json", "--instance", "c5.xlarge", "--instance", "c5.2xlarge")
    code, output = run(saved(tmp_path, document()), *arguments)
    said = json.loads(output)
    assert code == 0 and len(said["speedup"]) == 37
    assert said["speedup"][0]["parity_max_rel_error"] is None
    assert {row["peer"] for row in said["peers"]} >= {"jax", "mxnet-plain"}
    bounds = {(row["scenario"], row["p99_bound_ms"]) for row in said["scenarios"]}
    assert bounds == {("server", 47.3)}
    assert {"c5.xlarge", "c5.2xlarge"} <= {cost["instance"] for cost in said["cost"]}
    assert said["environment"][0]["file"] == "results.json"


@pytest.mark.parametrize("argument", ["workload", "workload=", "speed=3", "threads=two", "batch=0"])
def test_a_senseless_name_for_a_foreign_file_is_refused(tmp_path: Path, argument: str) -> None:
    with pytest.raises(UsageError, match="--as "):
        run(saved(tmp_path, document()), "--as", argument)


def test_command_line_help_shows_an_example() -> None:
    code, output = run("--help")
    assert code == 0 and "isthmus report results.json --out" in output


def test_what_is_damaged_in_a_file_is_said_and_the_others_are_shown(tmp_path: Path) -> None:
    broken = pytest_files.entry("test_f", [0.1, 0.1]) | {"stats": {"median": 1.0, "data": [0.0]}}
    whole = pytest_files.entry("test_g", [0.1] * 9)
    path = pytest_files.saved(tmp_path / "r.json", pytest_files.session(broken, whole, whole))
    built = build_report([path])
    assert [row.workload for row in built.rows] == ["test_g"]
    said = "\n".join(built.warnings)
    assert "test_f is left out: stats.data[0] is 0.0" in said and "the last run counts" in said


def test_runs_by_two_interpreters_have_a_row_each(tmp_path: Path) -> None:
    entry = pytest_files.entry("test_f", [0.1] * 9)
    paths = [
        pytest_files.saved(
            tmp_path / f"{day}.json",
            pytest_files.session(entry, day=day, machine={"python_version": version}),
        )
        for day, version in enumerate(("3.11.2", "3.12.1", "3.12.4"), start=1)
    ]
    assert len(build_report(paths).rows) == 2, "of 3.12 the newer"
