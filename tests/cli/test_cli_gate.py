"""`isthmus gate` as it is typed: which options go together, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gate_files import benchmark, document, files, noisy

from isthmus.cli import main

SETTINGS = """\
[tool.isthmus.gate]
margin = 0.5
metrics = ["latency_p50_ms"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with settings, in which the command runs."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ([], "BASE.json HEAD.json"),
        (["one.json"], "1 file was named"),
        (["--history", "there"], "HEAD.json"),
        (["--against", "HEAD", "--self-test"], "exclude each other"),
        (["a.json", "b.json", "--command", "true"], "go with --against"),
        (["--against", "HEAD", "--command", "true", "--seconds", "0"], "above 0"),
        (["--against", "HEAD", "--command", "true", "--budget", "soon"], "budget"),
        (["--against", "HEAD", "--command", "true", "--margin", "5"], "between 0 and 1"),
        (["--against", "HEAD", "--command", "true", "--threads", "999"], "give 1 to"),
        (["--against", "nowhere", "--command", "true"], "no such revision"),
    ],
)
def test_a_mistake_is_one_line(
    project: Path, typed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate", *typed]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("isthmus gate: ") and words in line


def test_against_a_revision(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings of the project count, and every kind of file is written."""
    names = {"output": "json", "junit": "xml", "sarif": "sarif", "html": "html", "markdown": "md"}
    written = {option: project / f"out.{suffix}" for option, suffix in names.items()}
    options = [word for name, path in written.items() for word in (f"--{name}", str(path))]
    command = f"{sys.executable} -c pass"
    typed = ["--against", "HEAD", "--shared", "--command", command, "--budget", "5s", *options]
    code = main(["gate", *typed])
    said = json.loads(written["output"].read_text())
    assert said["exit_code"] == code == 0
    (row,) = said["benchmarks"]
    assert (row["benchmark"], row["margin"]) == (command, 0.5)
    assert all(path.stat().st_size > 100 for path in written.values())
    assert "against HEAD" in capsys.readouterr().out


def test_the_first_run_begins_a_history(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [_run(project, seed) for seed in range(6)]
    store = str(project / "history")
    assert main(["gate", "--history", store, str(runs[0])]) == 3
    assert "is stored" in capsys.readouterr().err
    for run in runs[1:]:
        assert main(["gate", "--history", store, str(run)]) == 0
    slow = _run(project, 9, median=0.02)
    capsys.readouterr()
    assert main(["gate", "--history", store, str(slow)]) == 1
    assert "1 regressed" in capsys.readouterr().out


def _run(folder: Path, seed: int, median: float = 0.01) -> Path:
    """A result file of another day."""
    content: dict[str, Any] = document(benchmark("net[cpu]", noisy(seed, median)))
    content["datetime"] = f"2026-11-{seed + 1:02}T10:00:00"
    place = folder / f"day-{seed}"
    place.mkdir()
    return files(place, content, content)[1]
