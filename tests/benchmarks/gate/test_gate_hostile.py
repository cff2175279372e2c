"""Bad input to the gate: a clear line and the right exit code, never a traceback, never a verdict
from garbage."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gate_files import Document, benchmark, document, foreign, judge, kinds, noisy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import RESULTS

from isthmus.benchmarks.gate import Outcome, compare_files
from isthmus.cli import main
from isthmus.errors import FileError, IsthmusError
from isthmus.reports import read
from isthmus.reports.files import document as documents

Node = tuple[str | int, ...]


def whole() -> Document:
    return document(benchmark("net[cpu]", noisy(1)))


def written(content: object) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def replaced(content: Document, *node: str | int, by: object) -> Document:
    """A copy with another value there."""
    copy: Document = json.loads(json.dumps(content))
    inner: Any = copy
    for step in node[:-1]:
        inner = inner[step]
    inner[node[-1]] = by
    return copy


def timed(*values: object) -> Document:
    """With these times in the first round."""
    return replaced(whole(), *ROUNDS, 0, by=list(values))


ENTRY: Node = ("benchmarks", 0)
ROUNDS: Node = (*ENTRY, "extra_info", "rounds")
DEEP = b'{"machine_info": {}, "benchmarks": ' + b"[" * 200_000
TWICE = b'{"machine_info": {}, "benchmarks": [{"name": "a", "name": "b", "stats": {"data": [1]}}]}'


# What is in HEAD: the exit code and a part of the one line.
ROWS: dict[str, tuple[Callable[[], object], int, str]] = {
    "empty": (lambda: b"", 2, "is truncated"),
    "blank": (lambda: b" \n\t\n", 2, "is truncated"),
    "many blank lines": (lambda: b"\n" * 300_000, 2, "is truncated"),
    "cut": (lambda: written(whole())[:-40], 2, "is truncated"),
    "words": (lambda: b"mean 3 ms\n", 2, "is not JSON"),
    "binary": (lambda: b"\x89PNG\r\n\x1a\n\x00", 2, "is not a text file"),
    "not UTF-8": (lambda: json.dumps(whole()).encode("utf-16"), 2, "is not a text file"),
    "null": (lambda: b"null", 2, "no list `benchmarks`"),
    "a list": (lambda: [whole()], 2, "no list `benchmarks`"),
    "foreign": (lambda: {"results": [{"command": "sleep 1", "mean": 1.0}]}, 2, "no list"),
    "no machine": (lambda: {"benchmarks": []}, 2, "no `machine_info`"),
    "deep": (lambda: DEEP, 2, "nests deeper"),
    "deep inside": (
        lambda: written(whole()).replace(b'"cores": 2', b'"cores": ' + b"[" * 200 + b"]" * 200),
        2,
        "cores: 2 | unknown",
    ),
    "a number of 9,000 digits": (lambda: b"1" * 9000, 2, "thousands of digits"),
    "keys twice": (lambda: TWICE, 2, "has 'name' twice in one object"),
    "__proto__": (lambda: replaced(whole(), "__proto__", by={"benchmarks": []}), 0, ""),
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + written(whole()), 0, ""),
    "no benchmark": (lambda: replaced(whole(), "benchmarks", by=[]), 3, "share no benchmark"),
    "other benchmarks": (lambda: document(benchmark("b[cpu]", noisy(1))), 3, "share no bench"),
    "benchmark of null": (lambda: replaced(whole(), *ENTRY, by=None), 2, "has no `stats`"),
    "the same name twice": (lambda: document(*2 * whole()["benchmarks"]), 0, ""),
    "a name of a list": (lambda: replaced(whole(), *ENTRY, "fullname", by=["a"]), 2, "name is ["),
    "times of text": (lambda: timed("0.1"), 2, "is '0.1': expected `float`"),
    "times of null": (lambda: timed(None), 2, "is None: expected `float`"),
    "times of true": (lambda: timed(True), 2, "is True: expected `float`"),
    "no times": (lambda: timed(), 2, "is []: expected `array` of length >= 1"),
    "NaN": (lambda: timed(0.1, float("nan")), 2, "rounds[0][1] is nan: expected `float` >= 1e-12"),
    "Infinity": (lambda: timed(float("inf")), 2, "is inf: expected `float` <= 10000"),
    "1e400": (lambda: written(timed(0.25)).replace(b"0.25", b"1e400"), 2, "is inf: expected"),
    "a negative time": (lambda: timed(0.1, -0.1), 2, "is -0.1: expected `float` >= 1e-12"),
    "a clock that stood still": (lambda: timed(0.1, 0.0), 2, "is 0.0: expected `float` >= 1e-12"),
    "-0.0": (lambda: timed(-0.0), 2, "is -0.0: expected `float` >= 1e-12"),
    "1e308": (lambda: timed(1e308, 1e308), 2, "is 1e+308: expected `float` <= 10000"),
    "5e-324": (lambda: timed(5e-324), 2, "is 5e-324: expected `float` >= 1e-12"),
    "an integer of 400 digits": (lambda: timed(10**400), 2, "0...: number out of range"),
    "rounds of numbers": (
        lambda: replaced(whole(), *ROUNDS, by=[0.1]),
        2,
        "rounds[0] is 0.1: expected",
    ),
    "no rounds": (lambda: replaced(whole(), *ROUNDS, by=[]), 2, "rounds is []: expected `array`"),
    "one round": (lambda: replaced(whole(), *ROUNDS, by=[[0.01] * 9]), 0, ""),
    "threads of 0": (lambda: document(benchmark("net[cpu]", noisy(1), threads=0)), 2, "threads is"),
    "parity below 0": (
        lambda: document(benchmark("net[cpu]", noisy(1), parity_max_rel_error=-1.0)),
        2,
        "parity_max_rel_error is -1.0: expected",
    ),
    "parity of NaN": (
        lambda: document(benchmark("net[cpu]", noisy(1), parity_max_rel_error=float("nan"))),
        1,
        "",
    ),
    "a newer format": (lambda: whole() | {"isthmus": {"format": 99}}, 2, "update Isthmus"),
    "a name with escapes": (
        lambda: replaced(whole(), *ENTRY, "fullname", by="\x1b[2J\x07isthmus::net[cpu]\n"),
        3,
        "share no benchmark",
    ),
    "a name of a million": (
        lambda: document(foreign("x" * 1_000_000, [-1.0])),
        2,
        "is -1.0: expected `float` >= 1e-12",
    ),
    "markup": (lambda: document(foreign("[bold red]x[/]", [float("nan")])), 2, "[bold red]x[/]"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, whose settings are the usual ones."""
    (tmp_path / "base.json").write_bytes(written(whole()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_head(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, code, said = ROWS[name]
    (here / "head.json").write_bytes(written(content()))
    assert main(["gate", "base.json", "head.json"]) == code
    streams = capsys.readouterr()
    assert "Traceback" not in streams.err
    if code in (2, 3):
        assert streams.out == "" and one_line(streams.err) and said in streams.err


@pytest.mark.parametrize("name", [name for name, (_, code, _) in ROWS.items() if code == 2])
def test_a_bad_base_is_as_bad(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "head.json").write_bytes(written(ROWS[name][0]()))
    assert main(["gate", "head.json", "base.json"]) == 2
    assert one_line(capsys.readouterr().err)


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text[:-1].isprintable() and len(text) < 1000


# --- what is no file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/zero", "neither a file nor a pipe"),
        ("/dev/null", "neither a file nor a pipe"),
        (".", "Is a directory"),
        ("nope.json", "No such file"),
        ("", "Is a directory"),
        ("a\0b", "not a text file"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_what_is_no_file_is_said(path: str, said: str, here: Path) -> None:
    with pytest.raises(FileError, match=said) as refusal:
        compare_files(here / "base.json", path)
    assert str(refusal.value).isprintable()


def test_a_loop_of_links_is_said(here: Path) -> None:
    (here / "loop.json").symlink_to("loop.json")
    with pytest.raises(FileError, match="symbolic links"):
        compare_files(here / "base.json", here / "loop.json")


def test_a_file_without_end_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_MIB", 1)
    with (here / "large.json").open("wb") as file:
        file.truncate(3 << 20)
    with pytest.raises(FileError, match="has more than 1 MiB"):
        read(here / "large.json")


def test_a_pipe_that_nobody_writes_to_does_not_hang(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SILENCE_SECONDS", 0.05)
    os.mkfifo(here / "pipe")
    with pytest.raises(FileError, match=r"nothing came out of this pipe for 0\.05 s"):
        compare_files(here / "base.json", here / "pipe")


def test_a_pipe_is_read_to_its_end(here: Path) -> None:
    """As `isthmus gate <(git show main:results.json) results.json` needs it."""
    os.mkfifo(here / "pipe")
    content = written(
        document(benchmark("net[cpu]", noisy(2)), benchmark("b[cpu]", noisy(3, count=999)))
    )
    assert len(content) > 2 * 65536, "more than a pipe holds at once"
    writer = threading.Thread(target=(here / "pipe").write_bytes, args=[content])
    writer.start()
    outcome = compare_files(here / "base.json", here / "pipe")
    writer.join()
    assert kinds(outcome) == ["equivalent"]


# --- much --------------------------------------------------------------------------------------


def test_a_thousand_benchmarks_are_a_thousand_verdicts(tmp_path: Path) -> None:
    base, head = (
        document(*(foreign(f"test_f[{at}]", row) for at, row in enumerate(noisy(seed, count=1000))))
        for seed in (1, 2)
    )
    outcome = judge(tmp_path, base, head)
    assert len(kinds(outcome)) == 1000 and len(outcome.warnings) == 2


def test_a_million_times_are_read(tmp_path: Path) -> None:
    many = foreign("test_f", [0.001, 0.0010001] * 500_000)
    assert kinds(judge(tmp_path, document(many), document(many))) == ["inconclusive"]


# --- any damage to a real file -----------------------------------------------------------------


def real() -> Document:
    """Two benchmarks of a file that `isthmus bench` wrote, with fewer rounds."""
    content: Document = json.loads((RESULTS / "quick-2026-11-22.json").read_text())
    content["benchmarks"] = content["benchmarks"][:2]
    for entry in content["benchmarks"]:
        extra = entry["extra_info"]
        extra["rounds"] = [samples[:4] for samples in extra["rounds"][:4]]
        extra["processes"] = extra["processes"][:4]
        entry["stats"]["data"] = [value for samples in extra["rounds"] for value in samples]
    return content


REAL = real()
TEXT = json.dumps(REAL)


def nodes(value: Any, at: Node = ()) -> Iterator[Node]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, one in inner:
        yield (*at, step)
        if isinstance(one, dict | list):
            yield from nodes(one, (*at, step))


NODES = list(nodes(REAL))

anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
odd = st.sampled_from(
    [
        0,
        -1,
        1,
        10**400,
        1e308,
        5e-324,
        -0.0,
        math.nan,
        math.inf,
        "",
        "texts",
        [],
        {},
        [[]],
        [{}],
        True,
    ]
)
damaged = settings(
    max_examples=2 * settings().max_examples,  # of a file of many places
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def gated(tmp_path: Path, base: str, head: str) -> Outcome | IsthmusError:
    """The outcome or the refusal; anything else is a defect."""
    for name, text in (("base.json", base), ("head.json", head)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    try:
        return compare_files(tmp_path / "base.json", tmp_path / "head.json")
    except IsthmusError as refusal:
        assert str(refusal).isprintable() and "; " in str(refusal)
        return refusal


def check_sane(outcome: Outcome, but: object = None) -> None:
    """Every number of a verdict is one, and what was not damaged compares as equal."""
    for verdict in outcome.verdicts:
        if verdict.ratio is not None and verdict.low is not None and verdict.high is not None:
            assert 0 < verdict.ratio < math.inf
            assert 0 <= verdict.low <= verdict.ratio <= verdict.high
        for value in (verdict.base, verdict.head):
            assert value is None or value >= 0
        if verdict.kind == "regressed":
            assert verdict.benchmark == but, "only what was damaged may be worse"


def test_the_real_file_equals_itself(tmp_path: Path) -> None:
    outcome = gated(tmp_path, TEXT, TEXT)
    assert isinstance(outcome, Outcome)
    assert len(outcome.verdicts) == 5 and outcome.exit_code == 0  # NumPy is its own reference
    check_sane(outcome)


@damaged
@given(st.sampled_from(NODES), anything | odd, st.booleans())
def test_a_node_of_anything_else(tmp_path: Path, node: Node, damage: object, turned: bool) -> None:
    content = json.dumps(replaced(REAL, *node, by=damage))
    outcome = gated(tmp_path, *((content, TEXT) if turned else (TEXT, content)))
    if isinstance(outcome, Outcome):
        hit = node[0] == "benchmarks" and len(node) > 1
        check_sane(outcome, REAL["benchmarks"][node[1]]["fullname"] if hit else None)


@damaged
@given(st.sampled_from(NODES))
def test_a_node_that_is_gone(tmp_path: Path, node: Node) -> None:
    content: Any = json.loads(TEXT)
    inner = content
    for step in node[:-1]:
        inner = inner[step]
    del inner[node[-1]]
    outcome = gated(tmp_path, TEXT, json.dumps(content))
    if isinstance(outcome, Outcome):
        hit = node[0] == "benchmarks" and len(node) > 1
        check_sane(outcome, REAL["benchmarks"][node[1]]["fullname"] if hit else None)


@damaged
@given(st.integers(0, len(TEXT) - 1))
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    assert isinstance(gated(tmp_path, TEXT, TEXT[:length]), FileError)


@damaged
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_a_character_that_is_another(tmp_path: Path, at: int, mark: str) -> None:
    outcome = gated(tmp_path, TEXT, TEXT[:at] + mark + TEXT[at + 1 :])
    if isinstance(outcome, Outcome):
        assert all(one.ratio is None or 0 < one.ratio < math.inf for one in outcome.verdicts)


@damaged
@given(anything | odd)
def test_a_document_of_anything(tmp_path: Path, content: object) -> None:
    assert isinstance(gated(tmp_path, TEXT, json.dumps(content)), FileError)
