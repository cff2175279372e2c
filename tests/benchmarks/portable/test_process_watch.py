"""What is read of the system: from trees of files as Linux has them, and from this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from isthmus.benchmarks.portable.timing import counters, energy, peak_memory
from isthmus.benchmarks.portable.timing.watch import LIMITS, Look, Watch, means

LOOK = Look(
    seconds=0.0,
    own_seconds=0.0,
    civil_seconds=1e9,
    awake_or_not_seconds=50.0,
    busy_seconds=0.0,
    stolen_seconds=0.0,
    throttled=0,
    thermal=0,
)


def _after(wall: float = 0.25, **changes: float) -> Look:
    clocks = {"seconds": wall, "civil_seconds": 1e9 + wall, "awake_or_not_seconds": 50.0 + wall}
    return replace(LOOK, **{**clocks, **changes})  # type: ignore[arg-type]  # ints and floats


def _fault(after: Look, processors: int = 2) -> str | None:
    watch = Watch(range(processors), Path("nowhere"))
    return watch.fault(watch.between(LOOK, after), after.seconds)


def test_an_undisturbed_window_is_good() -> None:
    assert _fault(_after(own_seconds=0.5, busy_seconds=0.5)) is None
    assert _fault(_after(own_seconds=0.5, busy_seconds=0.46)) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"stolen_seconds": 0.03}, "steal"),
        ({"own_seconds": 0.4, "busy_seconds": 0.5}, "others"),
        ({"throttled": 1}, "throttled"),
        ({"thermal": 1}, "thermal"),
        ({"civil_seconds": 1e9 + 3.0}, "clock"),
        ({"awake_or_not_seconds": 90.0}, "clock"),
    ],
)
def test_a_disturbed_window_is_bad(changes: dict[str, float], fault: str) -> None:
    assert _fault(_after(**changes)) == fault


def test_one_tick_of_rounding_makes_no_window_bad() -> None:
    tick = counters.TICK_SECONDS
    for processors in (1, 2, 16):
        assert _fault(_after(stolen_seconds=tick), processors) is None
        busy = {"own_seconds": 0.25 * processors, "busy_seconds": 0.25 * processors + 2 * tick}
        assert _fault(_after(**busy), processors) is None


def test_a_long_window_is_judged_by_the_share_alone() -> None:
    assert _fault(_after(10.0, stolen_seconds=0.38)) is None
    assert _fault(_after(10.0, stolen_seconds=0.42)) == "steal"


def test_a_system_that_tells_nothing_has_no_bad_window(tmp_path: Path) -> None:
    watch = Watch([0, 1], tmp_path)
    before = watch.look()
    time.sleep(0.05)
    after = watch.look()
    signals = watch.between(before, after)
    assert {name for name, value in signals.items() if value is None} == {
        *("steal", "others", "throttled", "thermal")
    }
    assert watch.fault(signals, after.seconds - before.seconds) is None
    assert watch.clock_mhz() is None
    assert set(means([signals])) == {limit.signal for limit in LIMITS}
    assert means([signals])["steal"] is None


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_ticks_are_those_of_the_bound_processors(tmp_path: Path) -> None:
    lines = [
        "cpu  9 9 9 9 9 9 9 9 0 0",
        "cpu0 1 2 4 100 200 8 16 32 0 0",
        "cpu10 1 1 1 1 1 1 1 1 0 0",
    ]
    _write(tmp_path, "proc/stat", "\n".join(lines))
    read = counters.busy_and_stolen_seconds
    tick = counters.TICK_SECONDS
    assert read(tmp_path, [0]) == pytest.approx((31 * tick, 32 * tick))
    assert read(tmp_path, [0, 10]) == pytest.approx((36 * tick, 33 * tick))
    assert read(tmp_path, [1]) is None, "a processor that the file does not have"
    assert read(tmp_path, []) is None


@pytest.mark.parametrize(
    ("groups", "files", "times"),
    [
        ("0::/a/b\n", {"a/b": 2, "a": 5}, 7),
        ("0::/\n", {"": 3}, 3),
        ("4:memory:/x\n2:cpu,cpuacct:/x\n", {"cpu,cpuacct/x": 4, "memory/x": 9}, 4),
        ("3:cpuacct:/\n1:cpu:/gone\n0::/\n", {"cpu": 6}, 6),
        ("0::/\n", {}, None),
    ],
)
def test_throttling_is_counted_in_all_groups_around(
    tmp_path: Path, groups: str, files: dict[str, int], times: int | None
) -> None:
    _write(tmp_path, "proc/self/cgroup", groups)
    for folder, count in files.items():
        _write(
            tmp_path, f"sys/fs/cgroup/{folder}/cpu.stat", f"usage_usec 7\nnr_throttled {count}\n"
        )
    assert counters.times_throttled(counters.quota_files(tmp_path)) == times
    assert Watch([0], tmp_path).look().throttled == times


def test_heat_is_counted_per_processor(tmp_path: Path) -> None:
    for number, count in enumerate([3, 4, 100]):
        folder = f"sys/devices/system/cpu/cpu{number}/thermal_throttle"
        _write(tmp_path, f"{folder}/core_throttle_count", f"{count}\n")
    assert Watch([0, 1], tmp_path).look().thermal == 7
    assert Watch([5], tmp_path).look().thermal is None


def test_a_clock_is_told_only_where_it_is_measured(tmp_path: Path) -> None:
    entry = "processor\t: {}\ncpu MHz\t\t: {}\nflags\t\t: fpu {}\n\n"
    constant = "".join(entry.format(i, 2500.0, "avx2") for i in range(2))
    _write(tmp_path, "proc/cpuinfo", constant)
    watch = Watch([0, 1], tmp_path)
    assert watch.clock_mhz() is None
    measured = [entry.format(i, mhz, "aperfmperf") for i, mhz in enumerate([3000.0, 3400.0, 800.0])]
    _write(tmp_path, "proc/cpuinfo", "".join(measured))
    assert watch.clock_mhz() == 3200
    _write(tmp_path, "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2900000\n")
    assert watch.clock_mhz() == 2900


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="reads Linux's /proc")
def test_a_competitor_on_our_processor_is_seen() -> None:
    processor = min(os.sched_getaffinity(0))
    spin = f"import os; os.sched_setaffinity(0, [{processor}])\nprint(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) as competitor:
        assert competitor.stdout is not None
        competitor.stdout.readline()  # it runs now
        watch = Watch([processor])
        before = watch.look()
        time.sleep(1.0)
        after = watch.look()
        competitor.kill()
    signals = watch.between(before, after)
    assert watch.fault(signals, after.seconds - before.seconds) in ("others", "steal")
    assert signals["others"] is not None
    assert 0.1 < signals["others"] < 1.1


# Energy and memory


def _package(root: Path, zone: str, name: str, microjoules: int) -> None:
    _write(root, f"{zone}/name", f"{name}\n")
    _write(root, f"{zone}/energy_uj", f"{microjoules}\n")
    _write(root, f"{zone}/max_energy_range_uj", "1000000\n")


def test_energy_is_that_of_the_packages_around_their_counters_end(tmp_path: Path) -> None:
    _package(tmp_path, "intel-rapl:0", "package-0", 100_000)
    _package(tmp_path, "intel-rapl:1", "package-1", 900_000)
    _package(tmp_path, "intel-rapl:0:0", "core", 5)
    _package(tmp_path, "intel-rapl-mmio:0", "package-0", 100_000)  # the same counter once more
    before = energy.read(tmp_path)
    _package(tmp_path, "intel-rapl:0", "package-0", 600_000)
    _package(tmp_path, "intel-rapl:1", "package-1", 200_000)
    _package(tmp_path, "intel-rapl:0:0", "core", 700_000)
    assert energy.joules(before, energy.read(tmp_path)) == pytest.approx(0.5 + 0.3)


def test_energy_that_cannot_be_read_is_not_measured(tmp_path: Path) -> None:
    assert energy.read(tmp_path) is None
    assert energy.joules(None, None) is None
    _package(tmp_path, "intel-rapl:0", "package-0", 1)
    before = energy.read(tmp_path)
    (tmp_path / "intel-rapl:0/energy_uj").unlink()
    assert energy.read(tmp_path) is None
    assert energy.joules(before, energy.read(tmp_path)) is None


def test_the_peak_of_memory_is_none_where_nobody_tells(tmp_path: Path) -> None:
    assert peak_memory.peak_memory_bytes(tmp_path / "status") is None
    _write(tmp_path, "status", "Name:\tpython\n")
    assert peak_memory.peak_memory_bytes(tmp_path / "status") is None
    _write(tmp_path, "status", "Name:\tpython\nVmHWM:\t   2048 kB\n")
    assert peak_memory.peak_memory_bytes(tmp_path / "status") == 2 * 2**20
