"""A report as one self-contained HTML page: no network, light and dark; a script sorts tables.

The verdict first, the environment last. A Content-Security-Policy allows that one script, by its
hash, and nothing else. Without scripts the page says the same.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from isthmus.reports.content import Report
from isthmus.reports.display import Cell, Table, cut, few_lines
from isthmus.reports.plots.drawing import Drawing, draw
from isthmus.reports.plots.style import css
from isthmus.system.extras import require

from .markdown import ALL, MOST_ROWS

__all__ = ["page", "sort_value"]

ENVIRONMENT = ("environment", "Environment")
_NUMBER = re.compile(r"[$<>≤≥~≈ ]*(-?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?![\w.-])")  # and no date


@dataclass(frozen=True)
class Part:
    """A table or a plot, `id` its anchor; `variant` the table's column of that name."""

    id: str
    title: str
    table: Table | None = None
    drawing: Drawing | None = None

    @property
    def variant(self) -> int | None:
        """Which column names the variant."""
        names = [cell.text for cell in self.table.headers] if self.table else []
        return names.index("variant") if "variant" in names else None


def page(report: Report, drawings: Sequence[Drawing] | None = None) -> str:
    """The page's text; everything that comes from a file is escaped."""
    require("report", "jinja2")
    from jinja2 import Environment, StrictUndefined

    jinja = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    drawings, script = draw(report) if drawings is None else drawings, _text("page.js")
    parts = _parts(report, [drawing for drawing in drawings if drawing.panels])
    return jinja.from_string(_text("page.html.j2")).render(
        report=report,
        warnings=few_lines(report.warnings),
        parts=parts,
        first_table=next((part for part in parts if part.table), None),
        absent=[drawing.plot for drawing in drawings if not drawing.panels],
        contents=[*((part.id, part.title) for part in parts), ENVIRONMENT],
        variants=_variants(parts),
        style=css() + _text("page.css"),
        script=script,
        script_hash=_hash(script),
        sort_value=sort_value,
    )


def sort_value(cell: Cell) -> str:
    """The number that the cell starts with, "8.21× [7.90, 8.52]" as 8.21; "" for other texts."""
    found = _NUMBER.match(cell.text)
    return found[1].replace(",", "") if found else ""


def _parts(report: Report, drawings: Sequence[Drawing]) -> list[Part]:
    """The tables, each below its plot; the plots that belong to none come last."""
    shown = (table for table in report.tables if table.rows or table.notes)
    tables = [cut(table, MOST_ROWS, ALL) for table in shown]
    left, parts = list(drawings), list[Part]()
    for at, table in enumerate(tables):
        mine = [drawing for drawing in left if drawing.plot.above(table.title)]
        left = [drawing for drawing in left if drawing not in mine]
        parts += [*map(_plot, mine), Part(f"table-{at + 1}", table.title, table)]
    return [*parts, *map(_plot, left)]


def _plot(drawing: Drawing) -> Part:
    return Part(drawing.plot.name, drawing.plot.title, drawing=drawing)


def _variants(parts: Sequence[Part]) -> list[str]:
    """Every variant in the tables' column of that name, for the filter."""
    names = (
        row[part.variant].text
        for part in parts
        if part.table and part.variant is not None
        for row in part.table.rows
    )
    return list(dict.fromkeys(names))


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
