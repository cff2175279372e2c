"""The outcome as one self-contained HTML page: no network, light and dark, sortable by a script.

Style and script are those of the reports' page; without the script the page says the same. Rows
that would make it larger than 2 MB are left out, and counted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

from isthmus.benchmarks.gate.rule.verdict import KINDS, Outcome
from isthmus.reports.display import Table
from isthmus.reports.outputs.page import sort_value
from isthmus.reports.plots.style import css
from isthmus.system.extras import require

from .to_bar import bar
from .to_table import table
from .to_text import about, fitting, headline, machine, sides, size, warnings

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["page"]

LARGEST, HEAD = 2_000_000, 4_000  # bytes: of the page, and kept free for the table's head


def page(outcome: Outcome) -> str:
    """The page's text; every name is escaped."""
    grid = table(sides(outcome), outcome.gravest_first())
    rows = fitting(_rows(outcome, grid), LARGEST - HEAD - size(_page(outcome, grid, [])))
    return _page(outcome, grid, rows)


def _page(outcome: Outcome, grid: Table, rows: list[str]) -> str:
    script = _text("isthmus.reports.outputs", "page.js")
    return _template("to_page.html.j2").render(
        headline=headline(outcome),
        warnings=warnings(outcome),
        table=grid,
        rows=rows,
        left_out=len(grid.rows) - len(rows),
        kinds=[kind for kind in KINDS if any(row.kind == kind for row in outcome.verdicts)],
        facts={**about(outcome), **machine(outcome)},
        style="\n".join((css(), _text("isthmus.reports.outputs", "page.css"), _own("to_page.css"))),
        script=script,
        script_hash=_hash(script),
    )


def _rows(outcome: Outcome, grid: Table) -> Iterator[str]:
    template = _template("to_page_row.html.j2")
    for at, (verdict, row) in enumerate(zip(outcome.gravest_first(), grid.rows, strict=True)):
        yield template.render(
            kind=verdict.kind,
            strong=at in grid.strong,
            cells=[(cell.text, sort_value(cell)) for cell in row],
            left=grid.left,
            bar=bar(verdict),
        )


def _template(name: str) -> Template:
    require("report", "jinja2", user="a page")
    from jinja2 import Environment, StrictUndefined

    jinja = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return jinja.from_string(_own(name))


def _own(name: str) -> str:
    return _text("isthmus.benchmarks.gate.outputs", name)


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8").strip()


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
