"""Every verb prints on a terminal of any encoding, and writes its files as UTF-8."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from gate_files import benchmark, document, files, noisy

import isthmus as im
from isthmus.cli import main
from isthmus.system.streams import any_encoding

# What Python takes from a system is set by these; the last is a system without any setting.
TERMINALS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
NAME = "größe-模型-√"


class Verb(NamedTuple):
    """What is typed; whether the name is among what is printed."""

    typed: str
    named: bool = True
    code: int = 0


VERBS = [
    Verb("doctor", named=False),
    Verb("doctor --json", named=False),
    Verb("models", named=False),
    Verb("bench --help", named=False),
    Verb("run {name}.im --input random --output {name}.npz"),
    Verb("run minilm-l6 --text {name} --text b --weights random --output {name}.npz"),
    Verb("report {name}.json --out {name}"),
    Verb("report {name}.json --json", named=False),
    Verb("gate files {name}.json head.json --html {name}.html --junit {name}.xml"),
    Verb("gate files {name}.json no-{name}.json", code=2),
    Verb("gate against no-{name} --command true", code=2),
    Verb("export resnet-18 {name}.xml --weights random --batch 1"),
    Verb("export resnet-18 no-{name}/x.xml --weights random", code=2),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with result files of a benchmark of that name, and a program."""
    monkeypatch.chdir(tmp_path)
    sides = [document(benchmark(f"{NAME}[cpu]", noisy(seed))) for seed in (1, 2)]
    base, _ = files(tmp_path, *sides)
    base.rename(tmp_path / f"{NAME}.json")
    subprocess.run(["git", "init", "-q"], check=True)
    im.compile(im.np.tanh, im.spec("float32", [3]), backend="numpy").save(f"{NAME}.im")
    return tmp_path


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.typed.format(name="name"))
def test_a_real_process_prints_on_every_terminal(place: Path, verb: Verb, terminal: str) -> None:
    words = [word.format(name=NAME) for word in verb.typed.split()]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUTF8"}
    done = subprocess.run(
        [sys.executable, "-m", "isthmus", *words],
        capture_output=True,
        env={**kept, **TERMINALS[terminal]},
    )
    assert done.returncode == verb.code, done.stderr
    said = (done.stdout + done.stderr).decode("ascii" if terminal == "C" else terminal)
    assert "Traceback" not in said
    assert ("gr" in said and "e-" in said) or not verb.named
    for path in place.rglob("*"):
        if path.suffix in (".json", ".md", ".html", ".svg", ".csv", ".junit"):
            path.read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("typed", ["report {name}.json", "gate files {name}.json head.json"])
def test_what_a_terminal_lacks_is_spelt(
    place: Path, typed: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert main([word.format(name=NAME) for word in typed.split()]) == 0
    said = written.getvalue().decode(encoding)
    name = NAME if encoding == "utf-8" else NAME.encode(encoding, "isthmus.spelt").decode(encoding)
    assert name in said and "\\u6a21" in name and "sqrt" in name
    assert "─" not in said


def test_streams_are_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with any_encoding():
        print("2× ≤ 3… \udce9 \x07 模")
    assert stream.errors == "strict"
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    assert buffer.getvalue() == b"2x <= 3... \\xe9 \x07 \\u6a21\n"


@pytest.mark.parametrize("way", ["", "against", "environment", "files", "history", "self-test"])
def test_help_is_ascii(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """typer prints it, which writes UTF-8 to a terminal that takes ASCII."""
    assert main([word for word in ("gate", way, "--help") if word]) == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("verb", ["run", "bench", "report", "export", "models", "doctor"])
def test_help_of_a_verb_is_ascii(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.isascii()


def test_names_that_are_no_text_are_written(place: Path) -> None:
    """JSON may hold half of a surrogate pair, which UTF-8 does not."""
    content = json.loads((place / "head.json").read_text())
    text = json.dumps(content).replace("gr\\u00f6", "gr\\ud800")
    assert "\\ud800" in text
    (place / "odd.json").write_text(text)
    assert main(["report", "odd.json", "--out", "out"]) == 0
    assert main(["gate", "files", "odd.json", "odd.json", "--html", "odd.html"]) == 0
    assert (place / "out" / "report.html").read_text(encoding="utf-8")
