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
from typing import TYPE_CHECKING, Any

from isthmus.system.extras import require

from . import foreign
from .checks import (
    amount_or_none,
    clean,
    duration,
    fail,
    flag,
    mapping,
    seconds,
    shown,
    text,
    text_or_empty,
    whole,
    whole_or_none,
)
from .document import NOT_OURS, document_of, text_of
from .file_fields import missing_of, roofline_of
from .foreign_names import NO_NAMES, Names
from .result import NATIVE, Result, ResultFile
from .result_fields import SINGLE, max_rel_error, parity_of, processes_of, scenario_of
from .same_machine import machine_of

if TYPE_CHECKING:
    import pandas

__all__ = ["NATIVE", "Result", "ResultFile", "frame", "read", "read_all"]

NEWEST = 2  # the format of the file's own part, `isthmus`
PYTEST = "pytest-benchmark"
TEXTS = "texts"

Rounds = tuple[tuple[float, ...], ...]


def read(path: str | Path, names: Names = NO_NAMES) -> ResultFile:
    """One file, checked; `FileError` names the file, the benchmark and the next step.

    `names`: what a foreign file does not say, its workload, variant, threads, batch...
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
    return _read(path, document_of(path, content), names)


def read_all(paths: Sequence[str | Path], names: Sequence[Names] = ()) -> tuple[ResultFile, ...]:
    """Several files; the same path twice counts once. `names`: see `foreign_names.of_files`."""
    from .foreign_names import of_files

    files = tuple(read(path) for path in dict.fromkeys(map(str, paths)))
    if not names:
        return files
    strangers = [file.path for file in files if any(result.origin for result in file.results)]
    given = of_files(strangers, names)
    return tuple(read(file.path, given.get(file.path, NO_NAMES)) for file in files)


def frame(files: Sequence[ResultFile]) -> pandas.DataFrame:
    """One row per timed sample: file, workload, variant, round, sample, seconds."""
    require("report", "pandas")
    import pandas

    rows = [
        (result.file, result.workload, result.variant, at, index, value)
        for file in files
        for result in file.results
        for at, values in enumerate(result.rounds)
        for index, value in enumerate(values)
    ]
    columns = ["file", "workload", "variant", "round", "sample", "seconds"]
    return pandas.DataFrame(rows, columns=columns)


def _read(path: str, document: dict[str, Any], names: Names) -> ResultFile:
    results = tuple(_result(path, item, names) for item in document["benchmarks"])
    for fullname, times in Counter(result.fullname for result in results).items():
        if times > 1:
            fail(f"{path}: {fullname}", f"appears {times} times", "name each benchmark once")
    names.check(path, [result for result in results if result.origin])
    ours = mapping(path, "isthmus", document.get("isthmus"))
    if ours.get("format") not in (None, 1, NEWEST):
        step = "update Isthmus"
        fail(path, f"has format {shown(ours['format'])}, newer than this version reads", step)
    return ResultFile(
        path=path,
        machine=machine_of(document["machine_info"]),
        measured=clean(str(document.get("datetime") or ""))[:19],
        commit=_commit(document),
        results=results,
        missing=missing_of(path, ours.get("missing")),
        roofline=roofline_of(path, ours.get("roofline")),
        plan=mapping(path, "plan", ours.get("plan")),
        interrupted=flag(path, "interrupted", ours.get("interrupted") or False),
        seconds_spent=amount_or_none(path, "seconds_spent", ours.get("seconds_spent")),
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
    stats = item["stats"]
    data = stats.get("data")
    rounds = () if data is None else (seconds(where, "stats.data", data),)
    variant = text(where, "name", item.get("name") or name)
    workload = text(where, "group", item.get("group") or variant)
    median = _median(where, rounds, stats)
    return Result(path, name, workload, variant, median, rounds, origin=PYTEST)


def _ours(path: str, name: str, where: str, item: dict[str, Any], extra: dict[str, Any]) -> Result:
    rounds, parity = _rounds(where, item["stats"], extra), parity_of(where, extra.get("parity"))
    result = Result(
        file=path,
        fullname=name,
        workload=text(where, "workload", extra["workload"]),
        variant=text(where, "variant", extra["variant"]),
        median_seconds=_median(where, rounds, item["stats"]),
        rounds=rounds,
        batch=whole(where, "batch", extra.get("batch")),
        sequence=_sequence(where, extra.get("sequence")),
        precision=text(where, "precision", extra.get("precision")),
        threads=whole_or_none(where, "threads", extra.get("threads")),
        parity_max_rel_error=max_rel_error(where, extra.get("parity_max_rel_error")),
        scenario=text(where, "scenario", extra.get("scenario") or SINGLE),
        parity=parity,
        processes=processes_of(where, extra.get("processes")),
        scenario_result=scenario_of(where, extra.get("scenario_result")),
    )
    return replace(result, parity_max_rel_error=_worst(result), **_facts(where, extra))


def _facts(where: str, extra: dict[str, Any]) -> dict[str, Any]:
    """What may be absent and is taken as it stands."""
    texts = {name: text_or_empty(where, name, extra.get(name)) for name in TEXT_FACTS}
    return texts | {name: amount_or_none(where, name, extra.get(name)) for name in AMOUNTS}


TEXT_FACTS = ("runtime", "model", "model_hash", "environment")
AMOUNTS = (
    "operations",
    "bytes_moved",
    "parameter_bytes",
    "peak_memory_bytes",
    "import_seconds",
    "load_seconds",
    "compile_seconds",
    "first_inference_seconds",
)


def _worst(result: Result) -> float | None:
    """The greater of the two errors, where a file gives both."""
    if result.parity is None or result.parity_max_rel_error is None:
        return result.parity.max_rel_error if result.parity else result.parity_max_rel_error
    return max(result.parity.max_rel_error, result.parity_max_rel_error)


def _sequence(where: str, value: Any) -> int | str | None:
    """A length, "texts" for a distribution of lengths, None where there is no sequence."""
    return TEXTS if value == TEXTS else whole_or_none(where, "sequence", value)


def _rounds(where: str, stats: dict[str, Any], extra: dict[str, Any]) -> Rounds:
    rounds = extra.get("rounds")
    if rounds is None:
        data = stats.get("data")
        return () if data is None else (seconds(where, "stats.data", data),)
    if not isinstance(rounds, list) or not rounds:
        fail(where, f"rounds is {shown(rounds)}, not a list of rounds", "measure again")
    return tuple(seconds(where, f"rounds[{at}]", values) for at, values in enumerate(rounds))


def _median(where: str, rounds: Rounds, stats: dict[str, Any]) -> float:
    """Of the raw times where they were kept, else the file's own."""
    if not rounds:
        return duration(where, "stats.median", stats.get("median"))
    return median([value for values in rounds for value in values])
