"""`isthmus report`: result files in, speedup and cost tables out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.errors import UsageError
from isthmus.system.extras import require
from isthmus.system.files import same_file, try_folder

from .show import say, spinner

if TYPE_CHECKING:
    from isthmus.reports import Report

__all__ = ["report"]


def report(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Result files: of isthmus bench or pytest-benchmark, or what benchmark_app and "
            "onnxruntime_perf_test wrote into a file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the report here: Markdown, HTML, plots, CSV and JSON."),
    ] = None,
    named: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            help="What a foreign file does not say: workload=NAME,variant=NAME,threads=N,batch=N,"
            "sequence=N,precision=f32. Once for all such files, or once for each.",
        ),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(help="Price list: columns of ours, Vantage's JSON or SkyPilot's CSV."),
    ] = None,
    instance: Annotated[
        list[str] | None, typer.Option(help="Instance to price; repeat for several.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region of the prices, such as us-east-1.")
    ] = None,
    price_model: Annotated[
        str | None, typer.Option(help="Price model, such as on-demand or spot.")
    ] = None,
    price_date: Annotated[
        str | None, typer.Option(help="Day a list without dates was read, YYYY-MM-DD.")
    ] = None,
    utilisation: Annotated[
        float, typer.Option(help="Share of the paid time that serves requests, up to 1.")
    ] = 1.0,
    p99_ms: Annotated[
        float | None,
        typer.Option("--p99-ms", help="Price only what stays below this p99 latency."),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            help="Requests a day to plan for: 1e9, or requests=1e9,peak=2,utilisation=0.6,spare=1."
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="Folder of stored runs: show how latency changed over time, and where."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Compare variants: speedup over NumPy and the peers, parity, dollars per million requests.

    Example: isthmus report results.json --out report --instance c7i.xlarge --p99-ms 50
    """
    if not files and history is None:
        missing = "Missing argument 'FILES...': give result files, or --history DIR"
        raise UsageError(f"{missing}; see `isthmus report --help`")
    require("report")
    if out is not None:
        _check(out, [*(files or ()), *([prices] if prices else ())])
    # Here, not above: what they need takes half a second, which `--help` need not wait for.
    from isthmus.reports import build_report, names_of
    from isthmus.reports.money.plan import demand_of

    if plan is not None and not files:
        raise UsageError("--plan takes measured rates; give result files")
    demand = None if plan is None else demand_of(plan)
    with spinner("working out tables and plots"):
        built = build_report(
            files or (),
            prices=prices,
            instances=tuple(instance or ()),
            utilisation=utilisation,
            p99_ms=p99_ms,
            region=region,
            price_model=price_model,
            price_date=price_date,
            names=[names_of(argument) for argument in named or ()],
            stored=history,
            demand=demand,
        )
    if as_json:
        _print(built, out)
    else:
        _show(built, out)


def _check(out: Path, inputs: Sequence[Path]) -> None:
    """Before the work: can the folder be written, without losing a file that is read?"""
    from isthmus.reports.outputs.report_files import file_names

    try_folder(out)
    for name in file_names():
        if any(same_file(out / name, path) for path in inputs):
            raise UsageError(f"--out {out}: its {name} is a file that is read; name another folder")


def _print(built: Report, out: Path | None) -> None:
    """The document, which names the files that are written after it."""
    from isthmus.reports.outputs.report_files import contents, keep
    from isthmus.reports.outputs.tidy_tables import document, json_text

    made = contents(built) if out else {}
    paths = [str(out / name) for name in made] if out else []
    try:
        say(json_text(document(built) | {"files": paths}, indent=2))
        sys.stdout.flush()
    finally:
        if out:
            keep(made, out)


def _show(built: Report, out: Path | None) -> None:
    """The verdict and the tables, then the files; whoever stops reading misses none."""
    from isthmus.reports.outputs.report_files import write
    from isthmus.reports.outputs.terminal import console, show

    paths: tuple[Path, ...] = ()
    try:
        show(built, console())
        sys.stdout.flush()
    finally:
        if out:
            with spinner("drawing plots"):
                paths = write(built, out)
    for path in paths:
        say(f"wrote {path}")
