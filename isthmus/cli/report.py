"""`isthmus report`: result files in, speedup and cost tables out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from isthmus.reports import Report


def report(
    files: Annotated[list[Path], typer.Argument(help="Result files, pytest-benchmark's JSON.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Write report.md, report.html, speedup.svg and the CSV files here."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Price list to use, with the columns of ours.")
    ] = None,
    instance: Annotated[
        list[str] | None, typer.Option(help="Instance to price; repeat for several.")
    ] = None,
    utilisation: Annotated[
        float, typer.Option(help="Share of the paid time that serves requests, up to 1.")
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Compare variants: speedup over NumPy, parity, and dollars per million requests.

    Example: isthmus report results.json --out report --instance c7i.xlarge
    """
    # Here, not above: pandas takes half a second, which `--help` need not wait for.
    from isthmus.reports import build_report, write

    built = build_report(
        files, prices=prices, instances=tuple(instance or ()), utilisation=utilisation
    )
    paths = write(built, out) if out else ()
    if as_json:
        typer.echo(json.dumps(_document(built, paths), indent=2, allow_nan=False))
    else:
        _show(built, paths)


def _document(built: Report, paths: tuple[Path, ...]) -> dict[str, Any]:
    from isthmus.reports import cost, speedup, tables

    return {
        "verdict": built.verdict,
        "warnings": list(built.warnings),
        "speedup": tables.records(speedup.frame(built.rows)),
        "cost": tables.records(cost.frame(built.costs)),
        "files": [str(path) for path in paths],
    }


def _show(built: Report, paths: tuple[Path, ...]) -> None:
    from isthmus.reports.terminal import console, show

    show(built, console())
    for path in paths:
        typer.echo(f"wrote {path}")
