"""Result files: pytest-benchmark's JSON, ours or anybody's, as checked dataclasses.

Ours keep their facts in `extra_info` (workload, variant, batch, rounds, parity, ...). A foreign
file has none: its group is the workload, its name the variant, its raw data one round. What other
tools write is read by `foreign`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from msgspec import Meta

from . import foreign
from .checks import Seconds, Times, clean, converted, fail, seconds, shown, text, told
from .document import NOT_OURS, document_of, text_of
from .file_fields import run_of
from .foreign_names import NO_NAMES, Names, of_files
from .labels import with_labels
from .result import NATIVE, Result, ResultFile
from .result_fields import Parity, max_rel_error, parity_of, scenario_of
from .same_machine import machine_of

__all__ = ["NATIVE", "Result", "ResultFile", "read", "read_all"]

PYTEST = "pytest-benchmark"
ROUNDS = Annotated[tuple[Times, ...], Meta(min_length=1)]

Rounds = tuple[tuple[float, ...], ...]


def read(path: str | Path, names: Names = NO_NAMES) -> ResultFile:
    """One file, checked; `FileError` names the file, the benchmark and the next step.

    `names`: what a foreign file does not say, its workload, variant, threads, batch...

    >>> from isthmus import reports
    >>> sorted({result.workload for result in reports.read("head.json").results})
    ['bert-base-128', 'mobilenet-v2', 'resnet-50']
    """
    try:
        with uncollected():
            return _of_any_tool(str(path), text_of(Path(path)), names)
    except RecursionError:
        fail(str(path), "nests deeper than any measurement", NOT_OURS)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without looking for cycles, of which a file makes none: 40 % of the time of a large one.

    What is made of a file makes none either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _of_any_tool(path: str, content: str, names: Names) -> ResultFile:
    if (tool := foreign.recognised(content)) is not None:
        return foreign.read(path, tool, content, names)
    foreign.refuse_printed(path, content)
    return _read(path, document_of(path, content), names)


def read_all(paths: Sequence[str | Path], names: Sequence[Names] = ()) -> tuple[ResultFile, ...]:
    """Several files; the same path twice counts once. `names`: see `foreign_names.of_files`.

    >>> from isthmus import reports
    >>> [len(file.results) for file in reports.read_all(["head.json", "head.json"])]
    [15]
    """
    files = tuple(read(path) for path in dict.fromkeys(map(str, paths)))
    if not names:
        return with_labels(files)
    strangers = [file.path for file in files if any(result.origin for result in file.results)]
    given = of_files(strangers, names)
    return with_labels([read(file.path, given.get(file.path, NO_NAMES)) for file in files])


def _read(path: str, document: dict[str, Any], names: Names) -> ResultFile:
    results = tuple(_result(path, item, names) for item in document["benchmarks"])
    for fullname, times in Counter(result.fullname for result in results).items():
        if times > 1:
            fail(f"{path}: {fullname}", f"appears {times} times", "name each benchmark once")
    names.check(path, [result for result in results if result.origin])
    run = run_of(path, document.get("isthmus"))
    return ResultFile(
        path=path,
        machine=machine_of(document["machine_info"]),
        measured=clean(str(document.get("datetime") or ""))[:19],
        commit=_commit(document),
        results=results,
        missing=run.missing,
        roofline=run.roofline,
        plan=run.plan,
        interrupted=run.interrupted,
        seconds_spent=run.seconds_spent,
    )


def _commit(document: dict[str, Any]) -> str:
    info = document.get("commit_info")
    info = info if isinstance(info, dict) else {}
    dirty = " (modified)" if info.get("dirty") else ""
    return clean(str(info.get("id") or ""))[:12] + dirty


def _result(path: str, item: Any, names: Names) -> Result:
    if not isinstance(item, dict) or not isinstance(item.get("stats"), dict):
        fail(path, f"benchmark {shown(item)} has no `stats`", NOT_OURS)
    name = text(path, "a benchmark's name", item.get("fullname") or item.get("name"))
    extra = item.get("extra_info")
    where = f"{path}: {name}"
    if isinstance(extra, dict) and "workload" in extra and "variant" in extra:
        return _ours(path, name, where, item, extra)
    return names.given(_foreign(path, name, where, item))


def _foreign(path: str, name: str, where: str, item: dict[str, Any]) -> Result:
    rounds = _rounds(where, item["stats"], {})
    variant = text(where, "name", item.get("name") or name)
    workload = text(where, "group", item.get("group") or variant)
    median = _median(where, rounds, item["stats"])
    return Result(path, name, workload, variant, median, rounds, origin=PYTEST)


def _ours(path: str, name: str, where: str, item: dict[str, Any], extra: dict[str, Any]) -> Result:
    rounds, parity = _rounds(where, item["stats"], extra), parity_of(where, extra.get("parity"))
    said = {key: one for key, one in told(extra).items() if key not in APART}
    for key in REQUIRED:
        if not said.get(key):
            fail(where, f"{key} is {shown(said.get(key))}, and must be given", "measure again")
    said |= {
        "file": path,
        "fullname": name,
        "median_seconds": _median(where, rounds, item["stats"]),
    }
    return replace(
        converted(where, said, Result),
        rounds=rounds,
        parity=parity,
        parity_max_rel_error=_worst(where, parity, extra.get("parity_max_rel_error")),
        scenario_result=scenario_of(where, extra.get("scenario_result")),
    )


REQUIRED = ("workload", "variant", "batch", "precision")
# What is looked at by itself, and what a file of ours does not say.
APART = frozenset(
    ("rounds", "parity", "parity_max_rel_error", "scenario_result", "origin", "rate_per_s")
)


def _worst(where: str, parity: Parity | None, value: Any) -> float | None:
    """The greater of the two errors, where a file gives both."""
    error = max_rel_error(where, value)
    if parity is None or error is None:
        return parity.max_rel_error if parity else error
    return max(parity.max_rel_error, error)


def _rounds(where: str, stats: dict[str, Any], extra: dict[str, Any]) -> Rounds:
    """The rounds of `extra_info`, else all times as one; none of a file of statistics alone."""
    if extra.get("rounds") is not None:
        found: Rounds = converted(where, extra["rounds"], ROUNDS, "rounds")
        return found
    data = stats.get("data")
    return () if data is None else (seconds(where, "stats.data", data),)


def _median(where: str, rounds: Rounds, stats: dict[str, Any]) -> float:
    """Of the raw times where they were kept, else the file's own."""
    if not rounds:
        own: float = converted(where, stats.get("median"), Seconds, "stats.median")
        return own
    return median([value for values in rounds for value in values])
