"""A run as the history keeps it: when, of which revision, on which machine, a few numbers each.

On disk a record is one line of JSON, and its file's name ends in a hash of that line: a file that
was cut or edited is told from a whole one, and the same run has the same name everywhere.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from isthmus.reports.files.checks import (
    Name,
    Number,
    Times,
    clean,
    converted,
    fail,
    flag,
    listed,
    mapping,
    shown,
    told,
)
from isthmus.reports.files.moments import utc
from isthmus.reports.files.result_fields import Wrong
from isthmus.reports.files.same_machine import BLOCKING, HARDWARE, NAMELESS, Machine, machine_of

__all__ = [
    "LATENCY",
    "NEXT",
    "Kept",
    "Record",
    "file_name",
    "line_of",
    "machine_name",
    "moment",
    "record_at",
]

FORMAT = 1
HASH = 16  # hexadecimal digits
INFINITE = "infinite"  # a parity: outputs that are NaN; JSON has no word for it
LATENCY = "latency_p50_ms"
SERIES = "interpreter"  # a machine has one folder, and a series for each interpreter in it
NEXT = "restore it, as from git, or delete it"


@dataclass(frozen=True)
class Kept:
    """A benchmark of a run: its work, each metric in each process, its greatest relative error.

    facts: what must be equal to compare two runs of it, such as threads and the model's hash.
    """

    name: Name
    workload: Name
    variant: Name
    facts: Mapping[str, str | bool | int | Number] = field(default_factory=dict)
    values: Mapping[str, Times] = field(default_factory=dict)
    parity: Wrong | None = None

    def log(self, metric: str) -> float | None:
        """Natural logarithm of the median over the processes; None where not measured."""
        values = self.values.get(metric)
        return math.log(float(numpy.median(values))) if values else None


@dataclass(frozen=True)
class Record:
    """A run; `measured` in ISO 8601 to the second, `path` where it was read from."""

    measured: str
    commit: str
    dirty: bool
    machine: Machine
    benchmarks: tuple[Kept, ...]
    path: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """`2026-11-20 0123456789ab`, and whether that revision was modified."""
        modified = "(modified)" if self.dirty else ""
        return " ".join(part for part in (self.measured[:10], self.commit, modified) if part)


def moment(where: str, value: Any) -> str:
    """A date and time as ISO 8601 to the second, in UTC, or `FileError`."""
    found = utc(str(value))
    if found is None:
        fail(where, f"was measured at {shown(value)}, no date", "measure again")
    return found


def file_name(record: Record, line: str) -> str:
    """`2026-11-20T100000-0123456789ab-89abcdef01234567.json`."""
    known = re.fullmatch(r"[0-9a-f]{4,40}", record.commit)
    commit = record.commit[:12] if known else "unknown"
    return f"{record.measured.replace(':', '')}-{commit}-{_hash(line, HASH)}.json"


def machine_name(machine: Machine) -> str:
    """`amd-epyc-89abcdef`: readable, and a hash of what must be equal to compare.

    Kernels keep back more or less of the same memory, so that whole GiB count.
    """
    facts = _told(machine, (*HARDWARE, *_standing_in(machine)))
    memory = facts.get("memory_gib")
    if isinstance(memory, float) and math.isfinite(memory):
        facts["memory_gib"] = round(memory)
    words = re.sub(r"[^a-z0-9]+", "-", machine.cpu_model.lower()).strip("-")
    return f"{words[:40] or 'machine'}-{_hash(_line(facts), 8)}"


def line_of(record: Record) -> str:
    """The record as it stands in its file."""
    return _line(
        {
            "format": FORMAT,
            "measured": record.measured,
            "commit": record.commit,
            "dirty": record.dirty,
            "machine": _told(record.machine, (*BLOCKING, *_standing_in(record.machine), SERIES)),
            "versions": dict(record.machine.versions),
            "benchmarks": [_entry(kept) for kept in record.benchmarks],
        }
    )


def record_at(path: Path) -> Record:
    """The record in a file; `FileError` for one that is not as it was written."""
    where = str(path)
    if not path.is_file():
        fail(where, "is no regular file", NEXT)
    line = path.read_text(encoding="utf-8").strip()
    if not path.stem.endswith("-" + _hash(line, HASH)):
        fail(where, "is cut, or was changed or renamed since it was written", NEXT)
    return _record(where, mapping(where, "record", json.loads(line)))


def _record(where: str, said: Mapping[str, Any]) -> Record:
    if said.get("format") != FORMAT:
        fail(where, f"has format {shown(said.get('format'))}, not {FORMAT}", "update Isthmus")
    facts = {"fingerprint": said.get("machine"), "versions": said.get("versions")}
    every = [_finite(told(one)) for one in listed(where, "benchmarks", said.get("benchmarks"))]
    return Record(
        measured=moment(where, said.get("measured")),
        commit=clean(converted(where, said.get("commit") or "", str, "commit")),
        dirty=flag(where, "dirty", said.get("dirty")),
        machine=machine_of({"isthmus": facts}),
        benchmarks=converted(where, every, tuple[Kept, ...], "benchmarks"),
        path=where,
    )


def _finite(entry: Any) -> Any:
    """A benchmark with the infinity that JSON has no word for."""
    wrong = isinstance(entry, dict) and entry.get("parity") == INFINITE
    return entry | {"parity": math.inf} if wrong else entry


def _entry(kept: Kept) -> dict[str, Any]:
    """What is not known is left out."""
    wrong = kept.parity is not None and not math.isfinite(kept.parity)
    parity = {} if kept.parity is None else {"parity": INFINITE if wrong else kept.parity}
    facts = {name: fact for name, fact in kept.facts.items() if fact not in (None, "")}
    names = {"name": kept.name, "workload": kept.workload, "variant": kept.variant}
    return {**names, "facts": facts, "values": dict(kept.values), **parity}


def _told(machine: Machine, names: Sequence[str]) -> dict[str, Any]:
    return {name: machine.known[name] for name in names if name in machine.known}


def _standing_in(machine: Machine) -> tuple[str, ...]:
    """For the name of a processor that has none."""
    return () if machine.cpu_model else NAMELESS


def _line(content: Mapping[str, Any]) -> str:
    """One line, the same for the same content; `FileError` for what JSON cannot say."""
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as problem:
        fail("this run", f"cannot be stored ({clean(str(problem))})", "measure again")


def _hash(line: str, digits: int) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:digits]
