"""The gate's outcome as JSON, JUnit XML, SARIF and on a terminal; and how files are written."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from gate_outcomes import HOSTILE, hostile, many, one_of_each, outcome, verdict
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from isthmus.benchmarks.gate.outputs import (
    to_json,
    to_junit,
    to_sarif,
    to_table,
    to_terminal,
    to_text,
)
from isthmus.benchmarks.gate.outputs.write import FORMATS, write
from isthmus.benchmarks.gate.rule.metrics import NAMES
from isthmus.benchmarks.gate.rule.verdict import KINDS, Outcome, Side, Verdict
from isthmus.errors import FileError
from isthmus.reports.files.checks import clean

amounts = st.none() | st.floats(0, 1e9)
names = st.text(min_size=1).filter(clean)
verdicts = st.builds(
    Verdict,
    benchmark=names,
    metric=st.sampled_from(NAMES),
    kind=st.sampled_from(KINDS),
    reason=st.text(),
    unit=st.sampled_from(["ms", "$", "1/s", ""]),
    base=amounts,
    head=amounts,
    ratio=amounts,
    low=amounts,
    high=amounts,
    margin=st.none() | st.floats(0.001, 1),
)


def read(text: str) -> Outcome:
    return to_json.outcome_of(json.loads(text))


@pytest.mark.parametrize("strict", [False, True])
def test_json_is_read_back_as_it_was(strict: bool) -> None:
    said = one_of_each(strict=strict, warnings=("the clock went back",))
    assert read(to_json.text_of(said)) == said


@given(st.lists(verdicts, max_size=5), st.booleans())
def test_json_keeps_what_can_be_kept(rows: list[Verdict], strict: bool) -> None:
    said = outcome(*rows, strict=strict)
    once = read(to_json.text_of(said))
    assert once.exit_code == said.exit_code and once.headline == said.headline
    assert read(to_json.text_of(once)) == once  # the second reading changes nothing


def test_json_has_no_infinity_and_gives_it_back() -> None:
    unbounded = verdict("inconclusive", low=0.0, high=math.inf)
    document = to_json.document(outcome(unbounded))
    assert document["benchmarks"][0]["high"] is None
    assert to_json.outcome_of(document).verdicts == (unbounded,)
    lost = verdict("regressed", head=math.nan)
    assert to_json.document(outcome(lost))["benchmarks"][0]["head"] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "has format 2, not 1"),
        ({"format": None}, "has format None"),
        ({"exit_code": 0}, "exit_code is 0, its benchmarks give 1"),
        ({"strict": "no"}, "strict is 'no'"),
        ({"base": {}}, "base's label is None"),
        ({"machine": []}, "machine is .*expected `object"),
        ({"threads": 1.5}, "threads is 1.5"),
        ({"benchmarks": [3]}, r"benchmarks\[0\]: the row is 3"),
        ({"benchmarks": [{"benchmark": "a", "kind": "slow"}]}, "kind is 'slow', not one of"),
        ({"benchmarks": [{"benchmark": "", "kind": "new"}]}, "benchmark is ''"),
        ({"benchmarks": [{"benchmark": "a", "kind": "new", "ratio": -1}]}, "ratio is -1"),
    ],
)
def test_json_of_another_kind_is_refused_by_its_field(change: dict[str, Any], told: str) -> None:
    with pytest.raises(FileError, match=told):
        to_json.outcome_of({**to_json.document(outcome(verdict())), **change}, "gate.json")


def cases(said: Outcome) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(to_junit.text_of(said).encode()).iter("testcase"))


def test_junit_has_the_structure_that_readers_know() -> None:
    root = ElementTree.fromstring(to_junit.text_of(one_of_each()).encode())
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    for counted in (root, suite):
        counts = [counted.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["6", "1", "0", "3"]
    assert suite.get("time") == "212.400"
    assert [each.tag for each in suite] == ["properties", *6 * ["testcase"], "system-out"]
    facts = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert facts["exit code"] == "1" and facts["threads"] == "2" and facts["improved"] == "1"
    assert facts["machine cpu model"] == "AMD EPYC 9R14"
    assert all(each.get("classname") and each.get("time") is None for each in cases(one_of_each()))


def test_junit_fails_with_the_comparison_as_text() -> None:
    (case,) = cases(outcome(verdict()))
    failure = case.find("failure")
    assert case.get("name") == "tests/bench.py::test_f[1] (median latency)"
    assert case.get("file") == "tests/bench.py"
    assert failure is not None and failure.get("type") == "regressed"
    assert "12.0 ms, was 10.0 ms, 1.200 times (1.176 to 1.224)" in str(failure.get("message"))
    lines = dict(line.split("  ", 1) for line in str(failure.text).splitlines())
    assert {name.strip(): value.strip() for name, value in lines.items()} == {
        **to_table.cells(verdict()),
        "compared": "the working tree against main "
        "(commit 1f0c2d3e4a5b, measured 2026-11-22T10:00:00)",
    }


@pytest.mark.parametrize(("strict", "tag"), [(False, "skipped"), (True, "failure")])
def test_junit_fails_where_the_exit_code_does(strict: bool, tag: str) -> None:
    said = outcome(verdict("inconclusive"), verdict("missing", "b"), strict=strict)
    undecided, missing = cases(said)
    assert undecided[0].tag == tag and "measure more rounds" in str(undecided[0].get("message"))
    assert missing[0].tag == "skipped" and "in BASE, not in HEAD" in str(missing[0].get("message"))
    assert (tag == "failure") == (said.exit_code != 0)


def test_junit_survives_every_text() -> None:
    found = cases(hostile())
    assert len(found) == 6
    assert all(str(case.get("name")).startswith("]]></failure><script>") for case in found)


@given(names)
def test_junit_names_are_what_xml_can_hold(name: str) -> None:
    (case,) = cases(outcome(verdict("regressed", name)))
    assert case.get("name") == f"{clean(name)} (median latency)"


def test_sarif_has_what_the_schema_and_code_scanning_require() -> None:
    log = to_sarif.document(hostile())
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "isthmus" and set(NAMES) <= {rule["id"] for rule in driver["rules"]}
    for rule in driver["rules"]:
        for name in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[name]["text"]) <= 1024
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    assert len(run["results"]) == 2  # of six kinds the regressed and the inconclusive
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"] and result["partialFingerprints"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].isascii()
        assert set(place["region"].values()) == {1}
    assert json.loads(to_sarif.text_of(hostile())) == log


@pytest.mark.parametrize(
    ("strict", "levels"), [(False, ["error", "note"]), (True, ["error", "warning"])]
)
def test_sarif_levels(strict: bool, levels: list[str]) -> None:
    (run,) = to_sarif.document(one_of_each(strict=strict))["runs"]
    assert [result["level"] for result in run["results"]] == levels
    assert run["invocations"][0]["exitCode"] == 1


def test_sarif_alerts_stay_the_same_while_figures_change() -> None:
    def prints(*found: Verdict) -> list[str]:
        (run,) = to_sarif.document(outcome(*found))["runs"]
        return [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]

    worse = verdict("regressed", ratio=1.4, head=14.0)
    assert prints(verdict()) == prints(worse)
    assert len({*prints(verdict()), *prints(verdict("regressed", "b"))}) == 2
    assert prints(verdict()) != prints(verdict("regressed", metric="compile_ms"))


@pytest.mark.parametrize(
    ("place", "uri"),
    [
        ("tests/bench.py", "tests/bench.py"),
        ("tests\\bench.py", "tests/bench.py"),
        ("a b/ü.py", "a%20b/%C3%BC.py"),
        ("", "pyproject.toml"),
        ("/etc/passwd", "pyproject.toml"),
        ("../../x.py", "pyproject.toml"),
    ],
)
def test_sarif_places_are_inside_the_project(place: str, uri: str) -> None:
    (run,) = to_sarif.document(outcome(verdict("regressed", place=place)))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == uri


def test_sarif_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_sarif, "RESULTS", 5)
    (run,) = to_sarif.document(many(7))["runs"]
    assert len(run["results"]) == 5
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("2 more results are left out")


def shown(said: Outcome) -> str:
    text = io.StringIO()
    to_terminal.show(said, Console(file=text, width=200, highlight=False))
    return text.getvalue()


def test_the_terminal_says_the_verdict_first() -> None:
    lines = shown(one_of_each(warnings=("the clock went back",))).splitlines()
    assert lines[0] == (
        "failed: 1 regressed, 1 inconclusive, 1 missing, 1 new, 1 improved, 1 equivalent"
    )
    assert lines[1] == "the clock went back"
    kinds = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in KINDS]
    assert kinds == list(KINDS)
    assert "control: median latency equivalent: within 5.0%" in "\n".join(lines)
    assert "time: 212 s of 300 s" in "\n".join(lines)


def test_the_terminal_says_once_what_all_rows_share() -> None:
    text = shown(outcome(verdict(), verdict("equivalent", "b")))
    shared = "Every row: metric median latency, margin 5.0%, by t, 10 rounds."
    assert shared in text and text.count("median latency") == 2  # the other is the control's
    mixed = outcome(verdict(), verdict("equivalent", "b", metric="compile_ms"))
    assert "compile time" in shown(mixed) and shared not in shown(mixed)


def test_the_terminal_keeps_to_what_says_something() -> None:
    said = outcome(
        *(verdict("equivalent", f"equal-{at}") for at in range(10_000)),
        *(verdict("inconclusive", f"open-{at}") for at in range(60)),
        verdict("regressed", "slow"),
    )
    text = shown(said)
    assert "Not shown: 10 inconclusive, 9950 equivalent." in text
    assert len(text.splitlines()) < 130 and text.index("slow") < text.index("open-0")


def test_the_terminal_is_not_driven_by_names() -> None:
    text = shown(hostile())
    assert "\x1b" not in text and "\x00" not in text and "\u202e" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


def test_amounts_are_readable_and_never_a_zero_for_unknown() -> None:
    found = [to_text.amount(*each) for each in [(12.345, "ms"), (0.4211, "$"), (3e-6, "")]]
    assert found == ["12.3 ms", "$0.421", "3.0e-06"]
    assert to_text.amount(None, "ms") == "-"
    assert to_text.interval(verdict("new")) == "-"
    assert to_text.interval(verdict("inconclusive", low=0.0, high=math.inf)) == "unbounded"


def test_a_long_name_keeps_both_ends() -> None:
    found = to_text.clipped("a" * 300 + "b" * 300)
    assert len(found) == to_text.LONGEST and found[0] == "a" and found[-1] == "b" and "…" in found
    assert to_text.clipped("x" * 200) == "x" * 200


@pytest.mark.parametrize(
    ("side", "told"),
    [
        (Side("main", "a" * 40), "main (commit aaaaaaaaaaaa)"),
        (Side("base.json", "a" * 12 + " (modified)"), "base.json (commit aaaaaaaaaaaa (modified))"),
        (Side("a" * 40, "a" * 40), "a" * 40),
        (Side("base.json", "", "2026-11-22"), "base.json (measured 2026-11-22)"),
    ],
)
def test_a_side_is_named_once(side: Side, told: str) -> None:
    assert to_text.side(side) == told


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_every_text_and_no_verdict(name: str, tmp_path: Path) -> None:
    for at, said in enumerate((hostile(), outcome(control=None, machine={}), one_of_each())):
        path = tmp_path / "new" / f"{at}.txt"
        write(said, name, path)
        assert path.read_text(encoding="utf-8").endswith("\n") or name == "html"
    assert len(list((tmp_path / "new").iterdir())) == 3  # and no partial file


def test_a_file_is_replaced_whole_and_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "gate.json"
    for said in (one_of_each(), outcome(verdict("equivalent"))):
        write(said, "json", path)
    assert json.loads(path.read_text())["headline"] == "1 equivalent"
    with pytest.raises(FileError, match=r"gate\.json/x: cannot be written \(.*\); name another"):
        write(one_of_each(), "json", path / "x")
    with pytest.raises(FileError, match="cannot be written"):
        write(one_of_each(), "json", tmp_path)


def test_a_metric_of_another_version_is_still_said() -> None:
    other = replace(verdict(), metric="watts_per_call")
    assert "watts per call regressed" in to_text.line(other)
    (run,) = to_sarif.document(outcome(other))["runs"]
    assert run["results"][0]["ruleId"] == "watts_per_call"
    assert HOSTILE not in to_text.line(replace(other, benchmark=HOSTILE))
