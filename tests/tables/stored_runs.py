"""Runs of a history with known medians, as records and as the result files they come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
from result_files import Document, benchmark, document, write

from isthmus.reports import Machine
from isthmus.reports.files.history.store_record import LATENCY, Kept, Record
from isthmus.reports.files.same_machine import machine_of

FIRST = datetime(2026, 9, 1, 10)
FACTS: dict[str, Any] = {
    **{"workload": "net", "variant": "cpu"},
    **{"batch": 1, "precision": "f32", "threads": 2},
}
HASH = "sha256:" + "0123456789abcdef" * 4


def machine(**fingerprint: Any) -> Machine:
    facts = {"cpu_model": "Xeon 8488C", "cores": 2, "memory_gib": 7.6, "flags": ["avx2"]}
    versions = {"numpy": "2.4.6"}
    return machine_of({"isthmus": {"fingerprint": facts | fingerprint, "versions": versions}})


def moment(day: int) -> str:
    return (FIRST + timedelta(days=day)).isoformat()


def commit(day: int) -> str:
    return f"{day:012x}"


def record(day: int, latency_ms: float = 10.0, **changes: Any) -> Record:
    """One benchmark, three processes."""
    values = {LATENCY: (latency_ms, 0.99 * latency_ms, 1.01 * latency_ms)}
    kept = Kept("isthmus::net[cpu]", "net", "cpu", FACTS, values, 1e-6)
    whole = {"measured": moment(day), "commit": commit(day), "dirty": False, "machine": machine()}
    return Record(**{**whole, "benchmarks": (kept,), **changes})


def run_file(path: Path, day: int, latency_ms: float = 10.0, *more: Document, **facts: Any) -> Path:
    """A result file of that day: `net` under `cpu`, six rounds, and more benchmarks."""
    rounds = [[latency_ms / 1e3] * 5] * 6
    content = document([benchmark("net", "cpu", rounds, **({"model_hash": HASH} | facts)), *more])
    content |= {"datetime": moment(day), "commit_info": {"id": commit(day), "dirty": False}}
    return write(path, content)


def noisy(levels_ms: Sequence[float], seed: int = 0, noise: float = 0.01) -> list[float]:
    """The levels, each times exp(noise * a normal variate)."""
    random = numpy.random.default_rng(seed)
    found: list[float] = (
        levels_ms * numpy.exp(noise * random.standard_normal(len(levels_ms)))
    ).tolist()
    return found
