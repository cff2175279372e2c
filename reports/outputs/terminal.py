"""A report on a terminal, with rich; names from files are plain text, never markup."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as RichTable
from rich.text import Text

from isthmus.reports.content import Report
from isthmus.reports.display import Cell, Table, cut, few_lines

__all__ = ["WIDE", "console", "show", "show_table"]

WIDE = 200
MOST_ROWS = 100  # of a table
NAMES, NAME = 2, 32  # the first columns are names; so many characters of them stay together


def console() -> Console:
    """Standard output; wide where nobody's terminal sets the width, so that nothing is cut."""
    output = Console(highlight=False)
    return output if output.is_terminal else Console(highlight=False, width=WIDE, soft_wrap=True)


def show(report: Report, console: Console) -> None:
    """The verdict, then the tables; the environment is in the files."""
    console.print(Text(report.verdict, style="bold"))
    for line in few_lines(report.warnings):
        console.print(Text(line, style="yellow"))
    for table in report.tables:
        if table.rows or table.notes:
            show_table(cut(table, MOST_ROWS, "--out DIR writes all, --json prints them"), console)


def show_table(table: Table, console: Console) -> None:
    """Title, rows, then in grey what they share and the notes."""
    console.print(Text(f"\n{table.title}", style="bold"))
    if table.rows:
        console.print(_grid(table))
    for line in (table.shared, *table.notes):
        if line:
            console.print(Text(line, style="dim"))


def _grid(table: Table) -> RichTable:
    grid = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for at, cell in enumerate(table.headers):
        justify: JustifyMethod = "left" if at < table.left else "right"
        # On a narrow terminal other columns wrap before names do, and no name is cut.
        least = min(NAME, max((len(str(row[at])) for row in table.rows), default=0))
        width = least if at < NAMES else None
        grid.add_column(_text(cell), justify=justify, overflow="fold", min_width=width)
    for at, row in enumerate(table.rows):
        grid.add_row(*map(_text, row), style="bold" if at in table.strong else "")
    return grid


def _text(cell: Cell) -> Text:
    text = Text(cell.text)
    return text.append(f" {cell.detail}", style="dim") if cell.detail else text
