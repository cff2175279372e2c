"""Two revisions measured at once: taken out of git, built, run in turn; nothing is simulated."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from patience import in_a_quiet_moment

from isthmus.benchmarks.gate import against
from isthmus.benchmarks.gate.against import Request, gate, usual_install
from isthmus.benchmarks.gate.rule.sampling import Effort
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.suite import Sides
from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.benchmarks.gate.suites.checkout import Project
from isthmus.benchmarks.gate.suites.command_suite import CommandSuite
from isthmus.benchmarks.gate.suites.homes import own_home, shared_home
from isthmus.benchmarks.harness.processes import Home
from isthmus.errors import IsthmusError, NothingMeasured, UsageError

BUSY = """\
def work(n):
    total = 0
    for i in range(n):
        total += i * i
    return total
print(work({n}))
"""
NET = """\
from isthmus import np

def net(x):
    for _ in range({n}):
        x = np.matmul(x, x) / 16
    return x + {plus}
"""


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--initial-branch=main")
    write(folder, busy=150_000, nets=2)
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def write(folder: Path, busy: int, nets: int, plus: float = 0.0) -> None:
    (folder / "busy.py").write_text(BUSY.format(n=busy))
    (folder / "mymodule.py").write_text(NET.format(n=nets, plus=plus))


def outcome(folder: Path, rounds: int = 3, **asked: Any) -> Outcome:
    """Half a second has several turns, of which both sides share one that nothing disturbed; the
    budget is for a machine that is busy otherwise, and is not spent on one that is not."""
    request = Request(reference="main", shared=True, threads=1, folder=folder, seconds=0.5, **asked)
    rules = Settings(margin=0.2, metrics=("latency_p50_ms", "parity"))
    effort = Effort(budget_seconds=600, first_rounds=rounds, most_rounds=2 * rounds)
    return in_a_quiet_moment(lambda: gate(request, rules, effort, lambda step: None))


def test_a_command_that_does_much_more_has_regressed(project: Path) -> None:
    write(project, busy=6_000_000, nets=2)
    found = outcome(project, rounds=5, command=f"{sys.executable} busy.py")
    (verdict,) = found.verdicts
    assert verdict.kind == "regressed", verdict
    assert found.exit_code == 1
    assert found.base.label == "main" and found.head.label == "the working tree"
    assert found.head.commit != found.base.commit, "what is not committed is measured, too"
    assert found.control is not None


def test_a_user_s_model_is_traced_and_run_by_each_revision(project: Path) -> None:
    write(project, busy=1, nets=12)
    found = outcome(project, works=["mymodule:net"], shapes=["x=256,256"])
    kinds = {verdict.metric: verdict.kind for verdict in found.verdicts}
    assert kinds["latency_p50_ms"] == "regressed"


def test_a_model_whose_results_changed_is_a_regression(project: Path) -> None:
    write(project, busy=1, nets=2, plus=1.0)
    found = outcome(project, works=["mymodule:net"], shapes=["x=64,64"])
    (parity,) = (verdict for verdict in found.verdicts if verdict.metric == "parity")
    assert parity.kind == "regressed" and "two draws" in parity.reason


def test_the_working_tree_is_left_as_it_was(project: Path) -> None:
    (project / "notes.txt").write_text("not known to git")
    write(project, busy=160_000, nets=2)
    before = subprocess.run(["git", "-C", str(project), "status", "-s"], capture_output=True)
    found = outcome(project, command=f"{sys.executable} busy.py")
    after = subprocess.run(["git", "-C", str(project), "status", "-s"], capture_output=True)
    assert after.stdout == before.stdout
    assert (project / "busy.py").read_text() == BUSY.format(n=160_000)
    assert any("notes.txt" in line for line in found.warnings)
    trees = subprocess.run(["git", "-C", str(project), "worktree", "list"], capture_output=True)
    assert len(trees.stdout.splitlines()) == 1


def test_a_subfolder_is_measured_in_its_place(project: Path) -> None:
    inside = project / "inside"
    inside.mkdir()
    (inside / "here.txt").write_text("")
    git(project, "add", ".")
    git(project, "commit", "-m", "second")
    test = "from pathlib import Path; assert Path('here.txt').exists(), Path.cwd()"
    request = Request("HEAD", command=f'{sys.executable} -c "{test}"', shared=True, folder=inside)
    found = gate(request, Settings(), Effort(1, 3, 3), lambda step: None)
    assert len(found.verdicts) == 1
    with pytest.raises(UsageError, match="no folder inside"):
        gate(
            Request("HEAD~1", command="true", shared=True, folder=inside),
            *(Settings(), Effort(1, 3, 3), lambda step: None),
        )


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"reference": "nowhere", "command": "true"}, UsageError, "no such revision"),
        ({"reference": "main"}, UsageError, "nothing was named"),
        ({"reference": "main", "command": "true", "pytest": ["x"]}, UsageError, "and"),
        ({"reference": "main", "command": "echo no luck; exit 3"}, IsthmusError, "no luck"),
        ({"reference": "main", "command": "true {output}"}, NothingMeasured, "wrote no"),
        ({"reference": "main", "works": ["bert-bas-128"]}, IsthmusError, "bert-base-128"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    project: Path, asked: dict[str, Any], error: type[Exception], words: str
) -> None:
    request = Request(**asked, shared=True, folder=project)
    with pytest.raises(error, match=words) as caught:
        gate(request, Settings(), Effort(1, 3, 3), lambda step: None)
    assert "\n" not in str(caught.value)


def test_outside_git_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git repository"):
        gate(
            Request("main", command="true", folder=tmp_path),
            *(Settings(), Effort(1), lambda step: None),
        )


def test_environments_are_made_for_each_revision(project: Path, tmp_path: Path) -> None:
    home = own_home(project, project, tmp_path / "environment", ())
    command = f'{home.python} -c "import sys; assert sys.prefix != sys.base_prefix"'
    suite = CommandSuite(Sides(home, home), command, tmp_path)
    assert len(suite.round(0, None)) == 1
    with pytest.raises(IsthmusError, match="cannot be installed"):
        own_home(project, project, tmp_path / "other", ["--no-index ."])


def test_own_workloads_bring_what_they_read_and_the_user_s_models_nothing(tmp_path: Path) -> None:
    """A revision's plain installation reads neither texts nor photographs."""
    samples = ".[models,samples]"
    assert usual_install(["bert-base-128"], tmp_path) == (samples,)
    (tmp_path / "samples.txt").touch()
    listed = "--no-deps -r samples.txt"
    assert usual_install(["my.module:net", "resnet-50"], tmp_path) == (samples, listed)
    assert usual_install(["my.module:net"], tmp_path) == (".",)
    assert usual_install(["model.onnx"], tmp_path) == (".", "onnx")
    assert usual_install([], tmp_path) == (".",)  # a suite of pytest's, or a command


def test_a_command_that_times_itself_writes_a_file(project: Path, tmp_path: Path) -> None:
    script = project / "bench.py"
    script.write_text(
        "import json, sys\n"
        "stats = {'median': 0.5, 'data': [0.5, 0.6]}\n"
        "one = {'name': 'a', 'fullname': 'a', 'group': None, 'stats': stats}\n"
        "file = {'machine_info': {}, 'benchmarks': [one], 'version': '5'}\n"
        "json.dump(file, open(sys.argv[1], 'w'))\n"
    )
    home = shared_home(project, project)
    suite = CommandSuite(Sides(home, home), f"{sys.executable} bench.py {{output}}", tmp_path)
    base, head = suite.round(0, None)["a"]
    assert list(base.seconds) == list(head.seconds) == [0.5, 0.6]
    assert suite.round(1, ["another"]) == {}


def test_commands_take_turns(tmp_path: Path) -> None:
    """Each writes the times at which it works; sorted, the two alternate in blocks."""
    script = tmp_path / "log.py"
    script.write_text(
        "import sys, time\n"
        "end = time.process_time() + 0.5\n"
        "with open(sys.argv[1], 'w') as log:\n"
        "    while time.process_time() < end:\n"
        "        log.write(f'{time.monotonic()}\\n')\n"
    )
    homes = [Home(Path(sys.executable), tmp_path, {"WHO": who}) for who in ("a", "b")]
    suite = CommandSuite(Sides(*homes), f"{sys.executable} log.py $WHO.log", tmp_path)
    suite.round(0, None)
    times = [
        (float(line), who)
        for who in ("a", "b")
        for line in (tmp_path / f"{who}.log").read_text().split()
    ]
    order = [who for _, who in sorted(times)]
    changes = sum(one != other for one, other in pairwise(order))
    assert 2 <= changes < 200, "slices of a tenth of a second, not line by line"


def test_a_project_is_found_from_any_of_its_folders(project: Path) -> None:
    inside = project / "deep" / "er"
    inside.mkdir(parents=True)
    found = Project.around(inside)
    assert (found.root.resolve(), str(found.inside)) == (project.resolve(), "deep/er")
    assert against.USUAL_VARIANTS == ("cpu",)
