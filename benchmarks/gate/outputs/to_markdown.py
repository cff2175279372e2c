"""The outcome as GitHub's Markdown: a comment that its marker lets an action update.

Names are code, so that they mention nobody and link nowhere; other texts are kept from doing so
by an invisible space. What does not fit into the limit is counted in a last line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from isthmus.benchmarks.gate.rule.verdict import Outcome, Verdict
from isthmus.reports.display import Cell, Table
from isthmus.reports.outputs.markdown import escape

from .to_table import table
from .to_text import about, fitting, headline, machine, sides, size, warnings

__all__ = ["comment"]

COMMENT = (
    65_000  # GitHub takes 65,536 characters; bytes are never fewer, and a name is in the marker
)
WARNINGS = 20
LEFT_OUT = 200  # bytes kept free for the line that counts the rows left out

_LIVELY = re.compile(r"@|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=GH)(?=-\d)")
_NOT_IN_CODE = re.compile(r"[`|\\]")


def comment(outcome: Outcome, name: str = "", limit: int = COMMENT) -> str:
    """The Markdown, of at most `limit` bytes; "" where not even the headline fits.

    name: what sets the comments of several gates of one project apart.
    """
    text = ""
    for part in (_top(name), _grave, _about, _equivalent):
        text += part(outcome, limit - size(text))
    return text


def marker(name: str = "") -> str:
    """`<!-- isthmus-gate -->`, the first line, which a reader of the comment does not see."""
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")
    return f"<!-- isthmus-gate{f' {plain}' if plain else ''} -->"


Part = Callable[[Outcome, int], str]  # what fits into so many bytes; "" where nothing does


def _top(name: str) -> Part:
    """Marker, headline, what was compared, what to beware of."""

    def part(outcome: Outcome, room: int) -> str:
        heading = [marker(name), f"### Isthmus gate {headline(outcome)}", ""]
        heading += [f"Compared: {prose(sides(outcome))}"]
        told = warnings(outcome)
        beware = chain.from_iterable(("", f"> {prose(line)}") for line in told[:WARNINGS])
        more = len(told) - WARNINGS
        lines = [*heading, *beware, *(["", f"> and {more} more warnings"] if more > 0 else [])]
        return _whole("\n".join([*lines, "", ""]), room)

    return part


def _grave(outcome: Outcome, room: int) -> str:
    """All but the equivalent, open to be seen."""
    grave = [verdict for verdict in outcome.gravest_first() if verdict.kind != "equivalent"]
    return _rows(grave, room)


def _equivalent(outcome: Outcome, room: int) -> str:
    """Folded away."""
    equivalent = [verdict for verdict in outcome.verdicts if verdict.kind == "equivalent"]
    return _folded(f"{len(equivalent)} equivalent", lambda left: _rows(equivalent, left), room)


def _about(outcome: Outcome, room: int) -> str:
    facts = {**about(outcome), **machine(outcome)}
    lines = "".join(f"* {prose(name)}: {prose(value)}\n" for name, value in facts.items())
    return _folded("how it was measured", lambda left: _whole(lines, left), room)


def _folded(summary: str, inner: Callable[[int], str], room: int) -> str:
    """In `<details>`; nothing where there is nothing inside."""
    begin, end = f"<details><summary>{summary}</summary>\n\n", "\n\n</details>\n\n"
    text = inner(room - size(begin + end))
    return f"{begin}{text.rstrip()}{end}" if text else ""


def _whole(text: str, room: int) -> str:
    return text if size(text) <= room else ""


def _rows(verdicts: Sequence[Verdict], room: int) -> str:
    """A table of the rows that fit, and how many do not."""
    grid = table("", verdicts)
    top = _heading(grid)
    kept = fitting(_lines(grid), room - size(top) - LEFT_OUT)
    if not kept:
        return ""
    left = len(verdicts) - len(kept)
    more = [f"\n{left:,} more rows do not fit here."] if left else []
    return "\n".join([top, *kept, *more, "", ""])


def _heading(grid: Table) -> str:
    marks = ["---" if at < grid.left else "---:" for at in range(len(grid.headers))]
    names = _joined([escape(cell.text) for cell in grid.headers])
    shared = f"{prose(grid.shared)}\n\n" if grid.shared else ""
    return f"{shared}{names}\n{_joined(marks)}"


def _lines(grid: Table) -> Iterator[str]:
    names = [cell.text for cell in grid.headers]
    for at, row in enumerate(grid.rows):
        bold = "**" if at in grid.strong else ""
        first = f"{bold}{row[0].text}{bold}"
        yield _joined([first, *map(_cell, names[1:], row[1:])])


def _cell(name: str, cell: Cell) -> str:
    return code(cell.text) if name == "benchmark" else prose(cell.text)


def _joined(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(name: str) -> str:
    """A name as code, in a table, too: GitHub makes no link, mention or emoji of it."""
    if not _NOT_IN_CODE.search(name):
        return f"`{name}`"
    entities = (mark if mark.isalnum() or mark == " " else f"&#{ord(mark)};" for mark in name)
    return f"<code>{''.join(entities)}</code>"


def prose(text: str) -> str:
    """A text that stays text: no markup, no mention, no link."""
    return _LIVELY.sub(lambda found: f"{found[0]}&#8203;", escape(text))
