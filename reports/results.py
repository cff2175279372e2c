"""Result files: pytest-benchmark's JSON, ours or anybody's, as checked dataclasses.

Ours keep their facts in `extra_info` (workload, variant, batch, rounds, parity, ...). A foreign
file has none: its group is the workload, its name the variant, its raw data one round.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pandas

from .checks import (
    amount_or_none,
    clean,
    fail,
    positive,
    seconds,
    shown,
    text,
    whole,
    whole_or_none,
)
from .document import NOT_OURS, document_of
from .machine import Machine, machine_of

NATIVE = "numpy"  # the baseline of every speedup, and the reference of every parity


@dataclass(frozen=True)
class Result:
    """One benchmark: its work, its variant, its `rounds` of seconds per call."""

    file: str
    fullname: str
    workload: str
    variant: str
    median_seconds: float
    rounds: tuple[tuple[float, ...], ...] = ()
    batch: int = 1
    sequence: int | None = None
    precision: str = ""
    threads: int | None = None
    parity_max_rel_error: float | None = None
    operations: float | None = None
    peak_memory_bytes: float | None = None
    compile_seconds: float | None = None
    first_inference_seconds: float | None = None
    runtime: str = ""

    @property
    def latency_ms(self) -> float:
        """Median milliseconds per call."""
        return 1e3 * self.median_seconds

    @property
    def requests_per_second(self) -> float:
        """batch / median seconds: each item of a batch is a request."""
        return self.batch / self.median_seconds

    def raw(self) -> tuple[tuple[float, ...], ...]:
        """The rounds, or `FileError` where the file kept only statistics."""
        if not self.rounds:
            step = "measure again with --benchmark-json, or --benchmark-save-data"
            fail(f"{self.file}: {self.fullname}", "has no raw times (stats.data)", step)
        return self.rounds


@dataclass(frozen=True)
class ResultFile:
    """A file's machine, date, commit and results."""

    path: str
    machine: Machine
    measured: str
    commit: str
    results: tuple[Result, ...]


def read(path: str | Path) -> ResultFile:
    """One file, checked; `FileError` names the file, the benchmark and the next step."""
    try:
        return _read(path)
    except RecursionError:
        fail(str(path), "nests deeper than any measurement", NOT_OURS)


def _read(path: str | Path) -> ResultFile:
    document = document_of(Path(path))
    results = tuple(_result(str(path), item) for item in document["benchmarks"])
    for fullname, count in Counter(result.fullname for result in results).items():
        if count > 1:
            fail(f"{path}: {fullname}", f"appears {count} times", "name each benchmark once")
    machine = machine_of(document["machine_info"])
    measured = clean(str(document.get("datetime") or ""))[:19]
    return ResultFile(str(path), machine, measured, _commit(document), results)


def read_all(paths: Sequence[str | Path]) -> tuple[ResultFile, ...]:
    """Several files; the same path twice counts once."""
    return tuple(read(path) for path in dict.fromkeys(map(str, paths)))


def frame(files: Sequence[ResultFile]) -> pandas.DataFrame:
    """One row per timed sample: file, workload, variant, round, sample, seconds."""
    rows = [
        (result.file, result.workload, result.variant, at, index, value)
        for file in files
        for result in file.results
        for at, values in enumerate(result.rounds)
        for index, value in enumerate(values)
    ]
    columns = ["file", "workload", "variant", "round", "sample", "seconds"]
    return pandas.DataFrame(rows, columns=columns)


def _commit(document: dict[str, Any]) -> str:
    info = document.get("commit_info")
    info = info if isinstance(info, dict) else {}
    dirty = " (modified)" if info.get("dirty") else ""
    return clean(str(info.get("id") or ""))[:12] + dirty


def _result(path: str, item: Any) -> Result:
    if not isinstance(item, dict) or not isinstance(item.get("stats"), dict):
        fail(path, f"benchmark {shown(item)} has no `stats`", NOT_OURS)
    name = text(path, "a benchmark's name", item.get("fullname") or item.get("name"))
    extra = item.get("extra_info")
    where = f"{path}: {name}"
    if isinstance(extra, dict) and "workload" in extra and "variant" in extra:
        return _ours(path, name, where, item, extra)
    return _foreign(path, name, where, item)


def _foreign(path: str, name: str, where: str, item: dict[str, Any]) -> Result:
    stats = item["stats"]
    data = stats.get("data")
    rounds = () if data is None else (seconds(where, "stats.data", data),)
    variant = text(where, "name", item.get("name") or name)
    workload = text(where, "group", item.get("group") or variant)
    return Result(path, name, workload, variant, _median(where, rounds, stats), rounds)


def _ours(path: str, name: str, where: str, item: dict[str, Any], extra: dict[str, Any]) -> Result:
    rounds = _rounds(where, item["stats"], extra)
    return Result(
        file=path,
        fullname=name,
        workload=text(where, "workload", extra["workload"]),
        variant=text(where, "variant", extra["variant"]),
        median_seconds=_median(where, rounds, item["stats"]),
        rounds=rounds,
        batch=whole(where, "batch", extra.get("batch")),
        sequence=whole_or_none(where, "sequence", extra.get("sequence")),
        precision=text(where, "precision", extra.get("precision")),
        threads=whole_or_none(where, "threads", extra.get("threads")),
        parity_max_rel_error=_parity(where, extra.get("parity_max_rel_error")),
        operations=amount_or_none(where, "operations", extra.get("operations")),
        peak_memory_bytes=amount_or_none(
            where, "peak_memory_bytes", extra.get("peak_memory_bytes")
        ),
        compile_seconds=amount_or_none(where, "compile_seconds", extra.get("compile_seconds")),
        first_inference_seconds=amount_or_none(
            where, "first_inference_seconds", extra.get("first_inference_seconds")
        ),
        runtime=text(where, "runtime", extra["runtime"]) if extra.get("runtime") else "",
    )


def _rounds(
    where: str, stats: dict[str, Any], extra: dict[str, Any]
) -> tuple[tuple[float, ...], ...]:
    rounds = extra.get("rounds")
    if rounds is None:
        data = stats.get("data")
        return () if data is None else (seconds(where, "stats.data", data),)
    if not isinstance(rounds, list) or not rounds:
        fail(where, f"rounds is {shown(rounds)}, not a list of rounds", "measure again")
    return tuple(seconds(where, f"rounds[{at}]", values) for at, values in enumerate(rounds))


def _median(where: str, rounds: tuple[tuple[float, ...], ...], stats: dict[str, Any]) -> float:
    """Of the raw times where they were kept, else the file's own."""
    if not rounds:
        return positive(where, "stats.median", stats.get("median"))
    return float(numpy.median([value for values in rounds for value in values]))


def _parity(where: str, value: Any) -> float | None:
    """None where not measured; NaN means outputs that are NaN, as wrong as can be: infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        return math.inf
    return amount_or_none(where, "parity_max_rel_error", value)
