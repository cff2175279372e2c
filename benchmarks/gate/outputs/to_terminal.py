"""The outcome on a terminal: the headline, what to beware of, a table."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from isthmus.benchmarks.gate.rule.verdict import FINE, INCONCLUSIVE, REGRESSED, Outcome
from isthmus.reports.outputs.terminal import show_table

from .to_table import most_telling, table
from .to_text import about, headline, sides, warnings

__all__ = ["show"]

STYLES = {FINE: "bold green", REGRESSED: "bold red", INCONCLUSIVE: "bold yellow"}


def show(outcome: Outcome, console: Console) -> None:
    """Grave verdicts first; of many alike the first, and a line that counts the others."""
    console.print(Text(headline(outcome), style=STYLES[outcome.exit_code]))
    for line in warnings(outcome):
        console.print(Text(line, style="yellow"))
    kept, left_out = most_telling(outcome.gravest_first())
    shown = table(sides(outcome), kept)
    notes = (left_out, *shown.notes, *_measured(outcome))
    show_table(replace(shown, notes=notes), console)


def _measured(outcome: Outcome) -> list[str]:
    """The control and the time."""
    told = about(outcome)
    return [f"{name}: {told[name]}" for name in ("control", "time") if name in told]
