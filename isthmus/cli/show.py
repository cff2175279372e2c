"""What all verbs print with: tables for people, JSON for machines, a sign of life meanwhile.

Lines, colours and moving signs are rich's; without it everything is said in plain text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from isthmus.system.extras import is_here

if TYPE_CHECKING:
    from isthmus.benchmarks.harness.clock import Step

__all__ = [
    "printable",
    "say",
    "shortened",
    "shortened_path",
    "show_json",
    "show_table",
    "spinner",
    "steps",
]

Rows = Sequence[Sequence[str]]
WIDEST = 60  # characters of a text in a table


def say(text: str, *, err: bool = False) -> None:
    """A line on standard output, or on standard error.

    Not `typer.echo`, which writes UTF-8 to a terminal that takes ASCII.
    """
    print(text, file=sys.stderr if err else sys.stdout, flush=err)


def show_json(document: Any) -> None:
    """The document, and nothing else, on standard output."""
    say(json.dumps(document, indent=2, allow_nan=False))


def printable(text: str) -> str:
    """The text on one line, without control characters: a name must not drive the terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in " ".join(text.split()))


def shortened(text: str) -> str:
    """The start of a text, as a cell of a table."""
    line = printable(text)
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"


def shortened_path(path: str) -> str:
    """The end of a path, as a cell of a table."""
    line = printable(path)
    return line if len(line) <= WIDEST else "…" + line[1 - WIDEST :]


def show_table(title: str, headers: Sequence[str], rows: Rows, right: int = 0) -> None:
    """Rows of text below their headers; the last `right` columns are numbers.

    On a terminal with rich's lines and colours; else plain text, in columns.
    """
    if sys.stdout.isatty() and is_here("rich"):
        _rich(title, headers, rows, right)
    else:
        say("\n".join([title, *_columns([headers, *rows], right)]) + "\n")


def _rich(title: str, headers: Sequence[str], rows: Rows, right: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for at, header in enumerate(headers):
        grid.add_column(header, justify="right" if at >= len(headers) - right else "left")
    for row in rows:
        grid.add_row(*map(Text, row))
    console = Console(highlight=False)
    console.print(Text(title, style="bold"))
    console.print(grid)


def _columns(rows: Rows, right: int) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first = len(widths) - right
    return [
        "  ".join(
            cell.rjust(width) if at >= first else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _moves() -> bool:
    """Whether a person looks at standard error, and there is what draws there."""
    return sys.stderr.isatty() and is_here("rich")


@contextmanager
def spinner(message: str) -> Iterator[None]:
    """A moving sign on standard error while the block runs, where a person is looking."""
    if not _moves():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(message):
        yield


@contextmanager
def steps() -> Iterator[Callable[[Step], None]]:
    """A bar with the time left on a terminal, a line for every step elsewhere."""
    if not _moves():
        yield lambda step: say(str(step), err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from isthmus.benchmarks.harness.clock import readable

    columns = (TextColumn("{task.description:48}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, left="")

        def show(step: Step) -> None:
            total = step.spent_seconds + step.left_seconds
            left = f"about {readable(step.left_seconds)} left"
            bar.update(
                task, description=step.text, completed=step.spent_seconds, total=total, left=left
            )

        yield show
