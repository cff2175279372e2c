"""`isthmus bench`: measure the workloads on every variant, side by side."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.errors import UsageError

if TYPE_CHECKING:
    from isthmus.benchmarks.bench import Plan


def bench(
    workload: Annotated[
        list[str] | None, typer.Option(help="Only this workload; repeat for several.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="Only this variant; repeat for several.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Processes of each variant.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds of timed calls in a process.")] = 1.0,
    threads: Annotated[
        int | None, typer.Option(help="Threads of every variant; default: what may be used.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The result file; default: results/TIME.json.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write and print the report as well.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result file as JSON.")] = False,
) -> None:
    """Measure BERT-base, ResNet-50 and MobileNetV2 on real input, on every variant.

    Every round starts each variant in a fresh process, in alternating order, with the same
    threads; each variant's outputs are compared with NumPy's.

    Example: isthmus bench --workload mobilenet-v2 --rounds 6 --output mine.json
    """
    from isthmus.benchmarks import variants, workloads
    from isthmus.benchmarks.bench import Plan
    from isthmus.threads import available_threads

    _check(rounds, seconds, threads)
    plan = Plan(
        workloads.find(workload or []),
        variants.find(variant or []),
        rounds,
        seconds,
        threads or available_threads(),
    )
    path = output or Path("results") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    _run(plan, path)
    if as_json:
        print(json.dumps(json.loads(path.read_text(encoding="utf-8"))))
    elif report:
        _report(path)


def _check(rounds: int, seconds: float, threads: int | None) -> None:
    if rounds < 1:
        raise UsageError(f"--rounds {rounds}: give 1 or more; 4 or more for a useful interval")
    if not 0 < seconds < 3600:
        raise UsageError(f"--seconds {seconds}: give a number above 0 and below 3600")
    if threads is not None and threads < 1:
        raise UsageError(f"--threads {threads}: give 1 or more")


def _run(plan: Plan, path: Path) -> None:
    """Measure behind a progress bar; Ctrl-C keeps the rounds that are written."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from isthmus.benchmarks.bench import run_bench

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:44}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=plan.steps + 1)
        run_bench(plan, path, lambda text: bar.update(task, description=text, advance=1))


def _report(path: Path) -> None:
    from isthmus.reports import files, report, terminal

    found = report.build_report([path])
    terminal.show(found, terminal.console())
    written = files.write(found, path.with_suffix(""))
    print(f"\nresult  {path}")
    for place in written:
        print(f"{_KINDS.get(place.suffix, 'table'):7} {place}")


_KINDS = {".html": "page", ".md": "text", ".svg": "plot", ".csv": "table"}
