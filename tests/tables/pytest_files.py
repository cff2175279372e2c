"""Files as pytest-benchmark writes them, with known times: nothing runs to make one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import numpy

Document = dict[str, Any]

MACHINE: Document = {
    "node": "build-3",
    "machine": "x86_64",
    "system": "Linux",
    "release": "6.5",
    "python_implementation": "CPython",
    "python_version": "3.12.4",
    "cpu": {"brand_raw": "Xeon 6975P", "count": 4, "hz_advertised_raw": [2_900_000_000, 0]},
}


def times(seed: int, middle: float = 0.002, count: int = 40, noise: float = 0.01) -> list[float]:
    """Of one process, spread by the noise."""
    random = numpy.random.default_rng(seed)
    found: list[float] = (middle * numpy.exp(noise * random.standard_normal(count))).tolist()
    return found


def entry(name: str, data: Sequence[float], *, raw: bool = True, **changes: Any) -> Document:
    """One benchmark; without its raw times as --benchmark-save leaves it."""
    low, _, high = quantiles(data, n=4, method="inclusive") if len(data) > 1 else 3 * [data[0]]
    stats: Document = {
        **{"min": min(data), "max": max(data), "mean": mean(data), "median": median(data)},
        **{"q1": low, "q3": high, "iqr": high - low, "rounds": len(data), "iterations": 1},
    }
    return {
        "group": None,
        "name": name,
        "fullname": f"tests/test_a.py::{name}",
        "params": None,
        "param": None,
        "extra_info": {},
        "options": {"timer": "perf_counter", "min_rounds": 5, "disable_gc": False},
        "stats": stats | ({"data": list(data)} if raw else {}),
    } | changes


def session(*entries: Document, day: int = 1, machine: Document | None = None) -> Document:
    """A file; `machine` replaces facts of the machine, None removes one."""
    about = {
        name: fact for name, fact in {**MACHINE, **(machine or {})}.items() if fact is not None
    }
    return {
        "machine_info": about,
        "commit_info": {"id": "89abcdef" * 5, "dirty": False},
        "benchmarks": list(entries),
        "datetime": f"2026-03-{day:02d}T08:00:00.123456+00:00",
        "version": "5.3.1",
    }


def saved(path: Path, content: Document) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
