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
from typing import Any

from isthmus.errors import FileError

from . import foreign
from .checks import clean, converted, fail, shown, text, told
from .document import NOT_OURS, document_of, text_of
from .file_fields import run_of
from .foreign_names import NO_NAMES, Names, of_files
from .foreign_pytest import median_of, of_entry, rounds_of
from .labels import with_labels
from .moments import utc
from .naming import visible
from .result import NATIVE, Damaged, Result, ResultFile
from .result_fields import Parity, accuracy_of, max_rel_error, parity_of, scenario_of
from .same_machine import machine_of

__all__ = ["NATIVE", "Result", "ResultFile", "read", "read_all"]

OURS = "isthmus::"


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
    is_ours = isinstance(document["machine_info"].get("isthmus"), dict)
    found, repeated = _last_of_each(_benchmarks(path, document["benchmarks"], names, is_ours))
    results = tuple(one for one in found if isinstance(one, Result))
    names.check(path, [result for result in results if result.origin])
    run = run_of(path, document.get("isthmus"))
    measured = clean(str(document.get("datetime") or ""))
    return ResultFile(
        path=path,
        machine=machine_of(document["machine_info"]),
        measured=utc(measured) or measured[:19],
        commit=_commit(document),
        results=results,
        damaged=tuple(one for one in found if isinstance(one, Damaged)),
        repeated=repeated,
        missing=run.missing,
        roofline=run.roofline,
        plan=run.plan,
        interrupted=run.interrupted,
        seconds_spent=run.seconds_spent,
    )


def _benchmarks(
    path: str, items: Sequence[Any], names: Names, is_ours: bool
) -> list[Result | Damaged]:
    """In the file's order; `FileError` where all are damaged, as of the first."""
    found, refusals = list[Result | Damaged](), list[FileError]()
    for at, item in enumerate(items):
        try:
            found.append(_result(path, item, names, is_ours))
        except FileError as refusal:
            name = _name_or(item, f"benchmarks[{at}]")
            reason = str(refusal).removeprefix(f"{path}: ").removeprefix(f"{name}: ")
            found.append(Damaged(name, reason))
            refusals.append(refusal)
    if refusals and len(refusals) == len(found):
        raise refusals[0]
    return found


def _name_or(item: Any, place: str) -> str:
    """The benchmark's name; its place where it has none."""
    name = (item.get("fullname") or item.get("name")) if isinstance(item, dict) else None
    return visible(name) if isinstance(name, str) and name else place


def _last_of_each(
    found: Sequence[Result | Damaged],
) -> tuple[list[Result | Damaged], tuple[str, ...]]:
    """A test that was run again is there twice, and its last run counts; and such names."""
    last = {one.fullname: one for one in found}
    if len(last) == len(found):
        return list(found), ()
    counts = Counter(one.fullname for one in found)
    return list(last.values()), tuple(name for name, count in counts.items() if count > 1)


def _commit(document: dict[str, Any]) -> str:
    info = document.get("commit_info")
    info = info if isinstance(info, dict) else {}
    dirty = " (modified)" if info.get("dirty") else ""
    return clean(str(info.get("id") or ""))[:12] + dirty


def _result(path: str, item: Any, names: Names, is_ours: bool) -> Result:
    """Ours has our facts, and our name or our machine's: strangers have such facts, too."""
    if not isinstance(item, dict) or not isinstance(item.get("stats"), dict):
        fail(path, f"benchmark {shown(item)} has no `stats`", NOT_OURS)
    name = _name(path, item.get("fullname") or item.get("name"))
    extra = item.get("extra_info")
    where = f"{path}: {name}"
    signed = is_ours or name.startswith(OURS)
    if signed and isinstance(extra, dict) and "workload" in extra and "variant" in extra:
        return _ours(path, name, where, item, extra)
    return names.given(of_entry(path, name, where, item))


def _name(path: str, value: Any) -> str:
    """As it is written, what cannot be seen in escapes; `FileError` where it is no name."""
    text(path, "a benchmark's name", value)
    return visible(str(value))


def _ours(path: str, name: str, where: str, item: dict[str, Any], extra: dict[str, Any]) -> Result:
    rounds, parity = rounds_of(where, item["stats"], extra), parity_of(where, extra.get("parity"))
    said = {key: one for key, one in told(extra).items() if key not in APART}
    for key in REQUIRED:
        if not said.get(key):
            fail(where, f"{key} is {shown(said.get(key))}, and must be given", "measure again")
    said |= {
        "file": path,
        "fullname": name,
        "median_seconds": median_of(where, rounds, item["stats"]),
    }
    return replace(
        converted(where, said, Result),
        rounds=rounds,
        parity=parity,
        accuracy=accuracy_of(where, extra.get("accuracy")),
        parity_max_rel_error=_worst(where, parity, extra.get("parity_max_rel_error")),
        scenario_result=scenario_of(where, extra.get("scenario_result")),
    )


REQUIRED = ("workload", "variant", "batch", "precision")
# What is looked at by itself, and what a file of ours does not say.
APART = frozenset(
    (
        *("rounds", "parity", "parity_max_rel_error", "scenario_result", "origin", "rate_per_s"),
        *("accuracy", "summary", "timer"),
    )
)


def _worst(where: str, parity: Parity | None, value: Any) -> float | None:
    """The greater of the two errors, where a file gives both."""
    error = max_rel_error(where, value)
    if parity is None or error is None:
        return parity.max_rel_error if parity else error
    return max(parity.max_rel_error, error)
