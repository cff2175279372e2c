"""Candidates in real processes, also those that crash, hang, lie or take all memory."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import tuning_backends
from process_state import becomes

from isthmus import np
from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.program.backend import find_backend
from isthmus.tuning.accuracy import Accuracy
from isthmus.tuning.axes import offer
from isthmus.tuning.candidates import Candidates, Terms
from isthmus.tuning.contestant import Contestant, Job
from isthmus.tuning.entry import Entry, cost_by
from isthmus.tuning.opening import Given
from isthmus.tuning.setting import Setting
from isthmus.tuning.work import work_of

LONG = 600.0
Started = Callable[..., Candidates]


def opened(
    folder: Path,
    function: Any = np.tanh,
    sample: Any = None,
    accuracy: Accuracy | None = None,
    unpriced: Callable[[Setting], str] = lambda setting: "",
) -> Candidates:
    """Candidates of a small program, whose default runs by NumPy and is open already."""
    x = numpy.linspace(-1, 1, 8, dtype=numpy.float32).reshape(2, 4)
    work = work_of(function, [x if sample is None else sample])
    offered = offer(["numpy"], "latency", Given(), static=False)
    cost = cost_by("latency", lambda setting: 1.0)
    found = Candidates(work, offered, Terms(accuracy or Accuracy(), cost, unpriced, LONG), folder)
    found.open_default()
    return found


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """`opened`, in a folder of its own."""
    made: list[Candidates] = []

    def start(*work: Any, **terms: Any) -> Candidates:
        made.append(opened(tmp_path, *work, **terms))
        return made[-1]

    yield start
    for candidates in made:
        candidates.close()


@pytest.fixture
def none_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every candidate races, however slow others on this machine make it."""
    monkeypatch.setattr("isthmus.tuning.candidates.SLOW", math.inf)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the backends of `tuning_backends` are installed."""
    folder = tmp_path_factory.mktemp("packages")
    tuning_backends.install(folder)
    return folder


@pytest.fixture(scope="module")
def going(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Candidates]:
    """A race that goes on through several tests, with those backends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(packages)
        candidates = opened(tmp_path_factory.mktemp("race"))
        yield candidates
        candidates.close()
    find_backend.cache_clear()


def attempted(candidates: Candidates, setting: Setting) -> Entry:
    candidates.attempt(setting, LONG)
    return candidates.entries[-1]


FAILING = [
    ("greedy", "failed", "MemoryError"),
    ("wrong", "inaccurate", "cosine -1 < 0.99"),
    ("spoilt", "inaccurate", "8 elements NaN or infinite"),
    ("short", "inaccurate", "output 0 is [1, 4], the reference's [2, 4]"),
    ("raising", "failed", "ValueError: not today"),
    ("missing", "missing", "no such device"),
]


def is_out(candidates: Candidates, backend: str, state: str, reason: str) -> None:
    found = attempted(candidates, Setting(backend))
    assert (found.state, found.races) == (state, False)
    assert reason in found.reason and "\n" not in found.reason
    assert candidates.turn(candidates.default), "the race goes on"


def test_what_crashes_its_process_is_out_with_its_reason(going: Candidates) -> None:
    is_out(going, "crash", "failed", "ended by SIGABRT")


@pytest.mark.parametrize(("backend", "state", "reason"), FAILING, ids=[r[0] for r in FAILING])
def test_what_fails_is_out_with_its_reason(
    going: Candidates, backend: str, state: str, reason: str
) -> None:
    is_out(going, backend, state, reason)


def test_what_hangs_is_out_when_patience_ends(
    going: Candidates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going.default, "open_seconds", 0.01)
    is_out(going, "hang", "failed", "no answer in ")


def test_what_crashes_in_the_race_is_out_then(
    going: Candidates, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going, "slow", math.inf)
    entry = attempted(going, Setting("late"))
    assert entry.races
    tuning_backends.end_late(packages)
    assert not going.turn(entry)
    assert entry.state == "failed" and "in the race: ended by SIGABRT" in entry.reason


def test_figures_are_measured_of_each(started: Started) -> None:
    candidates = started(accuracy=Accuracy(top1=1.0))
    default = candidates.default
    assert default.figures is not None and default.figures.top1 == 1
    assert len(default.windows) == 1 and default.windows[0].per_second > 0
    candidates.close()
    assert default.memory_bytes is not None and default.memory_bytes > 2**20


@pytest.mark.parametrize(
    ("function", "sample"),
    [
        (lambda x: np.argmax(x, axis=-1), None),
        (lambda x: {"a": [np.tanh(x), np.sum(x * x)], "b": x > 0}, None),
        (np.tanh, numpy.zeros((0, 3), numpy.float32)),
        (np.tanh, numpy.array(0.5, numpy.float32)),
        (lambda x: x[x > 0], None),
    ],
    ids=["integers", "nested", "empty", "0-d", "sizes by values"],
)
def test_outputs_of_every_kind(started: Started, function: Any, sample: Any) -> None:
    candidates = started(function, sample)
    figures = attempted(candidates, Setting("cpu")).figures
    assert figures is not None and figures.cosine > 0.999 and figures.spoilt == 0


def test_a_setting_is_tried_once_and_not_too_late(started: Started) -> None:
    candidates = started()
    candidates.attempt(candidates.default.setting, LONG)
    assert len(candidates.entries) == 1
    candidates.attempt(Setting("cpu"), 0.0)
    last = candidates.entries[-1]
    assert last.state == "untried" and "the budget was over" in last.reason


def test_what_has_no_price_is_not_tried_where_dollars_count(started: Started) -> None:
    candidates = started(unpriced=lambda setting: "no instance has it")
    assert attempted(candidates, Setting("cpu")).reason == "no instance has it"


@pytest.mark.usefixtures("none_too_slow")
def test_copies_run_side_by_side(started: Started) -> None:
    candidates = started()
    entry = attempted(candidates, Setting("numpy", copies=2))
    assert entry.contestant is not None and len(entry.contestant.processes()) == 2
    alone = candidates.default.contestant
    assert alone is not None
    assert entry.contestant.memory_bytes is not None and alone.memory_bytes is not None
    assert entry.contestant.memory_bytes > 1.5 * alone.memory_bytes


def test_streams_are_callers_side_by_side(started: Started) -> None:
    candidates = started()
    entry = attempted(candidates, Setting("cpu", threads=2, streams=2))
    assert entry.races or entry.state == "slower", entry.reason


def test_a_program_for_fixed_sizes_is_a_candidate_too(started: Started) -> None:
    candidates = started()
    entry = attempted(candidates, Setting("numpy", static=True))
    assert entry.windows, entry.reason


def test_a_candidate_that_waits_costs_no_time_of_the_processors(tmp_path: Path) -> None:
    """ONNX Runtime's threads spin while they wait for work; a stopped process has none that do."""
    pytest.importorskip("onnxruntime")
    from isthmus.program import archive

    work = work_of(np.tanh, [numpy.ones((2, 4), numpy.float32)])
    archive.save(work.traced, tmp_path / "net.im")
    write_sets(tmp_path / "samples.npz", work.sets)
    job = Job(tmp_path, tmp_path / "samples.npz", [0], Given())
    contestant = Contestant(Setting("gpu", "cpu", threads=2), tmp_path / "net.im", job, "0")
    try:
        contestant.opens(LONG)
        contestant.answers(LONG)
        assert contestant.turn().per_second > 0
        (pid,) = contestant.processes()
        assert becomes(pid, "T")
        before = spent_ticks(pid)
        time.sleep(0.3)
        assert spent_ticks(pid) - before <= 1
    finally:
        contestant.end()
    assert not Path(f"/proc/{pid}").exists()


def spent_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert os.sysconf("SC_CLK_TCK") == 100
    return int(fields[11]) + int(fields[12])
