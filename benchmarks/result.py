"""Measurements as a file in pytest-benchmark's format, written whole after every round."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_benchmark import __version__ as format_version
from pytest_benchmark.plugin import pytest_benchmark_generate_machine_info
from pytest_benchmark.stats import Stats
from pytest_benchmark.utils import get_commit_info

from isthmus.errors import FileError

from .machine import fingerprint, versions

Record = Mapping[str, Any]  # what a worker printed


def document(benchmarks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The whole file: the machine, the commit and the benchmarks."""
    machine = pytest_benchmark_generate_machine_info()
    machine["isthmus"] = {"fingerprint": fingerprint(), "versions": versions()}
    return {
        "machine_info": machine,
        "commit_info": get_commit_info(),
        "benchmarks": list(benchmarks),
        "datetime": datetime.now(UTC).isoformat(),
        "version": format_version,
    }


def benchmark(
    workload: str, variant: str, records: list[Record], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """One entry: pytest-benchmark's statistics of all samples, and ours in `extra_info`."""
    rounds = [record["seconds"] for record in records]
    stats = Stats()
    for seconds in rounds:
        for sample in seconds:
            stats.update(sample)
    extra = {
        **facts,
        "workload": workload,
        "variant": variant,
        "rounds": rounds,
        "compile_seconds": min(record["compile_seconds"] for record in records),
        "first_inference_seconds": min(record["first_inference_seconds"] for record in records),
        "peak_memory_bytes": _most(record["peak_memory_bytes"] for record in records),
        "runtime": records[0]["runtime"],
    }
    name = f"{workload}[{variant}]"
    return {
        "group": workload,
        "name": name,
        "fullname": f"isthmus::{name}",
        "params": {"workload": workload, "variant": variant},
        "param": f"{workload}-{variant}",
        "extra_info": extra,
        "options": {"timer": "perf_counter", "disable_gc": True, "warmup": True},
        "stats": {**stats.as_dict(), "data": list(stats.data), "iterations": 1},
    }


def _most(sizes: Iterable[int | None]) -> int | None:
    """The largest that is known."""
    return max((size for size in sizes if size is not None), default=None)


def write(path: Path, contents: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a kill leaves the last whole one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(contents, indent=1), encoding="utf-8")
        partial.replace(path)
    except OSError as problem:
        raise FileError(
            f"{path}: cannot be written ({problem.strerror}); use another --output"
        ) from None
