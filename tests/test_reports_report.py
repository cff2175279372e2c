"""From result files to tables, dollars and pages."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from isthmus.cli.report import report
from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import (
    DEFAULT_INSTANCES,
    Report,
    build_report,
    read_prices,
    usd_per_million,
    write_report,
)
from isthmus.reports.axis import axis_for
from isthmus.reports.display import significant
from isthmus.reports.markdown import escape

Document = dict[str, Any]

# Median seconds: NumPy, ours on OpenVINO, ours on ONNX Runtime, OpenVINO by hand.
SPEEDS = {
    "bert-base-128": (0.412, 0.0522, 0.0615, 0.0511),
    "resnet-50": (1.35, 0.0301, 0.0392, 0.0297),
    "mobilenet-v2": (0.61, 0.0058, 0.0083, 0.0056),
}
VARIANTS = ("numpy", "cpu", "onnxruntime-cpu", "openvino-by-hand")
PARITY = {"numpy": None, "cpu": 4.1e-6, "onnxruntime-cpu": 6.3e-6, "openvino-by-hand": 4.0e-6}


def times(random: numpy.random.Generator, median: float, drift: Any) -> list[list[float]]:
    """Rounds that share `drift` with the other variants, as interleaved rounds do."""
    own = numpy.exp(0.004 * random.standard_normal((len(drift), 1)))
    spread = numpy.exp(0.01 * random.random((len(drift), 5)))
    rounds: list[list[float]] = (median * drift[:, None] * own * spread).round(7).tolist()
    return rounds


def benchmark(workload: str, variant: str, rounds: list[list[float]], **facts: Any) -> Document:
    """One benchmark as `isthmus bench` writes it."""
    data = [value for samples in rounds for value in samples]
    extra: Document = {"workload": workload, "variant": variant, "batch": 1, "precision": "f32"}
    extra |= {"sequence": 128 if "bert" in workload else None, "threads": 2, "rounds": rounds}
    extra |= {"parity_max_rel_error": PARITY.get(variant), "operations": 22_400_000_000}
    extra |= {"peak_memory_bytes": 900 << 20, "compile_seconds": 1.9}
    extra |= {"first_inference_seconds": 0.2, "runtime": "openvino 2026.4.1"}
    return {
        "group": workload,
        "name": f"{workload}[{variant}]",
        "fullname": f"isthmus::{workload}[{variant}]",
        "params": {"workload": workload, "variant": variant},
        "extra_info": extra | facts,
        "stats": {"median": float(numpy.median(data)), "data": data},
    }


def document(benchmarks: list[Document], **fingerprint: Any) -> Document:
    """A result file's content."""
    machine = {"cpu_model": "INTEL(R) XEON(R) PLATINUM 8488C", "cores": 2, "memory_gib": 7.6}
    ours = {"fingerprint": machine | fingerprint, "versions": {"numpy": "2.4.6", "isthmus": "0.1"}}
    return {
        "machine_info": {"system": "Linux", "python_version": "3.11.9", "isthmus": ours},
        "commit_info": {"id": "0123456789abcdef0123", "dirty": True},
        "benchmarks": benchmarks,
        "datetime": "2026-11-20T10:00:00.000000",
        "version": "5.3.1",
    }


def sample() -> Document:
    """Three workloads under four variants, six interleaved rounds."""
    random, every = numpy.random.default_rng(11), []
    for workload, medians in SPEEDS.items():
        drift = numpy.exp(0.02 * random.standard_normal(6))
        for variant, median in zip(VARIANTS, medians, strict=True):
            every.append(benchmark(workload, variant, times(random, median, drift)))
    return document(every)


def saved(tmp_path: Path, content: Document, name: str = "results.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(content))
    return path


def built(tmp_path: Path, content: Document, **options: Any) -> Report:
    return build_report([saved(tmp_path, content)], **options)


def test_speedup_is_the_ratio_of_medians_with_its_interval(tmp_path: Path) -> None:
    rows = {(row.workload, row.variant): row for row in built(tmp_path, sample()).rows}
    for workload, (native, ours, _, by_hand) in SPEEDS.items():
        row = rows[workload, "cpu"]
        assert row.speedup is not None and row.by_hand is not None
        low, high = row.speedup.interval()
        assert low < row.speedup.ratio < high < 1.03 * low
        assert row.speedup.ratio == pytest.approx(native / ours, rel=0.01)
        assert row.by_hand.ratio == pytest.approx(by_hand / ours, rel=0.01)


def test_rows_stand_by_workload_as_first_met_the_baseline_first(tmp_path: Path) -> None:
    order = [("b", "cpu"), ("a", "cpu"), ("a", "numpy"), ("b", "numpy")]
    content = document([benchmark(*names, [[0.1, 0.2]] * 3) for names in order])
    rows = [(row.workload, row.variant) for row in built(tmp_path, content).rows if row.result]
    assert rows == [("b", "numpy"), ("b", "cpu"), ("a", "numpy"), ("a", "cpu")]


def test_geometric_mean_is_over_all_workloads(tmp_path: Path) -> None:
    means = [row for row in built(tmp_path, sample()).rows if row.result is None]
    assert [row.variant for row in means] == ["cpu", "onnxruntime-cpu", "openvino-by-hand"]
    expected = math.prod(native / ours for native, ours, *_ in SPEEDS.values()) ** (1 / 3)
    assert means[0].speedup is not None and means[0].workloads == 3
    assert means[0].speedup.ratio == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"parity_max_rel_error": None}, "no parity"),
        ({"parity_max_rel_error": float("nan")}, "not a number"),
        ({"threads": 4}, "no baseline"),
        ({"batch": 8}, "no baseline"),
        ({"sequence": 64}, "no baseline"),
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


def test_the_same_result_in_two_files_is_refused(tmp_path: Path) -> None:
    first, second = (saved(tmp_path, sample(), name) for name in ("a.json", "b.json"))
    with pytest.raises(FileError, match=r"b\.json: .* is also in .*a\.json"):
        build_report([first, second])
    assert len(build_report([first, first]).rows) == 15


def test_foreign_files_are_reported_without_speedup(tmp_path: Path) -> None:
    bare = {"name": "test_f", "fullname": "t.py::test_f", "group": None, "stats": {"median": 0.25}}
    made = built(tmp_path, document([bare]))
    assert [(row.workload, row.note) for row in made.rows] == [("test_f", "no parity")]
    assert made.rows[0].result is not None and made.rows[0].result.requests_per_second == 4
    assert "how many threads" in made.tables[1].notes[1]


def test_files_without_a_benchmark_are_nothing_measured(tmp_path: Path) -> None:
    with pytest.raises(NothingMeasured):
        built(tmp_path, document([]))


def test_cost_is_the_published_one() -> None:
    """The 2020 table: 70.1 ms on c5.xlarge cost $3.31, 730 requests/s on g4dn.xlarge $0.20."""
    assert usd_per_million(1e3 / 70.1, 0.17) == pytest.approx(3.31, rel=1e-3)
    assert usd_per_million(730, 0.526) == pytest.approx(0.20, rel=1e-2)


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e3), st.floats(0.01, 1))
def test_cost_pays_for_the_hours(rate: float, usd: float, share: float) -> None:
    hours = 1e6 / (rate * share) / 3600
    assert usd_per_million(rate, usd, share) == pytest.approx(hours * usd)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, float("nan")])
def test_senseless_utilisation_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(UsageError, match="utilisation"):
        built(tmp_path, sample(), utilisation=share)


def test_costs_are_projected_onto_cpu_instances_with_enough_vcpus(tmp_path: Path) -> None:
    costs = built(tmp_path, sample()).costs
    assert {cost.status for cost in costs} == {"projected"}
    assert {cost.instance for cost in costs} == {
        "c5.xlarge",
        "m5.xlarge",
        "c7i.xlarge",
        "c7a.large",
    }
    four = document([benchmark("net", "cpu", [[0.1, 0.2]], threads=4)])
    assert "c7a.large" not in {cost.instance for cost in built(tmp_path, four).costs}
    ninety = document([benchmark("net", "cpu", [[0.1, 0.2]], threads=90)])
    none = built(tmp_path, ninety)
    assert none.costs == ()
    assert none.tables[1].notes[1] == "net cpu: no price (no CPU instance in the list has 90 vCPUs)"


def test_a_cost_is_measured_only_on_that_instance_type(tmp_path: Path) -> None:
    content = sample()
    content["machine_info"]["isthmus"]["fingerprint"]["instance_type"] = "c7i.xlarge"
    costs = built(tmp_path, content).costs
    assert {cost.instance for cost in costs if cost.status == "measured"} == {"c7i.xlarge"}
    assert {cost.instance for cost in costs if cost.status == "projected"} >= {"c5.xlarge"}


@pytest.mark.parametrize(
    ("gpu", "instances"),
    [
        ("Tesla T4", {"g4dn.xlarge"}),
        ("NVIDIA H100 80GB HBM3", {"p5.4xlarge"}),
        ("NVIDIA T400", set()),
        (None, set()),
    ],
)
def test_gpu_variants_are_priced_on_their_accelerator(
    tmp_path: Path, gpu: str | None, instances: set[str]
) -> None:
    content = document([benchmark("net", "gpu", [[0.001, 0.002]])], gpu=gpu)
    made = built(tmp_path, content)
    assert {cost.instance for cost in made.costs} == instances
    assert len(made.tables[1].notes) == (1 if instances else 2)


def test_our_prices_are_positive_dated_and_hold_the_selection() -> None:
    prices = {price.instance: price for price in read_prices()}
    assert set(DEFAULT_INSTANCES) <= set(prices)
    assert (prices["c5.xlarge"].usd_per_hour, prices["g4dn.xlarge"].usd_per_hour) == (0.17, 0.526)
    assert (prices["c5.18xlarge"].vcpus, prices["m7a.48xlarge"].usd_per_hour) == (72, 11.12832)
    assert {price.date for price in prices.values()} == {"2026-07-20", "2026-06-18"}


def price_list(tmp_path: Path, **cells: str) -> Path:
    row = {"provider": "own", "instance": "rack-1", "vcpus": "8", "region": "cellar", "os": "linux"}
    row |= {"price_model": "owned", "usd_per_hour": "0.05", "date": "2026-11-01", "source": "bill"}
    path = tmp_path / "prices.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(row | cells))
        writer.writeheader()
        writer.writerow(row | cells)
    return path


def test_own_prices_are_used_whole(tmp_path: Path) -> None:
    costs = built(tmp_path, sample(), prices=price_list(tmp_path)).costs
    assert {(cost.instance, cost.region) for cost in costs} == {("rack-1", "cellar")}


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("usd_per_hour", "0"),
        ("usd_per_hour", "0.0"),
        ("usd_per_hour", "-1"),
        ("usd_per_hour", "nan"),
        ("usd_per_hour", "inf"),
        ("usd_per_hour", "free"),
        ("usd_per_hour", ""),
        ("vcpus", "0"),
        ("date", "last week"),
        ("region", ""),
    ],
)
def test_a_price_that_is_none_is_refused(tmp_path: Path, column: str, cell: str) -> None:
    with pytest.raises(FileError, match=rf"line 2: rack-1: {column} is .*;"):
        read_prices(price_list(tmp_path, **{column: cell}))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\0"])
def test_other_files_are_no_price_list(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(FileError):
        read_prices(path)
    with pytest.raises(FileError, match="give a price list"):
        read_prices(tmp_path / "absent.csv")


def test_an_unknown_instance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"instance c5\.nano"):
        built(tmp_path, sample(), instances=["c5.nano"])


def test_every_file_is_written(tmp_path: Path) -> None:
    paths = write_report([saved(tmp_path, sample())], tmp_path / "new" / "folder")
    names = {"report.md", "report.html", "speedup.svg", "speedup.csv", "cost.csv"}
    assert {path.name for path in paths} == names
    folder = paths[0].parent
    with (folder / "speedup.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 15 and rows[0]["threads"] == "2" and rows[-1]["threads"] == ""
    assert float(rows[1]["speedup"]) == pytest.approx(7.9, rel=0.02)
    with (folder / "cost.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 12 * 4


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, sample())
    with pytest.raises(FileError, match="name a folder"):
        write_report([path], path)


def test_markdown_and_page_say_the_same(tmp_path: Path) -> None:
    write_report([saved(tmp_path, sample())], tmp_path)
    page, text = ((tmp_path / name).read_text() for name in ("report.html", "report.md"))
    for fact in ("Isthmus CPU", "7.93×", "4.1e-06", "projected", "$0.17/h", "2026-07-20", "8488C"):
        assert fact in page and fact in text
    assert text.index("**Isthmus CPU is") < text.index("## Speedup") < text.index("## Environment")
    widths = {line.count(" | ") for line in text.split("## Dollars")[0].splitlines() if "|" in line}
    assert len(widths) == 1


def test_the_page_needs_no_network_and_no_script(tmp_path: Path) -> None:
    write_report([saved(tmp_path, sample())], tmp_path)
    page = (tmp_path / "report.html").read_text().replace("http://www.w3.org/2000/svg", "")
    for forbidden in ("http:", "https:", "//", "<script", "url(", "@import", " src="):
        assert forbidden not in page
    assert "prefers-color-scheme: dark" in page


HOSTILE = "<script>alert(1)</script>[bold]|`&\x1b[31m"


def test_names_from_files_are_only_names(tmp_path: Path) -> None:
    native = benchmark(HOSTILE, "numpy", [[1.0, 1.1]] * 3)
    ours = benchmark(HOSTILE, HOSTILE, [[0.1, 0.2]] * 3, parity_max_rel_error=0.0)
    content = document([native, ours], cpu_model=HOSTILE, **{HOSTILE: HOSTILE})
    write_report([saved(tmp_path, content)], tmp_path)
    for name in ("report.html", "speedup.svg", "report.md"):
        written = (tmp_path / name).read_text()
        assert "<script>alert" not in written.replace("\\<", "")
        assert "\x1b" not in written
    assert "alert" in "".join(ElementTree.parse(tmp_path / "speedup.svg").getroot().itertext())


def test_a_formula_in_a_name_does_not_reach_a_spreadsheet(tmp_path: Path) -> None:
    content = document([benchmark("=cmd()", "cpu", [[0.1, 0.2]])])
    write_report([saved(tmp_path, content)], tmp_path)
    assert "\n'=cmd()," in (tmp_path / "speedup.csv").read_text()


@given(st.text())
def test_escaped_markdown_keeps_its_letters(text: str) -> None:
    escaped = escape(text)
    assert re.sub(r"\\(.)", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(\\\\)*[<|*`]", escaped)


def test_bars_end_where_the_axis_says(tmp_path: Path) -> None:
    write_report([saved(tmp_path, sample())], tmp_path)
    root = ElementTree.parse(tmp_path / "speedup.svg").getroot()
    svg = "{http://www.w3.org/2000/svg}"
    widths = [float(bar.attrib["width"]) for bar in root.iter(f"{svg}rect")]
    assert len(widths) == 12  # three variants, on three workloads and their mean
    logs = [math.log(native / ours) for native, ours, *_ in SPEEDS.values()]
    assert widths[0] / widths[3] == pytest.approx(logs[0] / logs[1], rel=0.02)
    assert max(float(text.attrib["x"]) for text in root.iter(f"{svg}text")) < 400


@given(st.lists(st.floats(1e-3, 1e4), min_size=1, max_size=8))
def test_axis_keeps_order_and_bounds(values: list[float]) -> None:
    axis = axis_for(values, 100, 300)
    places = [axis(value) for value in sorted(values)]
    assert places == sorted(places) and places[0] >= 99.99 and places[-1] <= 300.01
    assert 1 <= len(axis.ticks()) <= 9
    assert all(99 <= axis(tick) <= 301 for tick in axis.ticks())


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (0.012345, "0.0123"), (8.0, "8.00"), (99.96, "100.0"), (0.0, "0.0")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(report)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_command_line_prints_tables_and_writes(tmp_path: Path) -> None:
    code, output = run(saved(tmp_path, sample()), "--out", tmp_path / "out")
    assert code == 0
    assert output.startswith("Isthmus CPU is 3")
    assert "7.93× [7.87, 7.99]" in output and "report.html" in output


def test_command_line_speaks_json(tmp_path: Path) -> None:
    arguments = ("--json", "--instance", "c5.xlarge", "--instance", "c5.large")
    code, output = run(saved(tmp_path, sample()), *arguments)
    said = json.loads(output)
    assert code == 0 and len(said["speedup"]) == 15
    assert said["speedup"][0]["parity_max_rel_error"] is None
    assert {cost["instance"] for cost in said["cost"]} == {"c5.xlarge", "c5.large"}


def test_command_line_help_shows_an_example() -> None:
    code, output = run("--help")
    assert code == 0 and "isthmus report results.json --out" in output
