"""Limits of control groups, read from trees as systems show them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from isthmus.system import cgroup

V2 = "31 24 0:28 {shows} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
HYBRID = "41 31 0:38 {shows} /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
CPU = "32 31 0:29 {shows} /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu"
BOTH = "33 31 0:29 {shows} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "35 31 0:32 {shows} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
CPUSET = "36 31 0:32 {shows} /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset"
ODD = r"32 31 0:29 {shows} /mnt/my\040groups rw - cgroup cgroup rw,cpu"
ROOT = "sys/fs/cgroup"


def v1(folder: str, quota: str, period: str = "100000") -> dict[str, str]:
    """The two files of a quota of version 1."""
    return {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": period}


def tree(
    root: Path, mounts: Mapping[str, str], groups: str, files: Mapping[str, str]
) -> tuple[Path, Path]:
    """The folder of the process's facts, and the one that its mounts begin in."""
    process = root / "proc"
    lines = ["22 1 8:1 / / rw - ext4 /dev/vda rw", "odd"]
    lines += [line.format(shows=shows) for line, shows in mounts.items()]
    found = {"cgroup": groups, "mountinfo": "\n".join(lines)}
    for path, text in {
        **{process / name: text for name, text in found.items()},
        **{root / name: text for name, text in files.items()},
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return process, root


@pytest.mark.parametrize(
    ("mounts", "groups", "files", "quota"),
    [
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": "150000 100000"}, 1.5),
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": "50000 100000"}, 0.5),
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": "max 100000"}, math.inf),
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": "100000 0"}, None),
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": "nonsense here"}, None),
        ({V2: "/"}, "0::/", {f"{ROOT}/cpu.max": ""}, None),
        ({V2: "/"}, "0::/", {}, None),
        (  # the smallest on the way, whatever the group itself has
            {V2: "/"},
            "0::/a/b",
            {f"{ROOT}/a/cpu.max": "300000 100000", f"{ROOT}/a/b/cpu.max": "800000 100000"},
            3,
        ),
        ({V2: "/"}, "0::/a/b", {f"{ROOT}/a/b/cpu.max": "100000 100000"}, 1),
        # what is mounted is a group of the host
        ({V2: "/k/p"}, "0::/k/p/in", {f"{ROOT}/in/cpu.max": "100000 100000"}, 1),
        ({V2: "/k/p"}, "0::/k/p", {f"{ROOT}/cpu.max": "100000 100000"}, 1),
        ({V2: "/k/p"}, "0::/other", {f"{ROOT}/cpu.max": "200000 100000"}, 2),
        ({V2: "/"}, "0::/../..", {f"{ROOT}/cpu.max": "200000 100000"}, 2),
        # version 1, alone and beside version 2, which then has no controller
        ({CPU: "/"}, "1:cpu:/", v1(f"{ROOT}/cpu", "-1"), math.inf),
        ({CPU: "/"}, "1:cpu:/", v1(f"{ROOT}/cpu", "300000"), 3),
        ({CPU: "/"}, "1:cpu:/", v1(f"{ROOT}/cpu", "25000", "50000"), 0.5),
        ({CPU: "/"}, "1:cpu:/", {f"{ROOT}/cpu/cpu.cfs_quota_us": "250000"}, None),
        ({CPU: "/"}, "1:cpu:/a/b", v1(f"{ROOT}/cpu/a/b", "100000"), 1),
        ({CPU: "/"}, "1:cpu:/a/b", v1(f"{ROOT}/cpu/a", "100000"), 1),
        ({CPU: "/", HYBRID: "/"}, "1:cpu:/a\n0::/u", v1(f"{ROOT}/cpu/a", "100000"), 1),
        ({HYBRID: "/"}, "0::/a", {f"{ROOT}/unified/a/cpu.max": "100000 100000"}, 1),
        ({BOTH: "/"}, "2:cpu,cpuacct:/a", v1(f"{ROOT}/cpu,cpuacct/a", "100000"), 1),
        ({BOTH: "/docker/1"}, "2:cpu,cpuacct:/docker/1", v1(f"{ROOT}/cpu,cpuacct", "250000"), 2.5),
        (
            {BOTH: "/docker/1"},
            "2:cpu,cpuacct:/docker/1/a",
            v1(f"{ROOT}/cpu,cpuacct/a", "100000"),
            1,
        ),
        ({ODD: "/"}, "1:cpu:/a", v1("mnt/my groups/a", "100000"), 1),
        ({CPUSET: "/"}, "1:cpuset:/a", v1(f"{ROOT}/cpuset/a", "100000"), None),
        ({}, "1:cpu:/", v1(f"{ROOT}/cpu", "100000"), None),
        ({CPU: "/"}, "", v1(f"{ROOT}/cpu", "100000"), None),
    ],
)
def test_the_quota(
    tmp_path: Path,
    mounts: Mapping[str, str],
    groups: str,
    files: Mapping[str, str],
    quota: float | None,
) -> None:
    assert cgroup.processors(*tree(tmp_path, mounts, groups, files)) == quota


LIMIT = "memory.limit_in_bytes"


@pytest.mark.parametrize(
    ("mounts", "groups", "files", "limit"),
    [
        ({V2: "/"}, "0::/", {f"{ROOT}/memory.max": "max"}, math.inf),
        ({V2: "/"}, "0::/", {f"{ROOT}/memory.max": "2147483648"}, 2**31),
        ({V2: "/"}, "0::/a/b", {f"{ROOT}/a/memory.max": "1000", f"{ROOT}/memory.max": "max"}, 1000),
        ({MEMORY: "/"}, "4:memory:/x", {f"{ROOT}/memory/{LIMIT}": str(2**63 - 4096)}, math.inf),
        ({MEMORY: "/"}, "4:memory:/x", {f"{ROOT}/memory/x/{LIMIT}": "5000"}, 5000),
        ({MEMORY: "/d"}, "4:memory:/d/x", {f"{ROOT}/memory/x/{LIMIT}": "5000"}, 5000),
        ({MEMORY: "/"}, "4:memory:/x", {}, None),
    ],
)
def test_the_limit_of_memory(
    tmp_path: Path,
    mounts: Mapping[str, str],
    groups: str,
    files: Mapping[str, str],
    limit: float | None,
) -> None:
    assert cgroup.memory_bytes(*tree(tmp_path, mounts, groups, files)) == limit


def test_a_system_without_groups(tmp_path: Path) -> None:
    assert cgroup.processors(tmp_path, tmp_path) is None
    assert cgroup.memory_bytes(tmp_path, tmp_path) is None


def test_this_process_has_no_less_than_a_thousandth() -> None:
    found = cgroup.processors()
    assert found is None or found >= 0.001
