"""Where an earlier run of the same plan stopped: its whole cells, read from its result file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError

from .fingerprint import fingerprint
from .plan import Cell, Plan

__all__ = ["earlier"]

Entry = dict[str, Any]
Place = tuple[str, str, str]  # workload, scenario, variant
SAME = ("kind", "rounds", "seconds", "threads")


@dataclass(frozen=True)
class Earlier:
    """What whole cells left: entries, reasons of what is missing, the peaks, seconds, commits."""

    entries: list[Entry]
    missing: dict[Place, str]
    roofline: dict[str, Any] | None
    spent_seconds: float
    commits: list[str]


def earlier(plan: Plan, path: Path) -> tuple[Plan, Earlier]:
    """The plan without its whole cells, and what they left.

    FileError for a file that is no result of the harness, UsageError for one of another plan or
    machine: one file is one comparison.
    """
    document = _document(path)
    about = document["isthmus"]
    _check(path, plan, document)
    measured = {_place(entry): entry for entry in document["benchmarks"]}
    missing = {
        (one["workload"], one["scenario"], one["variant"]): one["reason"]
        for one in about["missing"]
    }
    left = [cell for cell in plan.cells if not _whole(plan, cell, measured, missing)]
    begun = {_named(cell) for cell in left}
    return replace(plan, cells=left), Earlier(
        entries=[entry for place, entry in measured.items() if place[:2] not in begun],
        missing={place: why for place, why in missing.items() if place[:2] not in begun},
        roofline=about["roofline"],
        spent_seconds=about["seconds_spent"],
        commits=about.get("commits") or [document["commit_info"]["id"]],
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        document["isthmus"]["plan"], document["machine_info"]["isthmus"]["fingerprint"]
    except (OSError, ValueError, LookupError, TypeError):
        raise FileError(
            f"{path}: no result of isthmus bench to go on with; leave --resume"
        ) from None
    return document


def _check(path: Path, plan: Plan, document: dict[str, Any]) -> None:
    """UsageError where what was measured cannot stand beside what will be."""
    was, now = document["isthmus"]["plan"], plan.facts()
    differing = [f"{name} {was[name]} | {now[name]}" for name in SAME if was[name] != now[name]]
    there = document["machine_info"]["isthmus"]["fingerprint"]
    here = json.loads(json.dumps(fingerprint()))
    differing += [name for name, value in here.items() if there.get(name) != value]
    if differing:
        raise UsageError(f"{path}: measured otherwise: {', '.join(differing)}; leave --resume")


def _whole(plan: Plan, cell: Cell, measured: dict[Place, Entry], missing: dict[Place, str]) -> bool:
    rounds = plan.rounds_of(cell)
    places: Sequence[Place] = [(*_named(cell), variant.name) for variant in cell.variants]
    return all(
        place in missing
        or (place in measured and len(measured[place]["extra_info"]["rounds"]) == rounds)
        for place in places
    )


def _named(cell: Cell) -> tuple[str, str]:
    return cell.workload.name, cell.scenario.name


def _place(entry: Entry) -> Place:
    facts = entry["extra_info"]
    return facts["workload"], facts["scenario"], facts["variant"]
