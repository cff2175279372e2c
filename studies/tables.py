"""Studies of the harness itself as Markdown tables: what `reports.quoted` puts into pages.

A study's file has a `summary` with a row for each line of its table (studies/study.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from isthmus.errors import FileError
from isthmus.reports.display import significant
from isthmus.reports.files.checks import listed

Row = Mapping[str, Any]


def study_table(what: str, file: Path) -> str:
    """The table of a study, by its name; FileError where the file is none."""
    heads, cells = STUDIES[what]
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        rows = [cells(row) for row in listed(str(file), "summary", document["summary"])]
    except (OSError, ValueError, LookupError, TypeError):
        raise FileError(f"{file}: is no file of the study '{what}'; name another") from None
    lines = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def _agreement(row: Row) -> Sequence[str]:
    low, high = row["interval_95"]
    times = (significant(row["ours_ms"]), significant(row["theirs_ms"]))
    ratio = (f"{row['ours_over_theirs']:.3f}", f"[{low:.3f}, {high:.3f}]")
    return (row["workload"], row["tool"], *times, *ratio, "yes" if row["agrees"] else "no")


def _trust(row: Row) -> Sequence[str]:
    low, high = row["hold_if_exact"]
    estimates = [f"{row['estimates'][name]:.3f}" for name in ("least", "median", "most")]
    return (
        f"{row['true_ratio']:.2f}",
        f"{row['hold']} of {row['comparisons']}",
        f"{low} to {high}",
        ", ".join(estimates),
        f"{row['median_half_width']:.1%}",
    )


def _gate(row: Row) -> Sequence[str]:
    """Alarms by the size of the slowdown; at 0 they are false."""
    levels = sorted(row["gates"], key=float)
    return (row["rule"], *(f"{row['alarms'][one]} of {row['gates'][one]}" for one in levels))


def _apart(row: Row) -> Sequence[str]:
    improved = "-" if row["improved"] is None else f"{row['improved']} of {row['equals']}"
    alarms = f"{row['false_alarms']} of {row['equals']}"
    return (row["rule"], alarms, improved, f"{row['found']} of {row['doubled']}")


AGREEMENT = (
    *("workload", "tool", "ours ms", "theirs ms", "ours / theirs", "95 % interval", "within 3 %"),
)
TRUST = (
    *("true ratio", "intervals that hold it", "if exact"),
    *("estimates: least, median, most", "median half width"),
)
APART = ("rule", "equals: failed", "equals: improved", "doubled: found")
GATE = ("rule", "false alarms", "3 % found", "5 % found", "10 % found")

STUDIES: Mapping[str, tuple[Sequence[str], Callable[[Row], Sequence[str]]]] = {
    "agreement": (AGREEMENT, _agreement),
    "trust": (TRUST, _trust),
    "gate": (GATE, _gate),
    "apart": (APART, _apart),
}
