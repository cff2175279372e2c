"""How many threads a process may keep busy: affinity, and the quota of either kind of cgroup."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from isthmus.system import cgroup, threads
from isthmus.system.threads import UNLIMITED, affinity, available_threads, quota

V2, LIMIT, PERIOD = "cpu.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({V2: "200000 100000\n"}, 2),
        ({V2: "150000 100000\n"}, 2),
        ({V2: "50000 100000\n"}, 1),
        ({V2: "max 100000\n"}, UNLIMITED),
        ({V2: "\n"}, UNLIMITED),
        ({V2: "100000 0\n"}, UNLIMITED),
        ({V2: "nonsense here\n"}, UNLIMITED),
        ({LIMIT: "300000\n", PERIOD: "100000\n"}, 3),
        ({LIMIT: "-1\n", PERIOD: "100000\n"}, UNLIMITED),
        ({LIMIT: "250000\n"}, UNLIMITED),
        ({V2: "100000 100000\n", LIMIT: "900000\n", PERIOD: "100000\n"}, 1),
        ({}, UNLIMITED),
    ],
)
def test_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], processors: int
) -> None:
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota() == processors


@pytest.mark.parametrize(
    ("limit", "wanted"), [("100000 100000", 1), ("1000 100000", 1), ("max 1", 5)]
)
def test_the_smaller_of_both_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, wanted: int
) -> None:
    (tmp_path / V2).write_text(limit)
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setattr(threads, "affinity", lambda: 5)
    assert available_threads() == wanted


def test_a_group_below_the_root_limits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest quota on the way from the root to this process's own group counts."""
    for folder, text in (("", "max 100000"), ("a", "300000 100000"), ("a/b", "800000 100000")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / V2).write_text(text)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    assert cgroup.processors(own) == 3


def test_affinity_is_that_of_this_process() -> None:
    assert 1 <= affinity() <= (os.cpu_count() or 1)


def test_systems_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert affinity() == 1
