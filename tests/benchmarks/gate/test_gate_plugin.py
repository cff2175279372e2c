"""`pytest --isthmus-gate=BASE` on real sessions; the suite has a clock that only its work moves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from places import ROOT

PLUGINS = ("-p", "benchmark", "-p", "_isthmus_pytest")
OK, FAILED, REFUSED = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.USAGE_ERROR

# Work takes what $TAKES says, give or take one per cent.
WORK = """
import os
now, count = 0.0, 0
def clock():
    global now
    now += 1e-9
    return now
def work(seconds=0.01):
    global now, count
    count += 1
    now += float(os.environ.get("TAKES", "1")) * seconds * (1 + 0.002 * (count * 7 % 11 - 5))
"""
SUITE = """
import sys
from work import work
def test_a(benchmark):
    benchmark(work)
def test_b(benchmark):
    benchmark.extra_info["parameter"] = object()
    benchmark(work, 0.02)
    assert not {"numpy", "isthmus"} & sys.modules.keys(), "BASE was measured without them"
"""
CONFTEST = """
import os
def pytest_benchmark_generate_machine_info():
    cpu = {"brand_raw": os.environ.get("CPU", "Some CPU"), "count": 2}
    return {"cpu": cpu, "python_version": "3.11", "system": "Linux"}
"""


class Project:
    """A suite in a folder, and sessions of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {"work": WORK, "test_it": SUITE, "conftest": CONFTEST}.items():
            self.write(f"{name}.py", text)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def session(
        self, *arguments: str, plugins: tuple[str, ...] = PLUGINS, **variables: str
    ) -> tuple[int, str]:
        """Its exit status, and all that it said."""
        known = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
        paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(self.folder)])}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plugins, *arguments],
            cwd=self.folder,
            env={**known, **paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    def gated(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """A session against the stored one."""
        timer = "--benchmark-timer=work.clock"
        gate = "--isthmus-gate=base.json"
        return self.session(timer, gate, *arguments, plugins=PLUGINS, **variables)

    def edit(self, **changes: Any) -> None:
        """Change what the stored session says at its top level."""
        path = self.folder / "base.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    """BASE, as pytest-benchmark writes it."""
    project = Project(tmp_path_factory.mktemp("base"))
    code, output = project.session(
        "--benchmark-timer=work.clock", "--benchmark-json=base.json", plugins=PLUGINS[:2]
    )
    assert code == OK, output
    return (project.folder / "base.json").read_text()


@pytest.fixture
def project(tmp_path: Path, stored: str) -> Project:
    """One with a stored session."""
    made = Project(tmp_path)
    made.write("base.json", stored)
    return made


@pytest.mark.parametrize(
    ("takes", "arguments", "code", "words"),
    [
        ("1", (), OK, "2 inconclusive"),
        ("1.4", (), OK, "2 inconclusive"),
        ("2", (), FAILED, "2 regressed"),
        ("0.5", (), OK, "2 improved"),
        ("1.4", ("--isthmus-gate-margin=0.7",), OK, "2 equivalent"),
        ("1.4", ("--isthmus-gate-margin=7",), REFUSED, "margin"),
    ],
)
def test_the_session_fails_where_a_benchmark_is_slower(
    project: Project, takes: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    found, output = project.gated(*arguments, TAKES=takes)
    assert found == code, output
    assert "isthmus gate" in output and words in output
    assert "Traceback" not in output and "INTERNALERROR" not in output
    if code != REFUSED:
        assert "test_it.py::test_a" in output and "isthmus gate --against" in output


def test_margins_are_those_of_the_project(project: Project) -> None:
    project.write("pyproject.toml", "[tool.isthmus.gate]\nmargin = 0.9\n")
    code, output = project.gated(TAKES="1.8")
    assert code == OK, output


def test_strict_fails_what_is_inconclusive(project: Project) -> None:
    few = "from work import work\ndef test_a(benchmark):\n    benchmark.pedantic(work, rounds=3)\n"
    project.write("test_it.py", few)
    asked = ("--isthmus-gate-allow-missing",)
    assert project.gated(*asked)[0] == OK
    code, output = project.gated(*asked, "--isthmus-gate-strict")
    assert code == FAILED and "inconclusive" in output


def test_verdicts_are_written(project: Project) -> None:
    files = ("--isthmus-gate-junit=gate.xml", "--isthmus-gate-json=gate.json")
    code, output = project.gated(*files, TAKES="2.5")
    assert code == FAILED, output
    found = json.loads((project.folder / "gate.json").read_text())
    assert found["exit_code"] == 1
    assert len(list(ElementTree.parse(project.folder / "gate.xml").iter("failure"))) == 2


def test_a_file_that_cannot_be_written_is_told_beside_the_verdict(project: Project) -> None:
    code, output = project.gated("--isthmus-gate-json=work.py/gate.json")
    assert code == REFUSED
    assert "2 inconclusive" in output and "cannot be written" in output


def test_a_failing_test_stays_a_failure(project: Project) -> None:
    project.write("test_it.py", SUITE + "def test_c():\n    assert False\n")
    code, output = project.gated()
    assert code == FAILED and "2 inconclusive" in output


# What cannot be compared fails


def test_another_machine_is_refused_by_its_fields(project: Project) -> None:
    code, output = project.gated(CPU="Another CPU")
    assert code == REFUSED
    assert "cpu_model: Some CPU | Another CPU" in output
    assert project.gated("--isthmus-gate-allow-different-machines", CPU="Another CPU")[0] == OK


def test_a_missing_benchmark_is_refused(project: Project) -> None:
    code, output = project.gated("-k", "test_a")
    assert code == REFUSED and "lacks test_it.py::test_b" in output
    code, output = project.gated("-k", "test_a", "--isthmus-gate-allow-missing")
    assert code == OK and "1 missing" in output


def test_a_file_without_raw_times_is_judged_and_the_option_told(project: Project) -> None:
    benchmarks = json.loads((project.folder / "base.json").read_text())["benchmarks"]
    for one in benchmarks:
        del one["stats"]["data"]
    project.edit(benchmarks=benchmarks)
    code, output = project.gated(TAKES="2")
    assert code == FAILED and "2 regressed" in output
    assert "have no raw times" in output and "--benchmark-save-data" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--benchmark-disable",), "add --benchmark-enable, or -n 0"),
        (("--benchmark-skip",), "leave out --benchmark-skip"),
        (("-p", "xdist", "-n", "1"), "pytest-xdist runs; add"),
        (("-k", "nothing_of_the_kind"), "measured no benchmark"),
    ],
)
def test_a_session_that_measures_nothing_is_an_error(
    project: Project, arguments: tuple[str, ...], words: str
) -> None:
    code, output = project.gated(*arguments)
    assert code == REFUSED and words in output, output
    assert "INTERNALERROR" not in output


def test_a_file_that_is_not_there_is_an_error_before_it_takes_time(project: Project) -> None:
    code, output = project.session("--isthmus-gate=other.json")
    assert code == REFUSED and "write it with --benchmark-json=other.json" in output
    assert "test_it" not in output


def test_a_file_of_another_kind_is_refused(project: Project) -> None:
    project.write("base.json", "[1, 2")
    code, output = project.gated()
    assert code == REFUSED and "base.json: is truncated" in output


@pytest.mark.parametrize("blocked", [(), ("-p", "no:benchmark")])
def test_without_pytest_benchmark_only_the_option_is_an_error(
    project: Project, blocked: tuple[str, ...]
) -> None:
    project.write("conftest.py", "")
    project.write("test_it.py", "def test_nothing():\n    pass\n")
    plugins = ("-p", "_isthmus_pytest", *blocked)
    assert project.session(plugins=plugins)[0] == OK
    code, output = project.session("--isthmus-gate=base.json", plugins=plugins)
    assert code == REFUSED and "needs pytest-benchmark" in output


def test_collecting_is_no_measurement(project: Project) -> None:
    assert project.gated("--collect-only")[0] == OK


def test_without_the_option_nothing_of_isthmus_is_loaded(project: Project) -> None:
    project.write(
        "test_it.py",
        "import sys\n"
        "def test_it():\n"
        "    heavy = {'isthmus', 'numpy', 'pandas', 'rich', 'pytest_benchmark'}\n"
        "    assert not heavy & sys.modules.keys()\n"
        "    assert '_isthmus_pytest' in sys.modules\n",
    )
    project.write("conftest.py", "")
    code, output = project.session(plugins=("-p", "_isthmus_pytest"))
    assert code == OK, output
