"""Tidy CSV and JSON: a row per result, peer, price or scenario, unrounded; absent is empty."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from isthmus.reports.content import Report
from isthmus.reports.money import cost, plan_table
from isthmus.reports.tables import budget, peers, scaling, scenario_table, speedup_frame, trends

if TYPE_CHECKING:
    import pandas

__all__ = ["TABLE_FILES", "document", "json_text", "table_files"]

DOCUMENT = "report.json"
TABLES = ("speedup", "budget", "peers", "cost", "scenarios", "scaling", "plan", "history")
TABLE_FILES = (*(f"{name}.csv" for name in TABLES), DOCUMENT)

# A spreadsheet runs a cell that starts like this; names come from files.
_FORMULA = ("=", "+", "-", "@")


def frames(report: Report) -> dict[str, pandas.DataFrame]:
    """Every table by name; history and plan where they were asked for."""
    history = {"history": trends.frame(report.trends)} if report.trends else {}
    plan = {"plan": plan_table.frame(report.plans)} if report.plans else {}
    return {
        "speedup": speedup_frame.frame(report.rows),
        "budget": budget.frame(report.budget),
        "peers": peers.frame(report.peers),
        "cost": cost.frame(report.costs),
        "scenarios": scenario_table.frame(report.files),
        "scaling": scaling.frame(report.scaling),
        **plan,
        **history,
    }


def table_files(report: Report) -> dict[str, str]:
    """A CSV file per table that has rows, and report.json: their texts by their names."""
    found = frames(report)
    made = {f"{name}.csv": _csv(frame) for name, frame in found.items() if len(frame)}
    text = json_text(_document(report, found), indent=1, ensure_ascii=False)
    return {**made, DOCUMENT: f"{text}\n"}


def _csv(frame: pandas.DataFrame) -> str:
    """A spreadsheet runs no cell of it: texts that begin as a formula does are quoted."""
    texts = frame.select_dtypes(exclude="number")
    safe = {str(name): texts[name].map(_defused) for name in texts}
    return frame.assign(**safe).to_csv(index=False, lineterminator="\n")


def json_text(document: Mapping[str, Any], *, indent: int, ensure_ascii: bool = True) -> str:
    """As `json.dumps` writes it, which with an indent takes ten times as long by itself."""
    text = json.dumps(document, allow_nan=False, ensure_ascii=ensure_ascii)
    try:
        return msgspec.json.format(text, indent=indent)
    except (UnicodeEncodeError, msgspec.DecodeError):  # a path that is no text of Unicode
        return json.dumps(document, allow_nan=False, indent=indent)


def document(report: Report) -> dict[str, Any]:
    """The report for machines."""
    return _document(report, frames(report))


def _document(report: Report, found: Mapping[str, pandas.DataFrame]) -> dict[str, Any]:
    tables = {name: records(frame) for name, frame in found.items()}
    environment = [{"file": title, **dict(facts)} for title, facts in report.environment]
    said = {"verdict": report.verdict, "warnings": list(report.warnings)}
    return {**said, **tables, "environment": environment}


def records(frame: pandas.DataFrame) -> list[dict[str, object]]:
    """The rows for JSON, which has neither NaN nor infinity: both are null."""
    import pandas

    def plain(value: object) -> object:
        absent = value is pandas.NA or (isinstance(value, float) and not math.isfinite(value))
        return None if absent else value

    columns = [map(plain, frame[name].tolist()) for name in frame]
    names = [str(name) for name in frame]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
