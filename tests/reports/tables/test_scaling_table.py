"""Scaling of files whose numbers are known: efficiency, dollars, and what ends it."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from result_files import benchmark, document, process, scenario, write

from isthmus import reports
from isthmus.reports.tables.scaling import scaling_rows

ONE = 0.1  # seconds a call of one copy
BYTES = 10**9  # of a call; the file's memory gives 20.1 GB/s


def copies(
    count: int, efficiency: float, *, moved: int = BYTES, drift: bool = True, variant: str = "cpu"
) -> dict[str, object]:
    """Six rounds of five turns on a machine whose speed moves by a third from turn to turn."""
    random = numpy.random.default_rng(1)  # the same for every count: they take turns
    pace = numpy.exp(0.3 * random.standard_normal((6, 5))) if drift else numpy.ones((6, 5))
    seconds = ONE * pace / (count * efficiency)
    windows = {"kept": 5, "turns": [[at, 1] for at in range(5)], "window_seconds": 0.1}
    return benchmark(
        "resnet-50",
        f"{variant}-x{count}",
        seconds.tolist(),
        scenario="scaling",
        copies=count,
        threads=count,
        least_bytes=moved,
        processes=[process(windows=windows, group=0) for _ in range(6)],
        scenario_result=scenario("scaling", achieved_per_s=count * efficiency / ONE),
    )


def rows_of(folder: Path, *entries: dict[str, object]) -> tuple[reports.Report, list[list[str]]]:
    path = write(folder / "result.json", document([*entries]))
    report = reports.build_report([path])
    (table,) = (one for one in report.tables if one.title.startswith("Scaling"))
    names = [str(cell) for cell in table.headers]
    return report, [names, *([str(cell) for cell in row] for row in table.rows)]


def test_efficiency_is_paired_by_turn(tmp_path: Path) -> None:
    report, (names, one, two) = rows_of(tmp_path, copies(1, 1.0), copies(2, 0.9))
    row = report.scaling[1]
    assert row.efficiency == pytest.approx((0.9, 0.9, 0.9)), "the drift is in neither"
    said = dict(zip(names, two, strict=True))
    assert said["efficiency"] == "90.0 % [90.0, 90.0]"
    assert said["against one"] == "1.80× [1.80, 1.80]"
    assert said["dollars against one"] == "0.556× [0.556, 0.556]"
    assert said["calls/s"] == "18.0" and said["processes"] == "2"
    assert dict(zip(names, one, strict=True))["against one"] == "1× reference"


@pytest.mark.parametrize(
    ("efficiency", "moved", "short"),
    [
        (0.80, BYTES, "memory"),  # 16 GB/s of 20.1
        (0.80, BYTES // 100, "another"),
        (0.99, BYTES, "nothing yet"),
    ],
)
def test_what_is_short_is_told_by_the_bytes(
    tmp_path: Path, efficiency: float, moved: int, short: str
) -> None:
    report, _ = rows_of(tmp_path, copies(1, 1, moved=moved), copies(2, efficiency, moved=moved))
    one, two = report.scaling
    assert (one.ended_by, two.ended_by) == ("", short)
    assert two.gb_per_s
    assert two.gb_per_s == pytest.approx(2 * efficiency / ONE * moved / 1e9)
    assert two.memory_share == pytest.approx(two.gb_per_s / 20.1)
    assert two.memory_ends == one.memory_ends == pytest.approx(20.1 / (moved / ONE / 1e9))


def test_a_precision_moves_its_own_bytes_and_without_peaks_nothing_is_known(
    tmp_path: Path,
) -> None:
    low = [copies(count, 0.5) for count in (1, 2)]
    for entry in low:
        entry["extra_info"]["precision"] = "bf16"  # type: ignore[index]
    report, _ = rows_of(tmp_path, *low)
    assert report.scaling[1].gb_per_s == pytest.approx(2 * 0.5 / ONE * BYTES / 2 / 1e9)
    bare = document([copies(1, 1), copies(2, 0.5)])
    bare["isthmus"]["roofline"] = None
    (_, two) = scaling_rows([reports.read(write(tmp_path / "bare.json", bare))])
    assert two.memory_share is None and two.memory_ends is None and two.ended_by == "unknown"


def test_copies_stand_beside_one_of_their_own_variant_only(tmp_path: Path) -> None:
    entries = [copies(2, 0.9), copies(1, 1.0, variant="onnxruntime-cpu")]
    report, (_, *rows) = rows_of(tmp_path, *entries)
    assert [row.variant for row in report.scaling] == ["onnxruntime-cpu"] and len(rows) == 1


def test_dollars_are_of_the_most_copies(tmp_path: Path) -> None:
    """Of fewer a full machine would be priced as if none slowed another."""
    report, (names, one, two) = rows_of(tmp_path, copies(1, 1.0), copies(2, 0.5))
    assert {cost.variant for cost in report.costs if cost.scenario == "scaling"} == {"cpu-x2"}
    (at,) = (at for at, name in enumerate(names) if name.startswith("$/million"))
    assert one[at] == "-" and float(two[at]) > 0
    (cost, *_) = (cost for cost in report.costs if cost.instance in names[at])
    assert cost.requests_per_s == pytest.approx(10 * (cost.replicas or 0) * (cost.speed or 0))


def test_other_reports_have_no_row_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "result.json", document())
    report = reports.build_report([path])
    assert report.scaling == ()
    served = reports.build_report([write(tmp_path / "two.json", document([copies(1, 1)]))])
    (scenarios,) = (one for one in served.tables if one.title == "Scenarios")
    assert scenarios.rows == ()


def test_rounds_that_one_lacks_are_left_out_and_two_are_too_few(tmp_path: Path) -> None:
    """A number from rounds that were not measured together would be another machine's."""
    for rounds, known in ((4, True), (2, False)):
        two = copies(2, 0.9)
        for name in ("rounds", "processes"):
            two["extra_info"][name] = two["extra_info"][name][:rounds]  # type: ignore[index]
        report, (names, _, said) = rows_of(tmp_path, copies(1, 1.0), two)
        efficiency = report.scaling[1].efficiency
        assert (efficiency is not None) == known
        if efficiency:
            assert efficiency == pytest.approx((0.9, 0.9, 0.9))
        else:
            assert said[names.index("against one")] == "- too few turns together"
