"""What is written: places are tried before the work, verdicts are said before files are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gate_files import benchmark, document, files, noisy

import isthmus as im
from isthmus.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Result files, a program, a folder and a file that stand in the way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    sides = [
        {**document(benchmark("net[cpu]", noisy(day))), "datetime": f"2026-11-0{day}T10:00:00"}
        for day in (1, 2)
    ]
    base, _ = files(tmp_path, *sides)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "reported").mkdir()
    (tmp_path / "reported" / "report.json").write_bytes(base.read_bytes())
    (tmp_path / "net.onnx").write_text("no model")
    im.compile(im.np.tanh, im.spec("float32", [3]), backend="numpy").save("net.im")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


REFUSED = [
    ("gate files base.json head.json --junit folder", "it is a folder"),
    ("gate files base.json head.json --html file/x.html", "cannot be written"),
    ("gate files base.json head.json --output ./head.json", "a file that is compared"),
    ("gate files base.json head.json --output x --html x", "--output and --html both name x"),
    ("gate base.json head.json --sarif folder", "it is a folder"),
    ("gate history runs head.json --output head.json", "a file that is compared"),
    ("gate history file head.json", "it is a file"),
    ("gate against HEAD --command true --markdown folder", "it is a folder"),
    ("gate self-test --output folder", "it is a folder"),
    ("gate self-test --history file", "it is a file"),
    ("report base.json --out file", "it is a file"),
    ("report base.json --out file/inside", "cannot be written"),
    ("report reported/report.json --out reported", "report.json is a file that is read"),
    ("bench net.onnx --output folder", "it is a folder"),
    ("bench net.onnx --output file/x.json", "cannot be written"),
    ("bench net.onnx --output net.onnx", "a file that is measured"),
    ("bench --workload mobilenet-v2 --output file.json", "it is a file"),  # of its report: `file`
    ("run net.im --input random --output folder/no/x.npz", "there is no folder"),
    ("run net.im --input x=x.npz --output x.npz", "a file that is read"),
    ("export resnet-18 folder/no/x.onnx --weights random", "there is no folder"),
    ("export resnet-18 w.xml --weights w.bin", "its weights w.bin is a file that is read"),
]


@pytest.mark.parametrize(("typed", "words"), REFUSED, ids=[typed for typed, _ in REFUSED])
def test_what_cannot_be_written_is_told_before_the_work(
    place: Path, typed: str, words: str, capsys: Capture
) -> None:
    before = contents(place)
    assert main(typed.split()) == 2
    said, problem = capsys.readouterr()
    assert said == "" and words in problem and len(problem.splitlines()) == 1
    assert contents(place) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_gate_says_its_verdict_before_a_file_fails(place: Path, capsys: Capture) -> None:
    """The others are written."""
    typed = ["base.json", "head.json", "--output", "/dev/full", "--html", "a.html"]
    assert main(["gate", "files", *typed]) == 2
    said, problem = capsys.readouterr()
    assert said.startswith("passed: ") and "/dev/full: cannot be written (No space" in problem
    assert (place / "a.html").is_file()


def test_a_report_says_its_tables_before_files_fail(place: Path, capsys: Capture) -> None:
    """And nothing half-written stays."""
    (place / "out" / "report.md").mkdir(parents=True)
    assert main(["report", "base.json", "--out", "out"]) == 2
    said, problem = capsys.readouterr()
    assert "Speedup over native NumPy" in said and "out: " in problem
    assert not (place / "out" / "report.html").exists()
    assert not list((place / "out").glob(".*"))


def test_who_stops_reading_misses_no_file(place: Path) -> None:
    """`isthmus gate ... | head -0`."""
    typed = ["gate", "history", "runs", "head.json", "--output", "out.json", "--json"]
    first = [sys.executable, "-m", "isthmus", "gate", "history", "runs", "base.json"]
    subprocess.run(first, capture_output=True)
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "isthmus", *typed], stdout=written)
    os.close(written)
    assert done.returncode == 141
    assert json.loads((place / "out.json").read_text())["headline"]
    assert len(list((place / "runs").rglob("*.json"))) == 2
