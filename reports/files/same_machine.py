"""The machine a file was measured on: what must be equal to compare, and what is worth a warning.

A file tells its facts by name, in `machine_info.isthmus`: `fingerprint` and `conditions`. Older
files and those of pytest-benchmark alone tell fewer. What only one of two files tells cannot
forbid a comparison, so it is a warning. A processor without a name (`naming`) may be any: two such
machines are one only where both tell the host, the architecture and the system, and these, the
kernel and the clock are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import clean
from .naming import host_or_none, processor_or_none

__all__ = [
    "BLOCKING",
    "HARDWARE",
    "NAMELESS",
    "NOT_RECORDED",
    "UNKNOWN",
    "Machine",
    "machine_of",
]

UNKNOWN = "unknown"
NOT_RECORDED = "not recorded"
LOAD = 1.0  # processes: a difference in load that is worth saying
MEMORY = 0.05  # relative: kernels keep back more or less of the same memory

# Timings taken on machines that differ in one of these say nothing of each other.
HARDWARE = (
    *("cpu_model", "cpu_signature", "flags", "cores", "physical_cores", "quota"),
    *("memory_gib", "gpu", "instance_type"),
)
BLOCKING = (*HARDWARE, "architecture", "system")
# What stands in for a processor's name; the first must be told, and no host's name be anybody's.
NEEDED = ("node", "architecture", "system")
NAMELESS = (*NEEDED, "kernel", "clock_hz")
ALWAYS = ("cpu_model", "cores")  # told in every format: absent is as good as another
# These move timings on one machine; a comparison goes on, and says so.
WARNING = (
    *("kernel", "hypervisor", "microcode", "processors", "sockets", "numa_nodes"),
    *("multithreading", "caches", "governor", "boost", "highest_clock_mhz", "clock_source"),
    *("huge_pages", "allocator", "libc", "python", "gpu_settings", "cuda", "load_average"),
)
GROUPS = ("fingerprint", "conditions", "versions")
CHANGES_ANYWAY = ("isthmus",)  # versions that are compared on purpose


@dataclass(frozen=True)
class Machine:
    """`cpu_model`, `cores`, `gpu`, `instance_type` as text ("" if absent), and all other facts.

    known: the facts by name as the file has them. facts: all that is worth printing, as text.
    interpreter: `CPython 3.12`, "" where it is not told: times of another are another series.
    platform: architecture, system and, of a processor without a name, what stands in for it.
    Two are equal where the first four fields, the versions, interpreter and platform are.

    >>> from isthmus import reports
    >>> machine = reports.read("head.json").machine
    >>> machine.cores, machine.differences(machine)
    ('2', ())
    """

    cpu_model: str
    cores: str
    gpu: str
    instance_type: str
    versions: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...] = field(compare=False)
    known: Mapping[str, Any] = field(compare=False)
    interpreter: str = ""
    platform: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it can be told from others: by its processor's name, or what stands in for it."""
        return bool(self.cpu_model) or all(self.known.get(name) for name in NEEDED)

    def differences(self, other: Machine) -> tuple[str, ...]:
        """`field: this | that` for each blocking field that differs; two processors without a
        name and without what stands in for it may be any two."""
        names = [n for n in BLOCKING if n in ALWAYS or (n in self.known and n in other.known)]
        if self.cpu_model or other.cpu_model:
            return _different(names, self.known, other.known, UNKNOWN)
        unsure = () if self.is_known and other.is_known else (f"cpu_model: {UNKNOWN} | {UNKNOWN}",)
        names = list(dict.fromkeys((*names, *NAMELESS)))
        return (*unsure, *_different(names, self.known, other.known, UNKNOWN))

    def other_interpreter(self, other: Machine) -> str:
        """`interpreter: CPython 3.11 | PyPy 3.10`; "" for the same, or where one is not told."""
        both = self.interpreter, other.interpreter
        return f"interpreter: {both[0]} | {both[1]}" if all(both) and both[0] != both[1] else ""

    def warnings(self, other: Machine) -> tuple[str, ...]:
        """The same for what forbids nothing: conditions, versions, facts that one file lacks."""
        both = self.known.keys() & other.known.keys()
        either = self.known.keys() | other.known.keys()
        lacking = [n for n in HARDWARE if n in either - both and n not in ALWAYS]
        ours, theirs = dict(self.versions), dict(other.versions)
        shared = [n for n in ours if n in theirs and n not in CHANGES_ANYWAY]
        return (
            *_different(lacking, self.known, other.known, NOT_RECORDED),
            *_different([n for n in WARNING if n in both], self.known, other.known, UNKNOWN),
            *_different(shared, ours, theirs, UNKNOWN),
        )


def machine_of(info: dict[str, Any]) -> Machine:
    """From pytest-benchmark's `machine_info`; our fingerprint wins over its CPU dump."""
    ours = _dict(info.get("isthmus"))
    known = {**_told_by_pytest_benchmark(info), **_dict(ours.get("fingerprint"))}
    known |= _dict(ours.get("conditions"))
    known["cpu_model"] = processor_or_none(known.get("cpu_model"))
    if known["cpu_model"] is not None:
        known = {name: value for name, value in known.items() if name not in ("node", "clock_hz")}
    else:
        del known["cpu_model"]
    stands_in = () if "cpu_model" in known else NAMELESS
    return Machine(
        cpu_model=_text(known.get("cpu_model"), ""),
        cores=_text(known.get("cores"), ""),
        gpu=_text(known.get("gpu"), ""),
        instance_type=_text(known.get("instance_type"), ""),
        versions=tuple((n, _text(v)) for n, v in _dict(ours.get("versions")).items()),
        facts=tuple(_facts(info, ours)),
        known=known,
        interpreter=_text(known.get("interpreter"), ""),
        platform=tuple(_text(known.get(n), "") for n in ("architecture", "system", *stands_in)),
    )


def _told_by_pytest_benchmark(info: dict[str, Any]) -> dict[str, Any]:
    """Under our names; what it lacks is left out."""
    cpu = _dict(info.get("cpu"))
    parts = [cpu.get(name) for name in ("vendor_id_raw", "family", "model", "stepping")]
    told = {
        "cpu_model": cpu.get("brand_raw") or cpu.get("brand"),
        "cpu_signature": None if None in parts else "/".join(map(_text, parts)),
        "cores": cpu.get("count"),
        "kernel": info.get("release"),
        "python": info.get("python_version"),
        "interpreter": _interpreter(info),
        "architecture": info.get("machine"),
        "system": info.get("system"),
        "node": host_or_none(info.get("node")),
        "clock_hz": cpu.get("hz_advertised") or cpu.get("hz_advertised_raw"),
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _interpreter(info: dict[str, Any]) -> str | None:
    """Implementation and minor version: what is compiled, and how fast, differs between them."""
    name, version = info.get("python_implementation"), info.get("python_version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    return f"{name} {'.'.join(version.split('.')[:2])}"


def _different(
    names: list[str], this: Mapping[str, Any], that: Mapping[str, Any], absent: str
) -> tuple[str, ...]:
    """`name: this | that` where the two are not alike."""
    pairs = ((name, this.get(name), that.get(name)) for name in names)
    return tuple(
        f"{name}: {_text(one, absent) or UNKNOWN} | {_text(two, absent) or UNKNOWN}"
        for name, one, two in pairs
        if not ALIKE.get(name, _same)(one, two)
    )


def _same(one: Any, two: Any) -> bool:
    return _text(one, "") == _text(two, "")


def _near(one: Any, two: Any) -> bool:
    """The same amount of memory, whatever a kernel keeps of it."""
    if _is_number(one) and _is_number(two):
        return math.isclose(one, two, rel_tol=MEMORY)
    return _same(one, two)


def _as_busy(one: Any, two: Any) -> bool:
    if _is_number(one) and _is_number(two):
        return abs(one - two) < LOAD
    return _same(one, two)


def _is_number(value: Any) -> bool:
    """True for what can be reckoned with as a float."""
    return isinstance(value, int | float) and value is not True and abs(value) < 1e300


ALIKE: dict[str, Callable[[Any, Any], bool]] = {"memory_gib": _near, "load_average": _as_busy}


def _facts(info: dict[str, Any], ours: dict[str, Any]) -> Iterator[tuple[str, str]]:
    told = ("release", "python_version") if not ours.get("conditions") else ()
    for name in ("system", "python_implementation", *told):
        if info.get(name):
            yield name.replace("_", " "), _text(info[name])
    for name, value in ours.items():
        yield from _flat("" if name in GROUPS else name, value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested dictionaries as one level of `name subname`."""
    if not isinstance(value, dict):
        yield clean(name.replace("_", " ")), _text(value)
        return
    for key, inner in value.items():
        yield from _flat(f"{name} {key}".strip(), inner)


def _text(value: Any, absent: str = "not known") -> str:
    if isinstance(value, dict):
        return ", ".join(f"{clean(str(name))} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return absent if value is None else clean(str(value))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
