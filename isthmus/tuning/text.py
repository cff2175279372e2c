"""The trade-off table as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from isthmus.program.options import needs_samples
from isthmus.reports.display import significant

from .parts import SAMPLES
from .row import Amount, Row

__all__ = ["cells", "footer", "headers", "heading", "table_text", "typed"]


LONGEST = 80  # characters of a reason; the document has all of it


class Column(NamedTuple):
    """asked: the accuracy without which it is left out; None for one that is always there."""

    header: str
    cell: Callable[[Row], str]
    asked: str | None = None


def _amount(found: Amount | None, unit: str = "") -> str:
    if found is None:
        return "-"
    text = f"{significant(found.value)}{unit}"
    if found.low is None or found.high is None:
        return text
    return f"{text} [{significant(found.low)}, {significant(found.high)}]"


def _speed(row: Row) -> str:
    return "1" if row.is_default and row.speed is None else _amount(row.speed)


def _memory(row: Row) -> str:
    return "-" if row.memory_bytes is None else f"{row.memory_bytes / 2**20:,.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"


COLUMNS = (
    Column("setting", lambda row: row.name),
    Column("latency ms", lambda row: _amount(row.latency_ms)),
    Column("calls/s", lambda row: _amount(row.per_second)),
    Column("speed", _speed),
    Column("MiB", _memory),
    Column("cosine", lambda row: _share(row.cosine)),
    Column("top-1", lambda row: _share(row.top1), "top1"),
    Column("error", lambda row: "-" if row.relative_error is None else f"{row.relative_error:.1e}"),
    Column("metric", lambda row: "-" if row.metric is None else f"{row.metric:.6g}", "metric"),
    Column("$/million", lambda row: _amount(row.usd_per_million)),
    Column("", lambda row: _remark(row)),
)


def _remark(row: Row) -> str:
    reason = row.reason if len(row.reason) <= LONGEST else f"{row.reason[: LONGEST - 3]}..."
    said = {"chosen": "chosen", "raced": ""}.get(row.state, f"{row.state}: {reason}")
    return ", ".join(filter(None, ["the default" if row.is_default else "", said]))


def headers(document: Mapping[str, Any]) -> list[str]:
    """Of the columns that this tuning has."""
    return [column.header for column in _columns(document)]


def cells(document: Mapping[str, Any], rows: Sequence[Row]) -> list[list[str]]:
    """The table's texts, row by row."""
    return [[column.cell(row) for column in _columns(document)] for row in rows]


def heading(document: Mapping[str, Any]) -> str:
    """What the table is of."""
    asked = document["accuracy"]
    floors = [
        f"{name} >= {asked[name]:g}" for name in ("cosine", "top1") if asked[name] is not None
    ]
    if asked["relative_error"] is not None:
        floors.append(f"relative error <= {asked['relative_error']:g}")
    if asked["metric"] is not None:
        floors.append(f"{asked['metric']} >= {asked['floor']:g}")
    machine = document["machine"]
    return (
        f"tuned for {document['objective']} within {', '.join(floors)}, on "
        f"{document['compared']} of {document['samples']} samples; {machine['cpu_model']}, "
        f"{machine['cores']} processors"
    )


def footer(document: Mapping[str, Any]) -> list[str]:
    """Below the table: which and why, whence the dollars are, and how to type it."""
    lines = [document["why"], *document["notes"]]
    if document["remembered"]:
        lines.append(
            f"Remembered: this was measured {document['remembered']} in "
            f"{document['spent_seconds']:.0f} s; refresh repeats it."
        )
    return [*lines, typed(document)]


def keywords_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `isthmus.compile`, or `load` of a settled program, takes for what was chosen."""
    found = dict(document["keywords"])
    if constraints := document.get("constraints"):
        found["constraints"] = constraints
    return found


def typed(document: Mapping[str, Any]) -> str:
    """How to type the choice: of samples the part that settled it."""
    known = keywords_of(document)
    keywords = [f"{name}={value!r}" for name, value in known.items()]
    if needs_samples(known.get("precision"), known.get("levers") or {}):
        parts = document["parts"]
        is_part = parts["apart"] and parts["unit"] == SAMPLES
        stride = parts.get("stride", 2)
        keywords.append(f"samples=samples{f'[::{stride}]' if is_part else ''}")
    call = "load(path" if document["given"]["settled"] else "compile(net, specs"
    return f"isthmus.{call}, {', '.join(keywords)})"


def table_text(document: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """All of it, in columns."""
    grid = [headers(document), *cells(document, rows)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in grid
    ]
    return "\n".join([heading(document), *lines, *footer(document)])


def _columns(document: Mapping[str, Any]) -> list[Column]:
    asked = document["accuracy"]
    return [c for c in COLUMNS if c.asked is None or asked[c.asked] is not None]
