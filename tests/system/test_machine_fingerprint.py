"""The machine's facts: where they are read, what they forbid, and what they only warn of."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from places import DATA

from isthmus.benchmarks.harness import fingerprint as grouped
from isthmus.reports.files.same_machine import (
    BLOCKING,
    HARDWARE,
    WARNING,
    Machine,
    machine_of,
)
from isthmus.system import machine, nvidia, threads, topology


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


def test_the_facts_stay_the_same_and_survive_json() -> None:
    for read in (grouped.fingerprint, grouped.conditions, grouped.versions):
        assert read() == read() == json.loads(json.dumps(read(), allow_nan=False))
    assert grouped.fingerprint()["cores"] == threads.affinity()
    assert {"numpy", "blas"} <= grouped.versions().keys()


def test_what_is_written_is_what_is_compared() -> None:
    assert set(HARDWARE) == set(grouped.FINGERPRINT)
    assert set(BLOCKING) - set(HARDWARE) == {"architecture", "system"}  # of the format itself
    assert set(WARNING) <= set(grouped.CONDITIONS)


# A Xeon with two cores of two hardware threads; and one that shows nothing.
XEON = {
    "cpu/online": "0-3",
    **{f"cpu/cpu{at}/topology/physical_package_id": "0" for at in range(4)},
    **{f"cpu/cpu{at}/topology/thread_siblings_list": f"{at % 2},{at % 2 + 2}" for at in range(4)},
    "cpu/cpu0/cache/index0/level": "1",
    "cpu/cpu0/cache/index0/type": "Data",
    "cpu/cpu0/cache/index0/size": "48K",
    "cpu/cpu0/cache/index3/level": "3",
    "cpu/cpu0/cache/index3/type": "Unified",
    "cpu/cpu0/cache/index3/size": "107520K",
    "cpu/smt/active": "1",
    "cpu/intel_pstate/no_turbo": "1",
    "cpu/cpu0/cpufreq/scaling_governor": "powersave",
    "cpu/cpu0/cpufreq/cpuinfo_max_freq": "3800000",
    "clocksource/clocksource0/current_clocksource": "tsc",
    "node/online": "0-1,4",
}


def test_topology_is_read(tmp_path: Path) -> None:
    root = written(tmp_path, XEON)
    assert topology.online(root) == [0, 1, 2, 3]
    assert [topology.cores(some, root) for some in ([0, 1], [0, 2], range(4))] == [2, 1, 2]
    assert (topology.sockets(root), topology.numa_nodes(root)) == (1, 3)
    assert topology.caches(root) == {"L1d": 48 * 1024, "L3": 105 * 2**20}
    assert topology.last_cache_bytes(root) == 105 * 2**20
    assert (topology.multithreading(root), topology.boost(root)) == (True, False)
    assert (topology.governor(root), topology.highest_clock_mhz(root)) == ("powersave", 3800)
    assert topology.clock_source(root) == "tsc"


@pytest.mark.parametrize(("files", "boost"), [({"cpu/cpufreq/boost": "1"}, True), ({}, None)])
def test_what_the_system_does_not_show_is_none(
    tmp_path: Path, files: dict[str, str], boost: bool | None
) -> None:
    root = written(tmp_path, files)
    assert topology.boost(root) is boost
    assert topology.cores([0], root) is topology.sockets(root) is topology.numa_nodes(root) is None
    assert topology.multithreading(root) is None and topology.governor(root) is None
    assert topology.highest_clock_mhz(root) is None and topology.last_cache_bytes(root) is None
    assert topology.caches(root) == {} and topology.online(root) == []


@pytest.mark.parametrize(
    ("cpuinfo", "signature"),
    [
        (
            "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nstepping\t: 8\n",
            "GenuineIntel/6/143/8",
        ),
        (
            "CPU implementer\t: 0x41\nCPU variant\t: 0x1\nCPU part\t: 0xd40\nCPU revision\t: 1\n",
            "0x41/0xd40/0x1/1",
        ),
        ("processor\t: 0\n", None),
    ],
)
def test_a_processor_is_told_by_its_numbers(cpuinfo: str, signature: str | None) -> None:
    assert machine.signature_of(machine.first_processor(cpuinfo)) == signature


@pytest.mark.parametrize(
    ("vendor", "product", "instance"),
    [
        ("Amazon EC2", "c7i.metal-24xl", "c7i.metal-24xl"),
        ("Amazon EC2", "HVM domU", None),
        ("Google", "Google Compute Engine", None),
        ("QEMU", "c5.xlarge", None),
    ],
)
def test_only_ec2_writes_its_instance_type(
    tmp_path: Path, vendor: str, product: str, instance: str | None
) -> None:
    files = {"sys_vendor": vendor, "product_name": product}
    assert machine.instance_type(written(tmp_path, files)) == instance
    assert machine.instance_type(tmp_path / "absent") is None


def install_nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_a_gpu_is_told_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "NVIDIA L4, 23034 MiB, 580.65, 2040 MHz, 6251 MHz, 72.00 W, Enabled"
    script = f'case "$1" in *{",".join(grouped.GPU.values())}) echo "{line}";; esac'
    install_nvidia_smi(tmp_path, monkeypatch, script)
    grouped._gpu.cache_clear()
    try:
        assert grouped.FINGERPRINT["gpu"]() == "NVIDIA L4"
        settings = grouped.CONDITIONS["gpu_settings"]()
    finally:
        grouped._gpu.cache_clear()
    assert settings["clock"] == "2040 MHz" and settings["driver"] == "580.65"


def test_an_nvidia_smi_that_fails_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_nvidia_smi(tmp_path, monkeypatch, "echo 'Field \"x\" is not a valid field'; exit 2")
    assert nvidia.query(("x",)) == []


def of(*, conditions: Any = None, versions: Any = None, **fingerprint: Any) -> Machine:
    known = {"cpu_model": "EPYC", "cores": 2} | fingerprint
    ours = {"fingerprint": known, "conditions": conditions or {}, "versions": versions or {}}
    return machine_of({"isthmus": ours})


@pytest.mark.parametrize(
    ("this", "that"),
    [
        ({"cpu_model": "Xeon"}, {"cpu_model": "EPYC"}),
        ({"cpu_model": None}, {"cpu_model": "EPYC"}),
        ({"cores": 2}, {"cores": None}),
        ({"cpu_signature": "A/25/17/1"}, {"cpu_signature": "A/25/17/2"}),
        ({"flags": ["avx2"]}, {"flags": ["avx2", "avx512f"]}),
        ({"physical_cores": 1}, {"physical_cores": 2}),
        ({"quota": "none"}, {"quota": 1.5}),
        ({"memory_gib": 15.4}, {"memory_gib": 30.9}),
        ({"gpu": ""}, {"gpu": "NVIDIA L4"}),
        ({"instance_type": None}, {"instance_type": "c5.xlarge"}),
    ],
)
def test_what_both_tell_and_differs_forbids(this: Any, that: Any) -> None:
    (name,) = this
    (said,) = of(**this).differences(of(**that))
    assert said.startswith(f"{name}: ") and " | " in said
    assert of(**that).differences(of(**that)) == ()


def test_a_machine_without_a_name_is_not_compared() -> None:
    nameless = machine_of({"isthmus": {"fingerprint": {}}})
    assert nameless.differences(of()) == ("cpu_model: unknown | EPYC", "cores: unknown | 2")


def test_what_one_file_lacks_only_warns() -> None:
    this, that = of(quota=1.5), of()
    assert this.differences(that) == that.differences(this) == ()
    assert this.warnings(that) == ("quota: 1.5 | not recorded",)
    assert that.warnings(this) == ("quota: not recorded | 1.5",)


def test_memory_may_differ_by_what_a_kernel_keeps() -> None:
    assert of(memory_gib=23.5).differences(of(memory_gib=23.3)) == ()
    assert len(of(memory_gib=23.5).differences(of(memory_gib="none"))) == 1


@pytest.mark.parametrize(
    ("name", "this", "that", "said"),
    [
        ("kernel", "6.1", "6.18", "kernel: 6.1 | 6.18"),
        ("governor", None, "powersave", "governor: unknown | powersave"),
        ("caches", {"L2": 1}, {"L2": 2}, "caches: L2 1 | L2 2"),
        ("load_average", 0.1, 3.25, "load_average: 0.1 | 3.25"),
        ("load_average", 0.1, 0.9, None),
        ("installed_gib", 8, 16, None),
    ],
)
def test_conditions_warn_and_forbid_nothing(
    name: str, this: object, that: object, said: str | None
) -> None:
    pair = of(conditions={name: this}), of(conditions={name: that})
    assert pair[0].differences(pair[1]) == ()
    assert pair[0].warnings(pair[1]) == (() if said is None else (said,))


def test_another_runtime_warns_but_not_what_is_compared_on_purpose() -> None:
    this = of(versions={"isthmus": "0.1", "openvino": "2026.4"})
    that = of(versions={"isthmus": "0.2", "openvino": "2026.5", "onnx": "1.23"})
    assert this.warnings(that) == ("openvino: 2026.4 | 2026.5",)


def test_the_load_does_not_make_another_machine() -> None:
    busy, idle = (of(conditions={"load_average": load}) for load in (9.0, 0.1))
    assert busy == idle and len({busy, idle}) == 1
    assert of(versions={"numpy": "2.4"}) != of(versions={"numpy": "2.5"})


def test_a_file_of_the_older_format_can_still_be_compared() -> None:
    path = DATA / "format-1.json"
    info = json.loads(path.read_text())["machine_info"]
    told = info["isthmus"]["fingerprint"]
    newer = {**told, "cpu_signature": "AuthenticAMD/25/17/1", "physical_cores": 2, "quota": "none"}
    older, now = machine_of(info), of(**newer)
    assert older.differences(now) == now.differences(older) == ()
    assert {text.partition(":")[0] for text in older.warnings(now)} == {"physical_cores", "quota"}
    other = of(**newer | {"cpu_signature": "AuthenticAMD/25/160/2"})
    assert len(older.differences(other)) == 1  # pytest-benchmark's own dump has the numbers


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, True, "much", [], {}, [{}]])
def test_a_senseless_fact_is_text_and_no_crash(value: Any) -> None:
    odd = of(memory_gib=value, conditions={"load_average": value, "caches": value}, quota=value)
    assert len(odd.differences(of(memory_gib=1.0, quota=2))) == 2
    assert all("\n" not in text for text in odd.warnings(of(conditions={"load_average": 1})))
