"""`isthmus gate --self-test`: the trials run, and what they showed printed and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.text import Text

from isthmus.benchmarks.gate.rule import noise
from isthmus.benchmarks.gate.rule.sampling import Effort, Progress
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.suite import Sides
from isthmus.benchmarks.gate.rule.verdict import FINE, INCONCLUSIVE, REGRESSED
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite
from isthmus.benchmarks.harness import result, variants
from isthmus.benchmarks.harness.fingerprint import fingerprint
from isthmus.benchmarks.harness.processes import Home
from isthmus.benchmarks.work import workloads
from isthmus.reports.display import Cell, Table
from isthmus.reports.outputs.terminal import console, show_table

from .self_test import Findings, self_test
from .trials import LEVELS, level_text

__all__ = ["run", "suite_here"]

USUAL = ["cpu"]
APART = "Two processes of the same work, one after the other, may come out"


def run(
    works: Sequence[str],
    on: Sequence[str],
    threads: int,
    seconds: float,
    settings: Settings,
    budget_seconds: float,
    progress: Progress,
    *,
    history: Path | None = None,
    as_json: bool = False,
    output: Path | None = None,
) -> int:
    """Trials within the budget; the exit code: 1 for a false alarm, 4 for a miss of the largest."""
    effort = Effort(budget_seconds)
    with TemporaryDirectory(prefix="isthmus-") as place:
        suite = suite_here(Path(place), works or workloads.QUICK, on or USUAL, threads, seconds)
        found = self_test(suite, settings, effort, budget_seconds, progress)
    facts = document(found)
    if history is not None:
        noise.remember(history, found.floor, facts)
    if output is not None:
        result.write(output, facts)
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        show(found)
    return exit_code(found)


def suite_here(
    folder: Path, works: Sequence[str], on: Sequence[str], threads: int, seconds: float
) -> WorkloadSuite:
    """The installed Isthmus on both sides."""
    here = Home(Path(sys.executable), Path(__file__).resolve().parents[2])
    chosen = variants.find(list(on))
    return WorkloadSuite(Sides(here, here), list(works), chosen, folder, threads, seconds)


def exit_code(found: Findings) -> int:
    """As of a gate: what is wrong with this one."""
    if any(one.false_alarms for one in found.answers):
        return REGRESSED
    return FINE if found.fires else INCONCLUSIVE


def document(found: Findings) -> dict[str, Any]:
    """What was found, as JSON."""
    return {
        "fires": found.fires,
        "floor": found.floor,
        "between": found.between,
        "margin": found.margin,
        "budget_seconds": found.effort.budget_seconds,
        "round_seconds": found.round_seconds,
        "rounds": found.rounds,
        "gates": {
            str(level): dict(zip(("alarms", "of"), found.counted(level), strict=True))
            for level in LEVELS
        },
        "benchmarks": {
            name: {
                "rounds": spread.rounds,
                "mean_log_ratio": spread.mean,
                "deviation": spread.deviation,
                "smallest_change": found.smallest_change(name),
            }
            for name, spread in found.spreads.items()
        },
        "machine": fingerprint(),
    }


def show(found: Findings) -> None:
    """The verdict on the gate, then its counts, then what it can see."""
    output = console()
    said = "the gate fires, and not at equals" if found.fires else "the gate cannot be trusted here"
    output.print(Text(said, style="bold green" if found.fires else "bold red"))
    show_table(_gates(found), output)
    show_table(_changes(found), output)


def _gates(found: Findings) -> Table:
    rows = [(level_text(level), *map(str, found.counted(level))) for level in LEVELS]
    return _table("Gates whose answer is known", ("what", "alarms", "gates"), rows)


def _changes(found: Findings) -> Table:
    heads = ("benchmark", "rounds seen", "spread of a round", "smallest change")
    rows = [
        (name, str(one.rounds), f"{one.deviation:.2%}", f"{found.smallest_change(name):.1%}")
        for name, one in found.spreads.items()
    ]
    note = (
        f"Found in 80 of 100 gates of {found.rounds} rounds a draw, which "
        f"{found.effort.budget_seconds:.0f} s hold; margin {found.margin:.1%}, noise floor "
        f"{found.floor:.2%}."
    )
    notes = (note, *([] if found.between is None else [f"{APART} {found.between:.0%} apart."]))
    return _table("What a gate sees here", heads, rows, notes)


def _table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], notes: tuple[str, ...] = ()
) -> Table:
    return Table(
        title=title,
        headers=tuple(map(Cell, heads)),
        rows=tuple(tuple(map(Cell, row)) for row in rows),
        left=1,
        notes=notes,
    )
