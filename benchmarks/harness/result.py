"""Measurements as a file in pytest-benchmark's format, written whole after every round.

pytest-benchmark is imported where its format is made; other documents are written without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from isthmus.benchmarks.portable.timing.verdicts import described, judged
from isthmus.errors import FileError
from isthmus.system import files

from .copies import SCALING
from .fingerprint import conditions, fingerprint, versions
from .plan import SINGLE_STREAM, Cell, Scenario
from .processes import Record
from .variants import Variant

__all__ = ["DIGITS", "benchmark", "commit", "document", "write"]

FORMAT = 2
DIGITS = 9  # a nanosecond; clocks tell no more
TIMED_PARTS = ("import_seconds", "load_seconds", "compile_seconds", "first_inference_seconds")

Document = dict[str, Any]


def document(benchmarks: Iterable[Document], about: Mapping[str, Any]) -> Document:
    """The whole file: the machine, the commit, the benchmarks, and what the run was."""
    from pytest_benchmark import __version__ as format_version
    from pytest_benchmark.utils import get_commit_info

    return {
        "machine_info": _machine(),
        "commit_info": get_commit_info(),
        "isthmus": {"format": FORMAT, **about},
        "benchmarks": list(benchmarks),
        "datetime": datetime.now(UTC).isoformat(),
        "version": format_version,
    }


@cache
def _machine() -> Document:
    """Read once: pytest-benchmark's part takes a second and starts processes."""
    from pytest_benchmark.plugin import pytest_benchmark_generate_machine_info

    ours = {"fingerprint": fingerprint(), "conditions": conditions(), "versions": versions()}
    return {**pytest_benchmark_generate_machine_info(), "isthmus": ours}


def commit() -> str:
    """The revision that measures now."""
    from pytest_benchmark.utils import get_commit_info

    return str(get_commit_info()["id"])


def benchmark(
    cell: Cell, variant: Variant, records: list[Record], facts: Mapping[str, Any]
) -> Document:
    """One entry: pytest-benchmark's statistics of all samples, and ours in `extra_info`."""
    rounds = [[round(sample, DIGITS) for sample in record["seconds"]] for record in records]
    parity, workload, scenario = facts.get("parity"), cell.workload.name, cell.scenario
    extra = {
        **facts,
        "workload": workload,
        "variant": variant.name,
        "copies": variant.copies or None,
        "scenario": scenario.name,
        "environment": variant.environment,
        "runtime": records[0]["runtime"],
        "precision": records[0].get("precision", facts.get("precision", "f32")),
        "rounds": rounds,
        "processes": [_without_samples(record) for record in records],
        **{name: _median(record[name] for record in records) for name in TIMED_PARTS},
        "peak_memory_bytes": _most(record["peak_memory_bytes"] for record in records),
        "parity_max_rel_error": parity and parity["max_rel_error"],
        "scenario_result": _scenario_result(scenario, records),
    }
    where = "" if scenario.name == SINGLE_STREAM else f"/{scenario.name}"
    name = f"{workload}{where}[{variant.name}]"
    return {
        "group": workload + where,
        "name": name,
        "fullname": f"isthmus::{name}",
        "params": {"workload": workload, "variant": variant.name, "scenario": scenario.name},
        "param": f"{workload}{where}-{variant.name}",
        "extra_info": extra,
        "options": {"timer": "perf_counter", "disable_gc": True, "warmup": True},
        "stats": _statistics(rounds),
    }


def _statistics(rounds: list[list[float]]) -> Document:
    from pytest_benchmark.stats import Stats

    stats = Stats()
    for seconds in rounds:
        for sample in seconds:
            stats.update(sample)
    return {**stats.as_dict(), "data": list(stats.data), "iterations": 1}


def _without_samples(record: Record) -> Document:
    """What a process told besides its samples, which `rounds` has."""
    return {name: value for name, value in record.items() if name != "seconds"}


def _scenario_result(scenario: Scenario, records: list[Record]) -> Document:
    """What all processes together show, where they met the same load: queries of several
    processes bound a percentile better than those of one."""
    found = [record["scenario"] for record in records]
    unsound = [one for one in found if not one["valid"] and not one["more_queries"]]
    if scenario.name in ("offline", SCALING) or scenario.rate_is_searched or unsound:
        return _middle(found, unsound)
    latencies = [sample for record in records for sample in record["seconds"]]
    first, queries = found[0], sum(one["queries"] for one in found)
    return {
        **first,
        **described(scenario.name, latencies, queries),
        **{name: first[name] for name in ("rate_per_s", "bound_ms", "percentile")},
        "achieved_per_s": median(one["achieved_per_s"] for one in found),
        **judged(latencies, first["percentile"], first["bound_ms"]),
    }


def _middle(found: list[Document], unsound: list[Document]) -> Document:
    """That of the process with the middle rate, INVALID if any process was."""
    ordered = sorted(found, key=lambda one: one["achieved_per_s"])
    middle = dict(ordered[len(ordered) // 2])
    for one in unsound or [one for one in found if not one["valid"]]:
        return middle | {name: one[name] for name in ("valid", "reason", "more_queries")}
    return middle


def _median(values: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _most(sizes: Iterable[int | None]) -> int | None:
    """The largest that is known."""
    return max((size for size in sizes if size is not None), default=None)


def write(path: Path, contents: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a kill leaves the last whole one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, _text(contents))
    except OSError as problem:
        raise FileError(
            f"{path}: cannot be written ({problem.strerror}); use another --output"
        ) from None


def _text(contents: Mapping[str, Any]) -> str:
    """JSON with a line a benchmark: short, and still a line to each in a difference."""
    parts = {name: json.dumps(value) for name, value in contents.items()}
    if isinstance(contents.get("benchmarks"), list):
        lines = ",\n".join(json.dumps(entry) for entry in contents["benchmarks"])
        parts["benchmarks"] = f"[\n{lines}\n]"
    return "{\n" + ",\n".join(f'"{name}": {part}' for name, part in parts.items()) + "\n}\n"
