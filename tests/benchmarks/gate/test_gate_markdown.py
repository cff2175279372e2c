"""The gate's comment, its summary and its annotations: whole names, kept limits, no surprises."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from gate_outcomes import HOSTILE, hostile, many, one_of_each, outcome, verdict
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from isthmus.benchmarks.gate.outputs import to_github, to_markdown
from isthmus.benchmarks.gate.outputs.to_markdown import comment, marker, prose
from isthmus.benchmarks.gate.outputs.to_text import clipped
from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.errors import FileError
from isthmus.reports.files.checks import clean

MEBIBYTE = 1_048_576
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")

names = st.text(min_size=1, max_size=60).filter(clean)


class Rendered(HTMLParser):
    """The text of every table cell, of every code element, and the tags, of rendered Markdown."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.codes: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        for kind, kept in (("td", self.cells), ("code", self.codes)):
            if tag == kind:
                kept.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for kind, kept in (("td", self.cells), ("code", self.codes)):
            if kind in self.open:
                kept[-1] += data


def test_the_comment_says_the_verdict_first_and_folds_the_rest() -> None:
    text = comment(one_of_each(warnings=("the clock went back",)))
    lines = text.splitlines()
    assert lines[0] == "<!-- isthmus-gate -->"
    assert lines[1].startswith("### Isthmus gate failed: 1 regressed, 1 inconclusive")
    assert "> the clock went back" in lines
    order = ["**regressed**", "| inconclusive |", "how it was measured", "1 equivalent</summary>"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    folded = text[text.index("1 equivalent</summary>") :]
    assert "`test_equivalent`" in folded and "`test_improved`" not in folded
    assert text.count("<details>") == text.count("</details>") == 2
    assert not re.search(r"\|\n<|>\n\|", text)  # a blank line ends what Markdown reads as one


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "<!-- isthmus-gate -->"),
        ("gpu", "<!-- isthmus-gate gpu -->"),
        ("a --> <b>", "<!-- isthmus-gate a-b -->"),
        ("-->", "<!-- isthmus-gate -->"),
    ],
)
def test_the_marker_is_one_comment_whatever_the_name(name: str, expected: str) -> None:
    assert marker(name) == expected
    assert comment(one_of_each(), name).startswith(f"{expected}\n")


@given(names)
def test_names_are_rendered_as_they_are(name: str) -> None:
    page = Rendered(comment(outcome(verdict("regressed", name))))
    assert page.codes == [clipped(name)]
    assert "a" not in page.tags and "img" not in page.tags


@given(names)
def test_a_table_has_the_cells_that_were_put_into_it(text: str) -> None:
    row = verdict("regressed", text, reason=text, method="t")
    page = Rendered(comment(outcome(row, verdict("improved", "b", method="u"))))
    assert len(page.cells) == 2 * 8
    # Entities of an invisible space keep links from being made; Markdown may join blanks.
    found = re.sub(r"\s+", " ", page.cells[2].replace("\u200b", ""))
    assert found == re.sub(r"\s+", " ", clipped(text).replace("\u200b", ""))


def test_hostile_texts_make_no_markup_no_mention_and_no_link() -> None:
    text = comment(hostile())
    page = Rendered(text)
    assert not {"script", "a", "img"} & set(page.tags)
    assert len(set(map(str, page.codes))) == 1 and page.codes[0].startswith("]]></failure>")
    outside = re.sub(r"<code>.*?</code>", "", text)
    for lively in (r"@\w", r"(?<!&)#\d", r"://", r"(?<!\\)<script", r"<!--(?! isthmus)"):
        assert not re.search(lively, outside), lively


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask @octocat", "ask @&#8203;octocat"),
        ("see #12", r"see \#&#8203;12"),
        ("GH-12", "GH&#8203;-12"),
        ("http://a.b", "http:&#8203;//a.b"),
        ("www.a.b", "www&#8203;.a.b"),
        ("5 # 3, a: b", r"5 \# 3, a: b"),
    ],
)
def test_prose_calls_nobody(text: str, expected: str) -> None:
    assert prose(text) == expected


@pytest.mark.parametrize("count", [0, 1, 10_000])
@pytest.mark.parametrize("kind", ["regressed", "equivalent"])
def test_a_comment_keeps_githubs_limit(count: int, kind: str) -> None:
    text = comment(many(count, "regressed" if kind == "regressed" else "equivalent"))
    assert len(text) <= len(text.encode()) <= to_markdown.COMMENT <= 65_536
    rows = text.count("tests/bench.py::test")
    left = re.search(r"([\d,]+) more rows do not fit here\.", text)
    assert rows + (int(left[1].replace(",", "")) if left else 0) == count
    assert text.count("<details>") == text.count("</details>")
    assert (left is None) == (count < 10_000)


@given(st.integers(0, 6_000), names)
def test_every_limit_is_kept_and_nothing_is_cut_in_the_middle(limit: int, name: str) -> None:
    text = comment(many(20, "regressed", name), limit=limit)
    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")
    assert not text or text.startswith("<!-- isthmus-gate -->")


def parsed(command: str) -> tuple[str, dict[str, str], str]:
    """As a runner reads a command: level, properties, message."""
    found = COMMAND.fullmatch(command)
    assert found, command
    properties = dict(each.split("=", 1) for each in found[2].split(","))
    return found[1], {name: _read(value) for name, value in properties.items()}, _read(found[3])


def _read(text: str) -> str:
    for code, mark in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, mark)
    return text


def test_annotations_have_a_level_a_place_and_the_figures() -> None:
    found = [parsed(command) for command in to_github.commands(one_of_each(warnings=("beware",)))]
    assert [level for level, _, _ in found] == ["error", "warning", "warning", "notice"]
    properties, message = found[0][1:]
    assert properties == {
        "file": "tests/bench.py",
        "line": "1",
        "title": "median latency regressed",
    }
    assert message.startswith("test_regressed: median latency regressed: worse by more than 5.0%;")
    assert found[1][1:] == ({"title": "isthmus gate"}, "beware")
    assert "in BASE, not in HEAD" in found[2][2] and "file" not in found[2][1]


def test_strict_makes_the_inconclusive_warnings() -> None:
    said = outcome(verdict("inconclusive"), strict=True)
    assert [parsed(each)[0] for each in to_github.commands(said)] == ["warning"]


def test_annotations_are_capped_and_the_last_counts_the_others() -> None:
    said = outcome(
        *many(1_000).verdicts,
        *many(11, "inconclusive").verdicts,
        *many(10, "missing").verdicts,
        *many(50, "equivalent").verdicts,
    )
    found = [parsed(command) for command in to_github.commands(said)]
    assert [level for level, _, _ in found] == 10 * ["error"] + 10 * ["warning"] + 10 * ["notice"]
    assert found[9][2].endswith("(and 990 more: see the summary)")
    assert found[29][2].endswith("(and 1 more: see the summary)")
    assert sum("more: see the summary" in message for _, _, message in found) == 2


def test_no_text_can_end_a_command_or_begin_another() -> None:
    for command in to_github.commands(hostile()):
        assert "\n" not in command and "\r" not in command
        _, properties, message = parsed(command)
        assert set(properties) <= {"file", "line", "title"} and len(message) < 4096
        assert "%0A::error::" in message  # a name that holds it is only a name


@given(names)
def test_annotations_are_read_as_they_were_written(name: str) -> None:
    (command,) = to_github.commands(outcome(verdict("regressed", name, place=name)))
    _, properties, message = parsed(command)
    assert properties["file"] == clean(name) and message.startswith(clipped(name))


def test_the_summary_is_appended_and_stays_below_a_mebibyte(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# before\n")
    to_github.append_summary(one_of_each(), path)
    assert path.read_text().startswith("# before\n\n<!-- isthmus-gate -->\n### Isthmus gate")
    to_github.append_summary(many(20_000, name="é"), path)
    assert MEBIBYTE - 2_000 < path.stat().st_size < MEBIBYTE
    assert "more rows do not fit here" in path.read_text(encoding="utf-8")
    before = path.stat().st_size
    to_github.append_summary(many(20_000), path)
    assert before <= path.stat().st_size < MEBIBYTE


@pytest.mark.parametrize("used", [MEBIBYTE - 100, MEBIBYTE, MEBIBYTE + 1])
def test_a_full_summary_is_left_alone(tmp_path: Path, used: int) -> None:
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * used)
    to_github.append_summary(one_of_each(), path)
    assert path.stat().st_size == used


def said_inside(said: Outcome, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    names = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "outputs"}
    for name, file in names.items():
        monkeypatch.setenv(name, str(folder / file))
    to_github.say(said)
    return {file: (folder / file).read_text(encoding="utf-8") for file in names.values()}


def test_actions_is_told_on_standard_error_and_in_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = said_inside(one_of_each(), tmp_path, monkeypatch)
    assert written["outputs"].startswith("headline=failed: 1 regressed, ")
    assert len(written["outputs"].splitlines()) == 1
    assert "| **regressed** | `test_regressed` |" in written["summary.md"]
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.splitlines() == to_github.commands(one_of_each())


def test_a_summary_that_cannot_be_written_is_an_error_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    with pytest.raises(FileError, match=r"summary\.md: cannot be written .*--no-github"):
        to_github.say(one_of_each())


@pytest.mark.parametrize(("value", "inside"), [("true", True), ("", False), ("false", False)])
def test_actions_is_recognised(value: str, inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", value)
    assert to_github.is_inside() is inside


def test_hostile_means_hostile() -> None:
    assert clean(HOSTILE) != HOSTILE and "@octocat" in HOSTILE and "\x1b" in HOSTILE
