"""`isthmus gate` as it is typed: its ways, which options go together, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gate_files import benchmark, document, files, noisy

from isthmus.cli import main
from isthmus.cli.gate import WAYS

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
        (["fles", "a.json", "b.json"], "3 files were named"),
        (["files", "a.json"], "Missing argument 'HEAD'; see `isthmus gate files --help`"),
        (["files", "a.json", "b.json", "c.json"], "see `isthmus gate files --help`"),
        (["files", "a.json", "b.json", "--since", "2026-11-20"], "No such option: --since"),
        (["files", "a.json", "b.json"], "a.json: No such file"),
        (["history", "there"], "Missing argument 'HEAD'"),
        (["history", "there", "a.json", "--budget", "5m"], "No such option: --budget"),
        (["against"], "Missing argument 'REVISION'"),
        (["against", "HEAD", "--since", "2026-11-20"], "see `isthmus gate against --help`"),
        (["against", "HEAD", "mobilenet-v2", "--command", "true"], "one suite is measured"),
        (["against", "HEAD", "--command", "true", "--seconds", "0"], "above 0"),
        (["against", "HEAD", "--command", "true", "--threads", "999"], "give 1 to"),
        (["against", "nowhere", "--command", "true"], "no such revision"),
        (["self-test", "--strict"], "No such option: --strict"),
        (["self-test", "--budget", "soon"], "budget"),
    ],
)
def test_a_mistake_is_one_line(
    project: Path, typed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gate", *typed]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    way = f" {typed[0]}" if typed and typed[0] in WAYS else ""
    assert line.startswith(f"isthmus gate{way}: ") and words in line


def said(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    assert main(["gate", *typed]) == 0
    return capsys.readouterr().out


def test_help_lists_the_ways_with_an_example_each(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--help")
    for way in WAYS:
        assert f"isthmus gate {way}" in text and f"\n  {way} " in text
    assert "Exit codes: 0 fine, 1 regression" in text and "old spelling keeps working" in text
    assert "--against" in said(capsys, "--strict", "--help"), "which has all options"


@pytest.mark.parametrize(
    ("way", "own", "others"),
    [
        ("files", "--allow-different-machines", ("--since", "--budget", "--pytest", "--history")),
        ("history", "--since", ("--budget", "--pytest", "--allow-different-machines")),
        ("environment", "--shape", ("--since", "--pytest", "--install", "--shared")),
        ("against", "--pytest", ("--since", "--allow-different-machines", "--self-test")),
        ("self-test", "--variant", ("--since", "--pytest", "--strict", "--junit", "--shared")),
    ],
)
def test_help_of_a_way_shows_its_own_options(
    way: str, own: str, others: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, way, "--help")
    assert f"Example: isthmus gate {way} " in text and own in text and "--json" in text
    assert not [option for option in others if option in text]


def test_both_spellings_say_the_same_of_files(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [document(benchmark("net[cpu]", noisy(seed, seed / 100))) for seed in (1, 2)]
    base, head = map(str, files(project, *sides))
    found = []
    for spelling in ([], ["files"]):
        assert main(["gate", *spelling, base, head, "--json", "--margin", "0.1"]) == 1
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]
    assert found[0]["benchmarks"][0]["margin"] == 0.1


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("typed", [["./{}"], ["--json", "{}"], ["--", "{}"]])
def test_a_file_called_like_a_way_can_be_named(
    project: Path, name: str, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    side = document(benchmark("net[cpu]", noisy(1)))
    base, head = files(project, side, side)
    base.rename(project / name)
    assert main(["gate", *(word.format(name) for word in typed), str(head)]) == 0
    assert "isthmus::net[cpu]" in capsys.readouterr().out


@pytest.mark.parametrize("spelling", ["--against", "against"])
def test_against_a_revision(
    project: Path, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings of the project count, and every kind of file is written."""
    names = {"output": "json", "junit": "xml", "sarif": "sarif", "html": "html", "markdown": "md"}
    written = {option: project / f"out.{suffix}" for option, suffix in names.items()}
    options = [word for name, path in written.items() for word in (f"--{name}", str(path))]
    command = f"{sys.executable} -c pass"
    typed = [spelling, "HEAD", "--shared", "--command", command, "--budget", "5s", *options]
    code = main(["gate", *typed])
    said = json.loads(written["output"].read_text())
    assert said["exit_code"] == code == 0
    (row,) = said["benchmarks"]
    assert (row["benchmark"], row["margin"]) == (command, 0.5)
    assert all(path.stat().st_size > 100 for path in written.values())
    assert "against HEAD" in capsys.readouterr().out


@pytest.mark.parametrize("spelling", ["--history", "history"])
def test_the_first_run_begins_a_history(
    project: Path, spelling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [_run(project, seed) for seed in range(6)]
    typed = ["gate", spelling, str(project / "history")]
    assert main([*typed, str(runs[0])]) == 3
    assert "is stored" in capsys.readouterr().err
    for run in runs[1:]:
        assert main([*typed, str(run)]) == 0
    slow = _run(project, 9, median=0.02)
    capsys.readouterr()
    assert main([*typed, str(slow)]) == 1
    assert "1 regressed" in capsys.readouterr().out


def _run(folder: Path, seed: int, median: float = 0.01) -> Path:
    """A result file of another day."""
    content: dict[str, Any] = document(benchmark("net[cpu]", noisy(seed, median)))
    content["datetime"] = f"2026-11-{seed + 1:02}T10:00:00"
    place = folder / f"day-{seed}"
    place.mkdir()
    return files(place, content, content)[1]


@pytest.mark.parametrize(
    "spelling",
    [
        ("files", "base.json", "head.json"),
        ("base.json", "head.json"),
        ("history", "runs", "head.json"),
    ],
    ids=["files", "old", "history"],
)
@pytest.mark.parametrize("option", ["--output", "--junit", "--html"])
def test_an_outcome_is_not_written_over_what_is_compared(
    spelling: tuple[str, ...],
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("base.json", "head.json"):
        (tmp_path / name).write_text("{}")
    assert main(["gate", *spelling, option, "./head.json"]) == 2
    assert f"{option} head.json is a file that is compared" in capsys.readouterr().err
    assert (tmp_path / "head.json").read_text() == "{}"
