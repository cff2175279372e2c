"""Plots from result files: what they show, that they repeat exactly, and follow the theme."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_files import SECONDS, VARIANTS, Document, benchmark, benchmarks, document, times, write

from isthmus.reports import Report, build_report
from isthmus.reports.plots.bars import Bar, panel
from isthmus.reports.plots.distribution import MOST, ecdf
from isthmus.reports.plots.drawing import PLOTS, Drawing, draw
from isthmus.reports.plots.panels import MOST_TICKS, Panel, around, decades, figure, plain, steps
from isthmus.reports.plots.points import points, titles
from isthmus.reports.plots.roofline import spread
from isthmus.reports.plots.style import OTHERS, ROLES, looks, names
from isthmus.reports.plots.style import VARIANTS as LOOKS

SVG = "{http://www.w3.org/2000/svg}"


def reported(tmp_path: Path, *contents: Document, **options: Any) -> Report:
    paths = [write(tmp_path / f"{at}.json", content) for at, content in enumerate(contents)]
    return build_report(paths, **options)


def drawn(report: Report) -> dict[str, Drawing]:
    return {drawing.plot.name: drawing for drawing in draw(report)}


def dated(day: str, factor: float = 1.0) -> Document:
    content = document([benchmark("net", "cpu", [[0.1 * factor, 0.11 * factor]] * 3)])
    return content | {"datetime": f"{day}T10:00:00"}


def batches() -> Document:
    """ResNet-50 with batches of 1, 8 and 32."""
    random, entries = numpy.random.default_rng(3), []
    for batch in (1, 8, 32):
        for variant in VARIANTS:
            rounds = times(random, SECONDS["resnet-50"][variant] * batch**0.9, numpy.ones(4))
            facts = {"model": "resnet-50", "batch": batch}
            entries.append(benchmark(f"resnet-50-b{batch}", variant, rounds, **facts))
    return document(entries)


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_a_file_in_f32_has_every_plot_but_the_budget_and_the_history(tmp_path: Path) -> None:
    found = drawn(reported(tmp_path, document()))
    empty = [name for name, drawing in found.items() if not drawing.panels]
    assert empty == ["budget", "history"] and len(found) == len(PLOTS) == 7


def test_a_poor_file_has_no_plot_and_a_reason_for_each(tmp_path: Path) -> None:
    bare = {"name": "test_f", "fullname": "t.py::test_f", "group": None, "stats": {"median": 0.25}}
    found = drawn(reported(tmp_path, document([bare], isthmus={"roofline": None, "missing": []})))
    assert all(not drawing.panels for drawing in found.values())
    assert all(drawing.figure() is None and not drawing.files() for drawing in found.values())
    assert all(plot.none.endswith(".") for plot in PLOTS)


def test_bars_say_the_ratios_with_their_intervals(tmp_path: Path) -> None:
    report = reported(tmp_path, document())
    first, *others = drawn(report)["speedup"].panels
    assert first.title == "geometric mean of 4 workloads"
    assert [each.title for each in others] == list(SECONDS)
    rows = {(row.workload, row.variant): row.speedup for row in report.rows}
    ratio = rows["resnet-50", "jax"]
    assert ratio is not None
    low, high = ratio.interval()
    assert f"JAX {ratio.ratio:.3f}× [{low:.3f}, {high:.3f}]" in others[2].says


def test_means_of_other_batches_stand_apart(tmp_path: Path) -> None:
    entries = [
        benchmark(f"{name}-b{batch}", variant, [[seconds, 1.1 * seconds]] * 3, batch=batch)
        for name in ("a", "b")
        for batch in (1, 8)
        for variant, seconds in {"numpy": 0.1 * batch, "cpu": 0.05}.items()
    ]
    panels = drawn(reported(tmp_path, document(entries)))["speedup"].panels
    means = [each.title for each in panels if "mean" in each.title]
    assert means == [f"geometric mean of 2 workloads, batch {batch}" for batch in (1, 8)]


def test_an_interval_beyond_all_bars_does_not_flatten_them(tmp_path: Path) -> None:
    wild = [[0.05], [0.0001], [0.3], [0.002]]
    entries = [benchmark("net", "numpy", [[0.1]] * 4), benchmark("net", "cpu", wild)]
    (only,) = drawn(reported(tmp_path, document(entries)))["speedup"].panels
    axes = figure([only]).axes[0]
    assert axes.get_xlim()[1] < 300


def test_bars_start_at_zero_or_at_one_on_a_logarithmic_axis() -> None:
    def lefts(log: bool) -> list[float]:
        bars = [Bar("a", 0.5, "0.5×", "#0f766e"), Bar("b", 20, "20×", "#0f766e")]
        axes = figure([panel("net", bars, (0.1, 30), log, left=1)]).axes[0]
        return [patch.get_x() for patch in axes.patches]  # type: ignore[attr-defined]

    assert lefts(False) == [0, 0] and lefts(True) == [1, 1]


def test_dollars_stand_by_length_with_those_of_2020(tmp_path: Path) -> None:
    panels = drawn(reported(tmp_path, document(), instances=["c5.xlarge", "g4dn.xlarge"]))["cost"]
    bert = next(each for each in panels.panels if each.title == "bert-base")
    found = [text for text in texts(Drawing(panels.plot, (bert,)).svgs()[0]) if text]
    assert found.index("128 tokens") < found.index("512 tokens")
    assert "c5.xlarge, 2020" in found and "$3.31" in found
    assert "$3.31 published 2020" in bert.says and "projected, Isthmus CPU" in bert.says


def test_dollars_of_outputs_that_were_not_compared_are_not_drawn(tmp_path: Path) -> None:
    facts = {"parity": None, "parity_max_rel_error": None}
    report = reported(tmp_path, document([benchmark("net", "cpu", [[0.1, 0.2]] * 3, **facts)]))
    assert report.costs and not drawn(report)["cost"].panels


def test_a_curve_needs_several_batches_or_a_server(tmp_path: Path) -> None:
    def titles(content: Document) -> list[str]:
        found = drawn(reported(tmp_path, content))["throughput"].panels
        return [each.title for each in found]

    assert titles(document(benchmarks())) == []
    assert titles(batches()) == ["", "resnet-50"]
    assert titles(document()) == ["", "resnet-50", "mobilenet-v2"]


def test_a_curve_joins_the_batches_in_order(tmp_path: Path) -> None:
    curve = drawn(reported(tmp_path, batches()))["throughput"].panels[1]
    (axes,) = figure([curve]).axes
    assert len(axes.lines) == len(VARIANTS)
    for line in axes.lines:
        latencies = numpy.asarray(line.get_ydata(), float)
        assert len(latencies) == 3 and (numpy.diff(latencies) > 0).all()


def test_history_has_a_point_per_file_and_no_line_between_machines(tmp_path: Path) -> None:
    here = [dated("2026-11-01"), dated("2026-11-08", 1.2), dated("2026-11-15", 0.9)]
    there = document([benchmark("net", "cpu", [[0.2]] * 3)], cpu_model="another")
    there["datetime"] = "2026-11-20T10:00:00"
    panels = drawn(reported(tmp_path, *here, there))["history"].panels
    (axes,) = figure(panels[1:]).axes
    assert sorted(numpy.size(line.get_xdata()) for line in axes.lines) == [1, 3]


def test_one_date_is_no_history(tmp_path: Path) -> None:
    assert drawn(reported(tmp_path, dated("2026-11-01")))["history"].panels == ()


def test_the_roof_is_the_measured_one(tmp_path: Path) -> None:
    panels = drawn(reported(tmp_path, document()))["roofline"].panels
    (axes,) = figure(panels[1:]).axes
    tops = {round(max(numpy.asarray(line.get_ydata(), float))) for line in axes.lines}
    assert {250, 310} <= tops
    assert "f32 250" in [text.get_text() for text in axes.texts]


def test_without_peaks_there_is_no_roofline(tmp_path: Path) -> None:
    report = reported(tmp_path, document(isthmus={"roofline": None}))
    assert drawn(report)["roofline"].panels == ()


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=500))
def test_the_distribution_ends_where_the_samples_do(samples: list[float]) -> None:
    values, shares = ecdf(numpy.array(samples))
    assert (values[0], values[-1]) == (min(samples), max(samples))
    assert (shares[0], shares[-1]) == (0, 1)
    assert (numpy.diff(values) >= 0).all() and (numpy.diff(shares) >= 0).all()
    assert len(values) <= MOST + 1


def test_plots_are_the_same_every_time(tmp_path: Path) -> None:
    report = reported(tmp_path, document(benchmarks(["resnet-50"])))
    first, second = (
        {name: drawing.files() for name, drawing in drawn(report).items()} for _ in "ab"
    )
    assert first == second and first["speedup"]["speedup.png"].startswith(b"\x89PNG")


def test_svg_has_colours_by_name_text_as_text_and_no_address(tmp_path: Path) -> None:
    for drawing in draw(reported(tmp_path, document(), batches())):
        for svg in drawing.svgs():
            assert not re.search(r"#[0-9a-f]{6}\b", svg)
            assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
            assert texts(svg) and "DejaVu" not in svg and "<style" not in svg
            assert "aria-label" in svg and 'role="img"' in svg


def test_ids_of_one_page_do_not_collide(tmp_path: Path) -> None:
    svgs = [svg for drawing in draw(reported(tmp_path, document())) for svg in drawing.svgs()]
    owners: dict[str, int] = {}
    for at, svg in enumerate(svgs):
        ids = set(re.findall(r' id="([^"]+)"', svg))
        assert ids == set(re.findall(r"#([\w.-]+)[\")]", svg))  # every one is used, none dangles
        for name in ids:
            assert owners.setdefault(name, at) == at


def test_the_file_has_both_themes_inside(tmp_path: Path) -> None:
    drawing = drawn(reported(tmp_path, document(benchmarks(["resnet-50"]))))["speedup"]
    svg = drawing.files()["speedup.svg"].decode()
    used = set(re.findall(r"var\(--([\w-]+)\)", svg))
    assert "cpu" in used and all(f"--{name}: #" in svg for name in used)
    assert "prefers-color-scheme: dark" in svg
    ElementTree.fromstring(svg)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05), of relative luminances."""
    high, low = sorted([_luminance(one), _luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    "name", [*LOOKS, "other-0", "other-1", "other-2", "other-3", "ink", "soft"]
)
def test_every_colour_stands_out_from_its_paper(name: str) -> None:
    look, least = names()[name], 4.5 if name in ("ink", "soft", "cpu") else 3.0
    assert contrast(look.light, ROLES["paper"].light) >= least
    assert contrast(look.dark, ROLES["paper"].dark) >= least


def test_colours_and_marks_are_distinct() -> None:
    every = names().values()
    assert len({look.light for look in every}) == len({look.dark for look in every}) == len(every)
    marks = [look.mark for look in (*LOOKS.values(), *OTHERS)]
    assert len(set(marks)) == len(marks)


def test_a_variant_has_one_look_and_unknown_ones_differ() -> None:
    found = looks(["mine", "cpu", "yours"])
    assert found["cpu"] == LOOKS["cpu"]
    assert found["mine"] == OTHERS[0] and found["yours"] == OTHERS[1]
    assert looks(["yours", "mine", "cpu"]) == found


def test_titles_tell_what_differs_and_nothing_else() -> None:
    def facts(batch: str, machine: str = "m") -> dict[str, str]:
        return {"batch": batch, "machine": machine}

    named = [("a", facts("batch 1")), ("a", facts("batch 8")), ("b", facts("batch 1"))]
    assert titles(named) == ["a, batch 1", "a, batch 8", "b"]


@given(st.floats(1e-4, 1e6), st.floats(1.01, 1e6))
def test_ticks_are_few_and_inside(low: float, factor: float) -> None:
    high = low * factor
    for ticks in (decades(low, high), steps(low, high)):
        assert len(ticks) <= MOST_TICKS + 1
        assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)


@given(st.lists(st.floats(1e-5, 1e5), min_size=1), st.booleans())
def test_limits_hold_every_value_and_are_apart(values: list[float], log: bool) -> None:
    low, high = around(values, log)
    assert low <= min(values) and max(values) <= high and low < high
    assert low > 0 or not log


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "0.05"), (1000, "1,000"), (0, "0"), (2.5, "2.5")]
)
def test_ticks_have_no_exponent(value: float, text: str) -> None:
    assert plain(value) == text


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=20))
def test_names_above_the_roof_are_apart(places: dict[str, float]) -> None:
    found = sorted(spread(places, 0.05).values())
    assert all(second - first >= 0.05 - 1e-9 for first, second in pairwise(found))
    assert all(-1e-9 <= at <= 1 + 1e-9 for at in found)


def test_names_in_any_letters_are_drawn(tmp_path: Path) -> None:
    name = "网络 $x_1$ & <b> " + "long " * 30
    entries = [benchmark(name, each, [[0.1, 0.2]] * 3) for each in ("numpy", "变体")]
    for drawing in draw(reported(tmp_path, document(entries))):
        assert drawing.panels == () or drawing.files()
        assert all("$x_1$ &amp; &lt;b&gt;" in svg for svg in drawing.svgs() if "网" in svg)


def test_a_picture_of_many_panels_is_wider(tmp_path: Path) -> None:
    panels = [Panel("", 2.0, lambda axes: None)] * 20
    width, height = Drawing(PLOTS[0], tuple(panels)).figure().get_size_inches()  # type: ignore[union-attr]
    assert 0.5 < height / width < 2


def test_points_are_those_of_the_files(tmp_path: Path) -> None:
    report = reported(tmp_path, document(benchmarks(["resnet-50"])))
    assert len(points(report.files)) == len(VARIANTS)


def test_matplotlib_is_imported_only_to_draw() -> None:
    code = "import sys, isthmus.reports; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
