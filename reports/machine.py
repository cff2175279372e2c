"""The machine a file was measured on: what must be equal to compare, and what is worth printing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .checks import clean

# Timings taken on machines that differ in one of these say nothing of each other.
BLOCKING = ("cpu_model", "cores", "gpu", "instance_type")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Machine:
    """`cpu_model`, `cores`, `gpu`, `instance_type` as text ("" if absent), and all other facts."""

    cpu_model: str
    cores: str
    gpu: str
    instance_type: str
    facts: tuple[tuple[str, str], ...]

    def differences(self, other: Machine) -> tuple[str, ...]:
        """`field: this | that` for each blocking field that differs."""
        return tuple(
            f"{name}: {getattr(self, name) or UNKNOWN} | {getattr(other, name) or UNKNOWN}"
            for name in BLOCKING
            if getattr(self, name) != getattr(other, name)
        )


def machine_of(info: dict[str, Any]) -> Machine:
    """From pytest-benchmark's `machine_info`; our fingerprint wins over its CPU dump."""
    ours = _dict(info.get("isthmus"))
    fingerprint, cpu = _dict(ours.get("fingerprint")), _dict(info.get("cpu"))
    return Machine(
        cpu_model=_first(fingerprint.get("cpu_model"), cpu.get("brand_raw"), cpu.get("brand")),
        cores=_first(fingerprint.get("cores"), cpu.get("count")),
        gpu=_first(fingerprint.get("gpu"), fingerprint.get("accelerator")),
        instance_type=_first(fingerprint.get("instance_type")),
        facts=tuple(_facts(info, ours)),
    )


def _facts(info: dict[str, Any], ours: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("system", "release", "python_implementation", "python_version"):
        if info.get(name):
            yield name.replace("_", " "), _text(info[name])
    for name, value in ours.items():
        yield from _flat("" if name == "fingerprint" else name, value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested dictionaries as one level of `name subname`."""
    if not isinstance(value, dict):
        yield _label(name), _text(value)
        return
    for key, inner in value.items():
        yield from _flat(f"{name} {key}".strip(), inner)


def _label(name: str) -> str:
    return clean(name.removeprefix("versions ").replace("_", " "))


def _first(*values: Any) -> str:
    return next((_text(value) for value in values if value not in (None, "", [], {})), "")


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return "not known" if value is None else clean(str(value))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
