"""Labels: tests of one name are told apart by as much of their place as differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gate_files import noisy
from hypothesis import given
from hypothesis import strategies as st

from isthmus.reports import build_report, read_all
from isthmus.reports.files.labels import told_apart
from isthmus.reports.outputs.markdown import markdown
from isthmus.reports.outputs.page import page
from isthmus.reports.outputs.tidy_tables import document
from isthmus.reports.plots.drawing import draw


def measured(*fullnames: str, group: str | None = None) -> str:
    """A file of pytest-benchmark's."""
    benchmarks = [
        {
            "name": fullname.rpartition("::")[2],
            "fullname": fullname,
            "group": group,
            "stats": {"data": noisy(at)[0], "median": 0.01},
        }
        for at, fullname in enumerate(fullnames)
    ]
    info = {"cpu": {"brand_raw": "Example CPU 9000", "count": 4}}
    about = {"machine_info": info, "datetime": "2026-11-01T10:00:00", "version": "5"}
    return json.dumps({**about, "benchmarks": benchmarks})


def labels(fullnames: list[str]) -> list[str]:
    found = told_apart(("label", fullname) for fullname in fullnames)
    return [found[("label", fullname)] for fullname in fullnames]


@pytest.mark.parametrize(
    ("fullnames", "wanted"),
    [
        (["t/a.py::f", "t/b.py::f"], ["a.py::f", "b.py::f"]),
        (["t/a.py::X::f", "t/a.py::Y::f"], ["X::f", "Y::f"]),
        (["t/a.py::f", "t/a.py::Y::f"], ["a.py::f", "Y::f"]),
        (["x/a.py::C::f", "y/a.py::C::f"], ["x/a.py::C::f", "y/a.py::C::f"]),
        (["a.py::f[1/2]", "b.py::f[1/2]"], ["a.py::f[1/2]", "b.py::f[1/2]"]),
        (["a.py::f[x::y]", "b.py::f[x::y]"], ["a.py::f[x::y]", "b.py::f[x::y]"]),
        (["f", "a.py::f"], ["f", "a.py::f"]),
    ],
)
def test_the_shortest_end_that_differs(fullnames: list[str], wanted: list[str]) -> None:
    assert labels(fullnames) == wanted


@given(
    st.lists(
        st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map("::".join),
        min_size=2,
        max_size=8,
        unique=True,
    )
)
def test_labels_differ_where_names_do(fullnames: list[str]) -> None:
    assert len(set(labels(fullnames))) == len(fullnames)


def test_a_name_of_its_own_stays() -> None:
    assert told_apart([("f", "a.py::f"), ("g", "a.py::g"), ("f", "a.py::f")]) == {}


SAME = ("tests/test_a.py::test_run", "tests/test_b.py::test_run", "tests/test_b.py::test_go")


@pytest.mark.parametrize("group", [None, "sums"])
def test_every_table_plot_page_and_json_tells_them_apart(tmp_path: Path, group: str | None) -> None:
    path = tmp_path / "results.json"
    path.write_text(measured(*SAME, group=group))
    report = build_report([path])
    wanted = ["test_a.py::test_run", "test_b.py::test_run", "test_go"]
    assert [row.variant for row in report.rows] == wanted
    assert [row["variant"] for row in document(report)["speedup"]] == wanted
    drawings = draw(report)
    texts = (markdown(report).replace("\\", ""), page(report, drawings))
    assert all(name in text for name in wanted for text in texts)
    (distribution,) = (each for each in drawings if each.plot.name == "distribution")
    said = " ".join(f"{panel.title} {panel.says}" for panel in distribution.panels)
    assert all(name in said for name in wanted)


def test_files_of_several_projects_are_told_apart(tmp_path: Path) -> None:
    """And the same test of two files keeps one label."""
    for at, names in enumerate((SAME[:1], SAME[1:2], SAME[:1])):
        (tmp_path / f"{at}.json").write_text(
            measured(*names).replace("2026-11-01", f"2026-11-0{at + 1}")
        )
    files = read_all([tmp_path / f"{at}.json" for at in range(3)])
    found = [result.workload for file in files for result in file.results]
    assert found == ["test_a.py::test_run", "test_b.py::test_run", "test_a.py::test_run"]


def test_a_workload_that_the_user_names_is_told_apart_beside_it(tmp_path: Path) -> None:
    from isthmus.reports import names_of

    path = tmp_path / "results.json"
    path.write_text(measured(*SAME))
    (file,) = read_all([path], [names_of("workload=mine")])
    found = [(result.workload, result.variant) for result in file.results]
    assert len(set(found)) == 3 and found[0] == ("mine", "test_a.py::test_run")
