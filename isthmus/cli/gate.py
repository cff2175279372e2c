"""`isthmus gate`: two result files in, a verdict and an exit code out."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from isthmus.benchmarks.gate import Verdict
    from isthmus.reports.display import Table


def gate(
    base: Annotated[Path, typer.Argument(help="Result file of the state to compare with.")],
    head: Annotated[Path, typer.Argument(help="Result file of the change.")],
    margin: Annotated[float, typer.Option(help="Smallest change that matters.")] = 0.05,
    strict: Annotated[bool, typer.Option(help="Exit 4 where anything is inconclusive.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Accept benchmarks that HEAD lacks.")
    ] = False,
    allow_different_machines: Annotated[
        bool,
        typer.Option("--allow-different-machines", help="Compare across machines and threads."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Fail where HEAD is slower than BASE, or its results are less right.

    Exit codes: 0 fine, 1 regression, 2 wrong input, 3 nothing comparable, 4 inconclusive
    under --strict.

    Example: isthmus gate base.json head.json --margin 0.03 --strict
    """
    # Here, not above: pandas takes half a second, which `--help` need not wait for.
    from isthmus.benchmarks.gate import compare, exit_code

    verdicts = compare(
        base,
        head,
        margin,
        allow_missing=allow_missing,
        allow_different_machines=allow_different_machines,
    )
    code = exit_code(verdicts, strict=strict)
    if as_json:
        typer.echo(json.dumps(_document(verdicts, margin, code), indent=2, allow_nan=False))
    else:
        _show(verdicts)
    raise typer.Exit(code)


def summary(verdicts: Sequence[Verdict]) -> str:
    """`1 regressed, 2 equivalent`, the gravest first."""
    kinds = ("regressed", "inconclusive", "missing", "new", "improved", "equivalent")
    counts: Counter[str] = Counter(verdict.kind for verdict in verdicts)
    return ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind])


def _document(verdicts: Sequence[Verdict], margin: float, code: int) -> dict[str, Any]:
    rows = [{name: _finite(value) for name, value in asdict(row).items()} for row in verdicts]
    about = {"summary": summary(verdicts), "exit_code": code, "margin": margin}
    return {**about, "benchmarks": rows}


def _finite(value: object) -> object:
    """JSON has no infinity: an unbounded end is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(verdicts: Sequence[Verdict]) -> None:
    from isthmus.reports.terminal import console, show_table

    typer.echo(summary(verdicts))
    show_table(_table(verdicts), console())


def _table(verdicts: Sequence[Verdict]) -> Table:
    from isthmus.reports.display import Cell, Table

    headers = ("benchmark", "verdict", "why", "base ms", "head ms", "head/base", "interval", "by")
    return Table(
        title="HEAD against BASE: above 1 is slower",
        headers=tuple(map(Cell, headers)),
        rows=tuple(tuple(map(Cell, _cells(verdict))) for verdict in verdicts),
        left=3,
        strong=frozenset(at for at, row in enumerate(verdicts) if row.kind == "regressed"),
        notes=("Intervals hold together at 95 % (Holm's correction over the benchmarks).",),
    )


def _cells(verdict: Verdict) -> tuple[str, ...]:
    from isthmus.reports.display import significant

    about = (verdict.name, verdict.kind, verdict.reason)
    if verdict.ratio is None or verdict.low is None or verdict.high is None:
        return (*about, "", "", "", "", "")
    times = tuple(significant(value) for value in (verdict.base_ms, verdict.head_ms) if value)
    within = f"{verdict.low:.3f} to {verdict.high:.3f}"
    return (*about, *times, f"{verdict.ratio:.3f}", within, verdict.method)
