"""Tidy CSV and JSON: a row per result, peer, price or scenario, unrounded; absent is empty."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from isthmus.reports.content import Report
from isthmus.reports.money import cost
from isthmus.reports.tables import peers, scenario_table, speedup_frame, trends

if TYPE_CHECKING:
    import pandas

__all__ = ["TABLE_FILES", "document", "table_files"]

DOCUMENT = "report.json"
TABLES = ("speedup", "peers", "cost", "scenarios", "history")
TABLE_FILES = (*(f"{name}.csv" for name in TABLES), DOCUMENT)

# A spreadsheet runs a cell that starts like this; names come from files.
_FORMULA = ("=", "+", "-", "@")


def frames(report: Report) -> dict[str, pandas.DataFrame]:
    """Every table by name: speedup, peers, cost, scenarios; history where one was given."""
    history = {"history": trends.frame(report.trends)} if report.trends else {}
    return {
        "speedup": speedup_frame.frame(report.rows),
        "peers": peers.frame(report.peers),
        "cost": cost.frame(report.costs),
        "scenarios": scenario_table.frame(report.files),
        **history,
    }


def table_files(report: Report) -> dict[str, str]:
    """A CSV file per table that has rows, and report.json: their texts by their names."""
    made = {
        f"{name}.csv": frame.map(_defused).to_csv(index=False, lineterminator="\n")
        for name, frame in frames(report).items()
        if len(frame)
    }
    text = json.dumps(document(report), indent=1, allow_nan=False, ensure_ascii=False)
    return {**made, DOCUMENT: f"{text}\n"}


def document(report: Report) -> dict[str, Any]:
    """The report for machines."""
    tables = {name: records(frame) for name, frame in frames(report).items()}
    environment = [{"file": title, **dict(facts)} for title, facts in report.environment]
    said = {"verdict": report.verdict, "warnings": list(report.warnings)}
    return {**said, **tables, "environment": environment}


def records(frame: pandas.DataFrame) -> list[dict[str, object]]:
    """The rows for JSON, which has neither NaN nor infinity: both are null."""
    finite = frame.astype(object).mask(frame.isna() | frame.isin([math.inf, -math.inf]), None)
    return [{str(name): cell for name, cell in row.items()} for row in finite.to_dict("records")]


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
