"""Tidy CSV: one row per result or per price, unrounded, absent values empty."""

from __future__ import annotations

import math
from pathlib import Path

import pandas

from . import cost, speedup
from .report import Report

# A spreadsheet runs a cell that starts like this; names come from files.
_FORMULA = ("=", "+", "-", "@")


def write_tables(report: Report, directory: Path) -> tuple[Path, Path]:
    """Write speedup.csv and cost.csv; their paths."""
    paths = directory / "speedup.csv", directory / "cost.csv"
    _write(speedup.frame(report.rows), paths[0])
    _write(cost.frame(report.costs), paths[1])
    return paths


def records(frame: pandas.DataFrame) -> list[dict[str, object]]:
    """The rows for JSON, which has neither NaN nor infinity: both are null."""
    finite = frame.astype(object).mask(frame.isna() | frame.isin([math.inf, -math.inf]), None)
    return [{str(name): cell for name, cell in row.items()} for row in finite.to_dict("records")]


def _write(frame: pandas.DataFrame, path: Path) -> None:
    frame.map(_defused).to_csv(path, index=False, lineterminator="\n")


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
