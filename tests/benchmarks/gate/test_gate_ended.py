"""A gate that is ended by a signal, or by its budget: what it leaves behind, and what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from isthmus.benchmarks.gate.against import Request, gate
from isthmus.benchmarks.gate.rule.sampling import Effort
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.harness.clock import Step
from isthmus.errors import NothingMeasured

NET = "from isthmus import np\n\ndef net(x):\n    return np.matmul(x, x)\n"
WORK = {
    "command": ["--command", "echo $$ >> pids; sleep 0.5"],
    "model": ["mymodule:net", "--shape", "x=8,8", "--seconds", "30"],
    "pytest": ["--pytest", "test_it.py", "--seconds", "30"],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mymodule.py").write_text(NET)
    (folder / "test_it.py").write_text("def test_a(benchmark):\n    benchmark(sum, range(1000))\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    return folder


def processes_in(place: Path) -> list[bytes]:
    """Those whose command line names it, where the system tells."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(line.read_bytes())
    return [line for line in found if bytes(place) in line]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("kind", WORK)
def test_a_signal_ends_it_and_leaves_nothing(
    project: Path, tmp_path: Path, kind: str, number: signal.Signals, code: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "isthmus", "gate", "against", "HEAD", "--shared", *WORK[kind]],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "draw 1, round 1" in line:
            break
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(1.5)  # in the middle of the round
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code, said
    assert said.splitlines()[-1].startswith("isthmus gate against: ")
    assert [path.name for path in temporary.iterdir() if "isthmus" in path.name] == []
    trees = subprocess.run(["git", "-C", str(project), "worktree", "list"], capture_output=True)
    assert len(trees.stdout.splitlines()) == 1
    assert processes_in(temporary) == []


def test_a_budget_that_holds_no_verdict_ends_it_with_a_word(project: Path) -> None:
    """Each round sleeps a second on either side, which a loaded machine only lengthens."""
    steps: list[Step] = []
    request = Request("HEAD", command="sleep 1", shared=True, folder=project)
    effort = Effort(budget_seconds=4.5)
    found = gate(request, Settings(), effort, steps.append)
    assert [verdict.kind for verdict in found.verdicts] == ["inconclusive"]
    assert found.exit_code == 0
    (rounds,) = {verdict.rounds for verdict in found.verdicts}
    assert rounds is not None and 1 <= rounds < 5
    (warning,) = (line for line in found.warnings if "budget" in line)
    assert "the budget of 4 s was too short; a verdict takes" in warning
    early = [step.text for step in steps]
    assert "the budget is short" in early[1], "after the first round, not at the end"


def test_a_budget_that_does_not_hold_the_preparation_ends_it(project: Path) -> None:
    request = Request(
        *("HEAD", ["mymodule:net"], ["x=8,8"]), shared=True, folder=project, seconds=0.1
    )
    with pytest.raises(NothingMeasured, match=r"preparing mymodule:net took .* longer --budget"):
        gate(request, Settings(), Effort(budget_seconds=0.1), lambda step: None)
