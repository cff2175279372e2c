"""A report as GitHub-flavoured Markdown: the verdict first, the environment last."""

from __future__ import annotations

import re

from isthmus.reports.content import Report
from isthmus.reports.display import Table, cut, few_lines

__all__ = ["ALL", "MOST_ROWS", "escape", "markdown", "table_grid"]

MOST_ROWS = 500  # of a table; a page of more is slow to open and to sort
ALL = "the CSV files and report.json beside this page have all"

_SPECIAL = re.compile(r"([\\`*_\[\]|<>#&~])")


def markdown(report: Report) -> str:
    """The whole report as one Markdown text."""
    parts = ["# Isthmus report", f"**{escape(report.verdict)}**"]
    parts += [f"> {escape(line)}" for line in few_lines(report.warnings)]
    shown = (cut(table, MOST_ROWS, ALL) for table in report.tables if table.rows or table.notes)
    parts += map(table_markdown, shown)
    parts.append("## Environment")
    parts += [_facts(title, facts) for title, facts in report.environment]
    return "\n\n".join(parts) + "\n"


def table_markdown(table: Table) -> str:
    """Heading, what all rows share, the rows, the notes."""
    above = [f"## {escape(table.title)}", *([escape(table.shared)] if table.shared else [])]
    grid = [table_grid(table)] if table.rows else []
    return "\n\n".join([*above, *grid, *map(escape, table.notes)])


def table_grid(table: Table) -> str:
    """The rows alone."""
    headers = "| " + " | ".join(escape(str(cell)) for cell in table.headers) + " |"
    marks = ["---" if at < table.left else "---:" for at in range(len(table.headers))]
    lines = [headers, "| " + " | ".join(marks) + " |"]
    lines += [_row(table, at) for at in range(len(table.rows))]
    return "\n".join(lines)


def escape(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def _row(table: Table, at: int) -> str:
    bold = "**" if at in table.strong else ""
    cells = [escape(str(cell)) for cell in table.rows[at]]
    return "| " + " | ".join(f"{bold}{cell}{bold}" if cell else "" for cell in cells) + " |"


def _facts(title: str, facts: tuple[tuple[str, str], ...]) -> str:
    lines = [f"* {escape(name)}: {escape(value)}" for name, value in facts]
    return "\n".join([f"### {escape(title)}", "", *lines])
