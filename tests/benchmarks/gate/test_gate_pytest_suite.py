"""pytest-benchmark suites of two revisions in turn; real processes, no assertion on a duration."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from math import exp
from pathlib import Path
from typing import Any

import pytest
from process_state import becomes

from isthmus.benchmarks.gate.rule.suite import Sides
from isthmus.benchmarks.gate.suites.pytest_process import PytestProcess, last_words
from isthmus.benchmarks.gate.suites.pytest_suite import (
    PytestSuite,
    both_of,
    in_turns,
    observation_of,
)
from isthmus.benchmarks.harness.processes import Home
from isthmus.benchmarks.portable.timing.pytest_turns import TURNS
from isthmus.errors import BackendMissing, FileError, IsthmusError, NothingMeasured
from isthmus.reports.files.turns import round_log

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins take a second to start
PLUGIN = ("-p", "benchmark")
WORK = "def test_work(benchmark):\n    benchmark(sum, range({}))\n"
# The clock of a measured process that goes on by its work alone, whatever else the machine does.
COUNTED = """\
import pytest
from isthmus_measured_process import pytest_turns

now = 0.0

def pass_seconds(seconds):
    global now
    now += seconds
    return now

@pytest.fixture
def work():
    return pass_seconds

pytest_turns.perf_counter = lambda: pass_seconds(1e-7)
"""
COUNTED_WORK = "def test_work(benchmark, work):\n    benchmark(work, {})\n"
NOTHING = "def test_nothing():\n    pass\n"


def home(folder: Path, files: Mapping[str, str]) -> Home:
    """A revision: its files, and this interpreter."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Home(Path(sys.executable), folder, ALONE)


Made = Callable[..., PytestSuite]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A suite of two `test_it.py`, or of two sets of files."""

    def suite(
        base: str | Mapping[str, str],
        head: str | Mapping[str, str],
        *arguments: str,
        seconds: float = 0.02,
    ) -> PytestSuite:
        sides = [
            home(tmp_path / name, {"test_it.py": files} if isinstance(files, str) else files)
            for name, files in (("base", base), ("head", head))
        ]
        place = tmp_path / "place"
        return PytestSuite(Sides(*sides), arguments or PLUGIN, place, 1, seconds)

    return suite


# A round


@pytest.mark.parametrize("head_seconds", [0.001, 0.0015, 0.002])
def test_turns_tell_how_much_slower_head_is(made: Made, head_seconds: float) -> None:
    sides = [
        {"conftest.py": COUNTED, "test_it.py": COUNTED_WORK.format(seconds)}
        for seconds in (0.001, head_seconds)
    ]
    (both,) = made(*sides, seconds=0.5).round(0, None).values()
    assert len(both[0].turns.keys() & both[1].turns.keys()) >= 2
    ratio = round_log(both[1].turns, both[0].turns)
    assert ratio is not None and exp(ratio) == pytest.approx(head_seconds / 0.001, rel=1e-3)
    assert all(one.facts == {"threads": 1} and len(one.seconds) > 20 for one in both)


def test_what_one_side_lacks_or_skips_is_told_apart(made: Made) -> None:
    test = "def test_{0}(benchmark):\n    benchmark(len, '')\n"
    skip = "import pytest\ndef test_{0}(benchmark):\n    pytest.skip('not here')\n"
    base = "".join(map(test.format, "abc")) + skip.format("d") + skip.format("e")
    head = "".join(map(test.format, "bdf")) + skip.format("c") + skip.format("e")
    suite = made(base, head)
    assert list(suite.round(0, None)) == ["test_it.py::test_b"]
    assert suite.only_base == {"test_it.py::test_a", "test_it.py::test_c"}
    assert suite.only_head == {"test_it.py::test_d", "test_it.py::test_f"}
    assert suite.defined_in("test_it.py::test_b") == "test_it.py"


def test_named_benchmarks_alone_run_in_later_rounds(made: Made) -> None:
    names = ["a b", "[x]", "c::d", "-k e", "ü"]
    text = (
        "import pytest\n"
        f"@pytest.mark.parametrize('name', {names})\n"
        "def test_it(benchmark, name):\n"
        "    with open('ran', 'a') as file: print(name, file=file)\n"
        "    benchmark(len, name)\n"
    )
    suite = made(text, text)
    found = list(suite.round(0, None))
    assert len(found) == len(names) and "test_it.py::test_it[a b]" in found
    for side in (suite.sides.base, suite.sides.head):
        (side.folder / "ran").unlink()
    assert list(suite.round(1, found[1:3])) == found[1:3]
    for side in (suite.sides.base, suite.sides.head):
        assert (side.folder / "ran").read_text().splitlines() == names[1:3]
    assert not suite.only_base and not suite.only_head


def test_pedantic_rounds_and_a_timer_of_the_suites_own_are_measured(made: Made) -> None:
    text = (
        "import pytest, time\n"
        "def test_pedantic(benchmark):\n"
        "    made = lambda: (([1, 2],), {})\n"
        "    benchmark.pedantic(sum, setup=made, rounds=7, warmup_rounds=2)\n"
        "@pytest.mark.benchmark(timer=time.process_time)\n"
        "def test_timer(benchmark):\n"
        "    benchmark.pedantic(sum, args=(range(9999),), rounds=3, iterations=50)\n"
    )
    found = made(text, text).round(0, None)
    pedantic, timer = found["test_it.py::test_pedantic"], found["test_it.py::test_timer"]
    assert [len(one.seconds) for one in (*pedantic, *timer)] == [7, 7, 3, 3]
    assert all(one.turns for one in pedantic)
    assert not any(one.turns for one in timer), "nobody knows when its samples were taken"


def test_a_suite_may_print_and_read_standard_input(made: Made) -> None:
    text = (
        "import os, sys\n"
        "def test_it(benchmark):\n"
        "    assert sys.stdin.read() == ''\n"
        "    benchmark(lambda: print('{\"place\": 7}'))\n"
        "    os.write(1, b'turn')\n"
    )
    suite = made(text, text, *PLUGIN, "-s")
    assert list(suite.round(0, None)) == ["test_it.py::test_it"]


def test_settings_that_switch_benchmarks_off_are_overruled(made: Made) -> None:
    off = "[pytest]\naddopts = -n 2 --dist loadfile --benchmark-disable --benchmark-skip\n"
    files = {"pytest.ini": off, "test_it.py": WORK.format(9) + NOTHING}
    suite = made(files, files, *PLUGIN, "-p", "xdist")
    assert list(suite.round(0, None)) == ["test_it.py::test_work"]


def test_extra_info_holds_the_other_metrics(made: Made) -> None:
    told = {
        "peak_memory_bytes": 3 * 2**20,
        "compile_seconds": 0.25,
        "first_inference_seconds": None,
        "parity_max_rel_error": 1e-6,
        "model_hash": "abc",
        "threads": 2,
    }
    text = f"def test_it(benchmark):\n    benchmark.extra_info.update({told})\n    benchmark(int)\n"
    (both,) = made(text, text).round(0, None).values()
    assert both[0].values == {"peak_memory_mib": 3.0, "compile_ms": 250.0}
    assert both[0].parity == 1e-6
    assert both[0].facts == {"model_hash": "abc", "threads": 2}


def test_times_that_are_none_are_refused() -> None:
    with pytest.raises(FileError, match=r"here: stats.data\[1\] is 0.0: expected"):
        observation_of("here", {"stats": {"data": [1.0, 0.0]}}, 1)


def entry(seconds: list[float], disturbed: list[int]) -> dict[str, Any]:
    """A benchmark of a result file, a sample a turn; its cycles begin at 5."""
    cycles = [[5 + at, 1] for at in range(len(seconds))]
    turns = {"cycles": cycles, "disturbed": disturbed}
    return {"stats": {"data": seconds}, "extra_info": {TURNS: turns}}


@pytest.mark.parametrize(
    ("disturbed", "cycles"),
    [
        (([], []), {5, 6, 7, 8, 9}),
        (([6], [9]), {5, 7, 8}),
        (([5, 6], [8, 9]), {5, 6, 7, 8, 9}),
    ],
)
def test_a_cycle_that_was_disturbed_on_either_side_does_not_count(
    disturbed: tuple[list[int], list[int]], cycles: set[int]
) -> None:
    """Unless too few are left."""
    base, head = entry([1.0] * 5, disturbed[0]), entry([2.0] * 5, disturbed[1])
    both = both_of("name", base, head, 1)
    assert [one.turns.keys() for one in both] == [cycles, cycles]
    assert [len(one.seconds) for one in both] == [5, 5]


# What goes wrong is one line


@pytest.mark.parametrize(
    ("head", "error", "words"),
    [
        (
            "def test_work(benchmark):\n    assert benchmark(len, 'ab') == 3\n",
            IsthmusError,
            r"head: pytest ended with 1: FAILED test_it.py::test_work - .*2 == 3",
        ),
        ("import no_such_thing\n", IsthmusError, "head: pytest ended with .*no_such_thing"),
        ("import os\nos._exit(0)\n", NothingMeasured, "head: pytest ended before"),
        (
            "import os\ndef test_work(benchmark):\n    os.kill(os.getpid(), 9)\n",
            IsthmusError,
            "head: pytest ended by signal 9",
        ),
        (NOTHING, NothingMeasured, r"no benchmark \(base has 1, head has 0\); .*fixture"),
        (WORK.replace("work", "other").format(9), NothingMeasured, "base has 1, head has 1"),
    ],
)
def test_what_fails_is_told_by_its_last_words(
    made: Made, head: str, error: type[IsthmusError], words: str
) -> None:
    with pytest.raises(error, match=words) as told:
        made(WORK.format(9), head).round(0, None)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("-p", "no:benchmark"), BackendMissing, "base: pytest-benchmark is not installed, or"),
        ((*PLUGIN, "absent.py"), IsthmusError, "base: .*not found: absent.py"),
        ((*PLUGIN, "--no-such-option"), IsthmusError, "base: .*--no-such-option"),
    ],
)
def test_arguments_that_pytest_refuses(
    made: Made, arguments: tuple[str, ...], error: type[IsthmusError], words: str
) -> None:
    with pytest.raises(error, match=words):
        made(WORK.format(9), WORK.format(9), *arguments).round(0, None)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "it said nothing"),
        ("a\n\n  b \n", "b"),
        ("E   boom\nFAILED a.py::b - boom\n!! stopping !!\n1 failed\n", "FAILED a.py::b - boom"),
        ("ERROR: usage: x\nx: error: unrecognized\n  inifile: None\n", "x: error: unrecognized"),
        ("E   Oh: no\nE   more\nERROR a.py\n1 error\n", "ERROR a.py - Oh: no"),
        ("FAILED \x1b[31mred\n", "FAILED  [31mred"),
    ],
)
def test_last_words(output: str, words: str) -> None:
    assert last_words(output) == words


# Processes


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_who_waits_is_stopped_with_its_own_processes(tmp_path: Path) -> None:
    busy = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'while True: pass'])\n"
        "with open('child', 'w') as file: print(child.pid, file=file)\n"
    )
    files = {"conftest.py": busy, "test_it.py": WORK.format(9)}
    side = home(tmp_path / "tree", files)
    process = PytestProcess("head", side, PLUGIN, tmp_path / "files", 1, 0.02)
    try:
        assert process.collected() == ["test_it.py::test_work"]
        child = int((side.folder / "child").read_text())
        assert becomes(process._process.pid, "T") and becomes(child, "T")
        assert process.run(["test_it.py::test_work"])
        in_turns([process])
        assert list(process.entries()) == ["test_it.py::test_work"]
    finally:
        process.end()
    assert becomes(child, "", "Z")


def test_a_side_that_is_ahead_waits_for_the_other() -> None:
    log: list[tuple[str, int, int]] = []
    sides = [Side("base", [2, 1, 2], log), Side("head", [1, 3, 2], log)]
    in_turns(sides)  # type: ignore[arg-type]
    by_cycle = [(name, place) for name, place, _ in log]
    assert Counter(by_cycle) == {
        **{("base", 0): 2, ("base", 1): 1, ("base", 2): 2},
        **{("head", 0): 1, ("head", 1): 3, ("head", 2): 2},
    }
    places = [place for _, place, _ in log]
    assert places == sorted(places), "never two benchmarks at once"
    assert [entry[0] for entry in log[:2]] == ["base", "head"]
    assert len({(name, cycle) for name, _, cycle in log}) == len(log), "one turn a cycle"


class Side:
    """A process that needs so many turns for each benchmark."""

    def __init__(self, name: str, turns: list[int], log: list[tuple[str, int, int]]) -> None:
        self.place, self._name, self._log = 0, name, log
        self._left = list(turns)

    def turn(self, cycle: int) -> bool:
        self._log.append((self._name, self.place, cycle))
        self._left[self.place] -= 1
        self.place += self._left[self.place] == 0
        return self.place < len(self._left)
