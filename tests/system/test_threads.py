"""How many threads a process may keep busy: affinity, and the quota of its control groups."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest

import isthmus as im
from isthmus.system import cgroup, threads
from isthmus.system.threads import UNLIMITED, affinity, available_threads, quota


@pytest.mark.parametrize(
    ("processors", "whole"),
    [(2.0, 2), (1.5, 2), (1.01, 2), (0.5, 1), (0.01, 1), (math.inf, UNLIMITED), (None, UNLIMITED)],
)
def test_a_quota_is_rounded_up(
    monkeypatch: pytest.MonkeyPatch, processors: float | None, whole: int
) -> None:
    monkeypatch.setattr(cgroup, "processors", lambda: processors)
    assert quota() == whole


@pytest.mark.parametrize(("processors", "wanted"), [(1.0, 1), (0.01, 1), (4.2, 5), (math.inf, 5)])
def test_the_smaller_of_both_counts(
    monkeypatch: pytest.MonkeyPatch, processors: float, wanted: int
) -> None:
    monkeypatch.setattr(cgroup, "processors", lambda: processors)
    monkeypatch.setattr(threads, "affinity", lambda: 5)
    assert available_threads() == wanted


def test_affinity_is_that_of_this_process() -> None:
    assert 1 <= affinity() <= (os.cpu_count() or 1)


def test_systems_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert affinity() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_that_changes_after_the_import_is_seen_by_the_next_program() -> None:
    """In a process of its own, whose threads nothing else has started."""
    text = (
        "import os, isthmus as im\n"
        "spec = im.spec('float32', ['n'])\n"
        "before = im.compile(lambda x: x + 1, spec).options.threads\n"
        "os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])\n"
        "print(before, im.compile(lambda x: x + 1, spec).options.threads)\n"
    )
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(available_threads()), "1"]


def test_a_program_s_threads_are_what_is_available() -> None:
    run = im.compile(lambda x: x + 1, im.spec("float32", ["n"]), backend="numpy")
    assert run.options.threads == available_threads()
