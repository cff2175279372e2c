"""`isthmus score`: every row once, in the output or among the rejected, after any end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus.cli import main
from isthmus.serve.scoring import job, processes
from isthmus.serve.scoring.lines import indexed
from isthmus.serve.scoring.npz import LENGTHS

Capture = pytest.CaptureFixture[str]
ROWS = 103


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """y = 2 x of float32[batch, 2]."""
    run = im.compile(lambda x: {"y": 2 * x}, {"x": im.spec("float32", ["batch", 2])}, threads=1)
    run.save(tmp_path / "net.im")
    return tmp_path / "net.im"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """JSON lines, all good, with an id and a name."""
    return written(tmp_path / "rows.jsonl", range(ROWS))


def written(path: Path, numbers: Any) -> Path:
    lines = [json.dumps({"x": [n, n / 2], "id": f"number {n}"}) for n in numbers]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def scored(capsys: Capture, *words: object, code: int = 0) -> Any:
    """What the command says with --json; its complaint where it fails."""
    found = main(["score", *map(str, words), "--json"])
    output, errors = capsys.readouterr()
    assert found == code, errors
    if code:
        (line,) = [line for line in errors.splitlines() if line.startswith("isthmus score:")]
        return line
    return json.loads(output)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_is_scored_once_and_in_order(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.jsonl"
    summary = scored(capsys, program, rows, out, "--part", 10, "--processes", 2, "--keep", "id")
    assert (summary["rows"], summary["scored"], summary["rejected"]) == (ROWS, ROWS, 0)
    assert (summary["processes"], summary["threads"], summary["resumed"]) == (2, 1, 0)
    assert lines(out) == [
        {"row": n, "id": f"number {n}", "y": [2.0 * n, 1.0 * n]} for n in range(ROWS)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "net.im", "out.jsonl", "rows.jsonl",
    ]  # fmt: skip


def test_dollars_are_seconds_of_processes_by_a_price(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.npz"
    summary = scored(capsys, program, rows, out, "--instance", "c5.xlarge", "--processes", 1)
    assert summary["instance"] == "c5.xlarge"
    # A process of one thread is half of a core here at the most: at least two fit on its two cores.
    assert 0 < summary["usd"] <= summary["seconds"] * 0.17 / 3600
    assert "c5.xlarge at $0.17 an hour" in summary["price"]
    said = scored(capsys, program, rows, out, "--instance", "c5.tiny", code=2)
    assert "c5.tiny" in said


def test_rows_without_a_result_are_told_with_reasons(
    program: Path, tmp_path: Path, capsys: Capture
) -> None:
    given = tmp_path / "rows.jsonl"
    good = '{"x": [1, 2], "id": 1}'
    bad = [
        "",
        "[1]",
        '{"id": 3}',
        '{"x": [1]}',
        '{"x": null}',
        '{"x": "a"}',
        "{",
        '{"x": [1, 1e39]}',
    ]
    content = "\n".join([good, *bad, good]).encode() + b'\n{"x": [1, \xff]}\n' + good.encode()
    given.write_bytes(content)
    out = tmp_path / "out.jsonl"
    summary = scored(capsys, program, given, out, "--part", 4)
    assert (summary["rows"], summary["scored"], summary["rejected"]) == (12, 3, 9)
    assert [line["row"] for line in lines(out)] == [0, 9, 11]
    rejected = {line["row"]: line["reason"] for line in lines(Path(summary["rejects"]))}
    assert list(rejected) == [1, 2, 3, 4, 5, 6, 7, 8, 10]
    assert rejected[1].startswith("the line is no JSON")
    assert rejected[2] == "the line is no JSON object: [1]"
    assert rejected[3] == "x is absent, and float32[2] is asked for"
    assert rejected[4].startswith("x is int64[1], and float32[2]")
    assert rejected[8] == "x has 1e+39, which float32 does not hold"
    assert rejected[10] == "the line is not UTF-8"
    # With no bad rows any more, the file of an earlier run does not stay.
    given.write_text(good)
    assert scored(capsys, program, given, out)["rejects"] is None
    assert not Path(summary["rejects"]).exists()


def test_where_no_row_is_scored_it_fails(program: Path, tmp_path: Path, capsys: Capture) -> None:
    given = tmp_path / "rows.jsonl"
    given.write_text('{"x": [1]}\n' * 5)
    said = scored(capsys, program, given, tmp_path / "out.npz", code=2)
    assert "none of the 5 rows" in said
    assert not (tmp_path / "out.npz").exists()


REFUSED = {
    "no input": (["absent.txt", "out.npz"], "absent.txt: no such file"),
    "no such input": (["net.im", "out.npz"], "net.im: an input is a folder of images"),
    "empty": (["empty.jsonl", "out.npz"], "empty.jsonl has no rows"),
    "no output": (["rows.jsonl", "out.csv"], "out.csv: an output ends in .parquet, .npz, .jsonl"),
    "no folder": (["rows.jsonl", "none/out.npz"], "there is no folder"),
    "the input": (["rows.jsonl", "rows.jsonl"], "is a file that is read"),
    "no column": (["others.jsonl", "out.npz"], "no column 'x' for the input x"),
    "no kept": (["rows.jsonl", "out.npz", "--keep", "z"], "--keep z: no such column"),
    "no engine": (["rows.jsonl", "out.npz", "--engine", "spark"], "--engine spark: give local"),
    "an address": (["rows.jsonl", "out.npz", "--address", "a:1"], "is of --engine ray"),
    "samples": (["rows.jsonl", "out.npz", "--precision", "int8"], "is settled on samples"),
    "twice": (["rows.jsonl", "out.npz", "--column", "x=a", "--column", "x=b"], "given twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_one_line(
    case: str, program: Path, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "others.jsonl").write_text('{"a": 1, "b": 2}\n')
    words, said = REFUSED[case]
    assert said in scored(capsys, "net.im", *words, code=2)


def test_parquet_without_pyarrow_is_one_line(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = scored(capsys, program, rows, tmp_path / "out.parquet", code=5)
    assert "writing Parquet needs pyarrow" in said and "isthmus[parquet]" in said


# Ended and resumed


def run_until(program: Path, rows: Path, out: Path, is_time: Callable[[Path], bool]) -> None:
    """The command, killed when it is time, or ended by itself."""
    words = [str(program), str(rows), str(out), "--part", "3", "--processes", "2", "--keep", "id"]
    process = subprocess.Popen(
        [sys.executable, "-m", "isthmus", "score", *words],
        cwd=out.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while process.poll() is None and not is_time(out.with_name(out.name + ".parts")):
        time.sleep(0.002)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors.decode()


def test_killed_at_any_moment_it_goes_on_with_nothing_lost_or_doubled(
    program: Path, tmp_path: Path, capsys: Capture
) -> None:
    """With bad rows too, and another number of processes in the end."""
    rows = written(tmp_path / "rows.jsonl", range(60))
    rows.write_text(rows.read_text().replace("[7, 3.5]", "[7]").replace("[40, 20.0]", "null"))
    for name in ("whole.npz", "killed.npz"):
        (tmp_path / name).unlink(missing_ok=True)
    drawn = random.Random(0)
    for parts in (0, 1, 3, 8, 14):

        def is_time(folder: Path, parts: int = parts) -> bool:
            return len(list(folder.glob("part-*.npz"))) > parts and drawn.random() < 0.5

        run_until(program, rows, tmp_path / "killed.npz", is_time)
    words = ("--part", 3, "--keep", "id")
    summary = scored(capsys, program, rows, tmp_path / "killed.npz", *words, "--processes", 1)
    assert (summary["scored"], summary["rejected"]) == (58, 2)
    assert summary["resumed"] > 0 or summary["resumed"] == 0  # the last may have ended by itself
    scored(capsys, program, rows, tmp_path / "whole.npz", *words, "--processes", 2)
    whole, killed = (tmp_path / name for name in ("whole.npz", "killed.npz"))
    assert whole.read_bytes() == killed.read_bytes()
    rejected = [path.with_name(path.name + job.REJECTED).read_bytes() for path in (whole, killed)]
    assert rejected[0] == rejected[1]
    assert not list(tmp_path.glob("*.parts"))


def interrupted(program: Path, rows: Path, out: Path) -> Path:
    """Some finished parts of a run that was killed; their folder."""
    folder = out.with_name(out.name + ".parts")
    run_until(program, rows, out, lambda parts: len(list(parts.glob("part-*.npz"))) > 4)
    if not folder.exists():
        pytest.skip("it ended before it could be killed")
    return folder


def test_finished_parts_are_not_scored_again(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.jsonl"
    folder = interrupted(program, rows, out)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("part-*.npz")}
    (folder / ".isthmus-left").mkdir()  # what a kill leaves of a part
    summary = scored(capsys, program, rows, out, "--part", 3, "--keep", "id")
    assert summary["resumed"] >= 3 * (len(before) - 1)
    assert [line["row"] for line in lines(out)] == list(range(ROWS))


CHANGED: dict[str, tuple[list[str], str]] = {
    "the input": (["--part", "3", "--keep", "id"], "input.sha256 was"),
    "the model": (["--part", "3", "--keep", "id"], "model.sum was"),
    "rows of a part": (["--part", "4", "--keep", "id"], "rows_of_a_part was 3 and is 4"),
    "what is kept": (["--part", "3"], 'keep was ["id"] and is []'),
    "threads": (["--part", "3", "--keep", "id", "--threads", "2"], "threads was 1 and is 2"),
    "precision": (["--part", "3", "--keep", "id", "--backend", "numpy"], "model.options was"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_another_input_or_option_is_refused(
    case: str, program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.jsonl"
    folder = interrupted(program, rows, out)
    parts = sorted(path.name for path in folder.glob("part-*"))
    if case == "the input":
        written(rows, [*range(ROWS - 1), 7])
    if case == "the model":
        spec = {"x": im.spec("float32", ["batch", 2])}
        im.compile(lambda x: {"y": 3 * x}, spec, threads=1).save(program)
    words, said = CHANGED[case]
    complaint = scored(capsys, program, rows, out, *words, code=2)
    assert "has parts of other work" in complaint and said in complaint
    assert sorted(path.name for path in folder.glob("part-*")) == parts
    shutil.rmtree(folder)
    assert scored(capsys, program, rows, out, *words)["resumed"] == 0


def test_a_damaged_part_is_named_and_made_anew(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.jsonl"
    folder = interrupted(program, rows, out)
    part = min(folder.glob("part-*.npz"))
    part.write_bytes(part.read_bytes()[:-30])
    words = (program, rows, out, "--part", 3, "--keep", "id")
    said = scored(capsys, *words, code=2)
    assert str(part) in said and "is damaged" in said
    part.unlink()
    scored(capsys, *words)
    assert [line["row"] for line in lines(out)] == list(range(ROWS))


def test_a_second_command_for_the_same_output_is_refused(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture
) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = tmp_path / "out.npz.parts"
    folder.mkdir()
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = scored(capsys, program, rows, tmp_path / "out.npz", code=2)
    assert "is being scored by another process" in said
    scored(capsys, program, rows, tmp_path / "out.npz")


def test_killed_while_parts_are_removed_the_output_stands(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.serve.scoring.state import State

    out = tmp_path / "out.npz"
    removed = State.remove
    monkeypatch.setattr(State, "remove", lambda self: None)
    first = scored(capsys, program, rows, out, "--part", 10)
    monkeypatch.setattr(State, "remove", removed)
    content, changed = out.read_bytes(), out.stat().st_mtime_ns
    next(iter(tmp_path.glob("out.npz.parts/part-*"))).unlink()
    assert scored(capsys, program, rows, out, "--part", 10) == first
    assert (out.read_bytes(), out.stat().st_mtime_ns) == (content, changed)
    assert not (tmp_path / "out.npz.parts").exists()


def test_children_of_a_killed_command_end(program: Path, rows: Path, tmp_path: Path) -> None:
    interrupted(program, rows, tmp_path / "out.npz")
    until = time.monotonic() + 30
    while children(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert not children(tmp_path)


def children(folder: Path) -> list[str]:
    """Processes that score, started in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            if b"isthmus.serve.scoring.child" in words and (place / "cwd").readlink() == folder:
                found.append(place.name)
        except OSError:
            continue
    return found


def test_a_process_that_dies_is_started_again_once(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = processes.Processes.give
    killed: list[int] = []

    def give(self: processes.Processes, number: int, span: Any) -> None:
        given(self, number, span)
        if number == 2 and not killed:
            (one,) = [one for one in self.every if one.part and one.part[0] == 2]
            one.process.kill()
            killed.append(one.process.pid)

    monkeypatch.setattr(processes.Processes, "give", give)
    out = tmp_path / "out.jsonl"
    scored(capsys, program, rows, out, "--part", 10, "--processes", 2)
    assert killed
    assert [line["row"] for line in lines(out)] == list(range(ROWS))


def test_a_part_that_kills_two_processes_is_the_end(
    program: Path, rows: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, started = processes.Processes.give, processes.Processes._started
    deadly: list[int] = []

    def kill(one: Any) -> Any:
        one.process.kill()
        one.process.wait()
        return one

    def give(self: processes.Processes, number: int, span: Any) -> None:
        given(self, number, span)
        if number == 2:
            (one,) = [one for one in self.every if one.part and one.part[0] == 2]
            deadly.append(number)
            kill(one)

    def start(self: processes.Processes) -> Any:
        one = started(self)
        return kill(one) if deadly else one

    monkeypatch.setattr(processes.Processes, "give", give)
    monkeypatch.setattr(processes.Processes, "_started", start)
    words = (program, rows, tmp_path / "out.npz", "--part", 10, "--processes", 1)
    said = scored(capsys, *words, code=2)
    assert "SIGKILL" in said and "--processes" in said


# Inputs and outputs


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\nb\n", 2), (b"\n", 1), (b"\n\n", 2),
        (b"a\r\nb\r\n", 2), (b"x" * 100 + b"\ny", 2), (b"a\n" * 17, 17), (b"a\n" * 17 + b"b", 18),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", [1, 2, 3, 17, 100])
@pytest.mark.parametrize("block", [1, 2, 5, 1 << 24])
def test_lines_are_counted_and_parts_begin_where_they_do(
    content: bytes, count: int, part: int, block: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from isthmus.serve.scoring import lines as module

    monkeypatch.setattr(module, "BLOCK", block)
    path = tmp_path / "lines.txt"
    path.write_bytes(content)
    starts, found, _ = indexed(path, part)
    assert found == count
    assert len(starts) == -(-count // part)
    every = content.split(b"\n")[:count]
    source = module.TextLines.of(path, part)
    spans = source.spans()
    assert [span.first for span in spans] == list(range(0, count, part))
    read = [text for span in spans for text in source.read(span, ["text"]).columns["text"]]
    assert read == [line.removesuffix(b"\r").decode() for line in every]


def test_an_input_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    from isthmus.errors import FileError
    from isthmus.serve.scoring.lines import TextLines

    path = tmp_path / "lines.txt"
    path.write_text("a\nb\n")
    source = TextLines.of(path, 1)
    spans = source.spans()
    path.write_text("a\nc\n")
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileError, match="was changed while it was read"):
        source.read(spans[1], ["text"])


def test_npz_has_rows_of_one_length_and_of_several(tmp_path: Path, capsys: Capture) -> None:
    spec = {"x": im.spec("float32", ["batch", "n"])}
    run = im.compile(lambda x: {"s": im.np.sum(x, axis=1), "t": x + 1}, spec, threads=1)
    run.save(tmp_path / "net.im")
    given = tmp_path / "rows.jsonl"
    lengths = [3, 1, 2, 2, 5, 1, 4]
    given.write_text("".join(json.dumps({"x": [1.5] * n, "n": n}) + "\n" for n in lengths))
    out = tmp_path / "out.npz"
    scored(capsys, tmp_path / "net.im", given, out, "--part", 2, "--keep", "n")
    with numpy.load(out, allow_pickle=False) as found:
        assert found["s"].tolist() == [1.5 * n for n in lengths]
        assert found["t" + LENGTHS].tolist() == found["n"].tolist() == lengths
        assert found["t"].tolist() == [2.5] * sum(lengths)
        assert found["row"].tolist() == list(range(7))


def test_a_folder_of_images(tmp_path: Path, capsys: Capture) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "images"
    (folder / "below").mkdir(parents=True)
    shades = {"b.png": 10, "below/a.PNG": 200, "c.jpg": 90}
    for name, shade in shades.items():
        image.new("RGB", (64, 48), (shade, shade, shade)).save(folder / name)
    (folder / "broken.png").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(b"")
    mean = im.compile(
        lambda x: {"mean": im.np.mean(x, axis=(1, 2, 3))},
        {"x": im.spec("float32", ["batch", 3, 32, 32])},
        threads=1,
    )
    mean.save(tmp_path / "mean.im")
    out = tmp_path / "out.jsonl"
    words = (tmp_path / "mean.im", folder, out, "--part", 2)
    summary = scored(capsys, *words)
    assert (summary["rows"], summary["scored"], summary["rejected"]) == (4, 3, 1)
    found = {line["path"]: line["mean"] for line in lines(out)}
    assert found == pytest.approx({name: shade / 255 for name, shade in shades.items()}, abs=0.02)
    (rejected,) = lines(Path(summary["rejects"]))
    assert "broken.png" in rejected["reason"] and "not a whole image" in rejected["reason"]


def test_help_has_an_example(capsys: Capture) -> None:
    assert main(["score", "--help"]) == 0
    said = capsys.readouterr().out
    assert "isthmus score minilm-l6 texts.txt embeddings.parquet" in said


def test_progress_says_what_is_left_and_what_it_cost() -> None:
    from isthmus.cli.score import _line
    from isthmus.serve.scoring.job import Progress

    some = Progress(500, 2000, 3, 100.0, 15.0, 0.00125)
    assert _line(some) == (
        "500 of 2,000 rows (25%), 100.0 rows/s, about 15 s left, 3 rejected, $0.0013"
    )
    assert _line(Progress(0, 10, 0, 0.0, None, None)) == "0 of 10 rows (0%), 0.0 rows/s"
