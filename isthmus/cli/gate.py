"""`isthmus gate`: two states of a program in, a verdict and an exit code out.

Each way in is a command with its own options (`gate_commands`). The old spelling, one command with
the options of all ways, goes on: what does not begin with the name of a way is read by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from isthmus.errors import UsageError

from . import gate_commands as commands
from . import gate_options as options
from . import gate_ways as ways
from .gate_commands import Destinations, run_self_test
from .gate_ways import Judging, Measuring
from .options import AsJson
from .show import steps

__all__ = ["WAYS"]

HELP = """Fail where HEAD is slower than BASE, or its results are less right.

\b
Example: isthmus gate against main --budget 5m                 two revisions, measured in turn
         isthmus gate environment openvino==2026.3.0           this environment and another one
         isthmus gate files base.json head.json                two result files of one machine
         isthmus gate history benchmarks/history head.json     the runs stored of this machine
         isthmus gate self-test                                what the gate sees and misses here

Each way has options of its own: `isthmus gate against --help`. All that judge print JSON with
--json.

Exit codes: 0 fine, 1 regression, 2 wrong input, 3 nothing comparable, 4 inconclusive under
--strict, 5 a backend is missing.

The old spelling keeps working: `isthmus gate BASE.json HEAD.json`, and with --against REVISION,
--against-environment ENVIRONMENT, --history STORE or --self-test. There a file that is called
like a way is written ./files.
"""
WAYS: Mapping[str, Callable[..., None]] = {
    "against": commands.against,
    "environment": commands.environment,
    "files": commands.files,
    "history": commands.history,
    "self-test": commands.self_test,
}
OLD = "gate"  # the name in the group of what takes the old spelling
WANTED = ["BASE.json", "HEAD.json"]


class Ways(TyperGroup):
    """Commands by name; what begins otherwise is the old spelling's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] != ["--help"] and not WAYS.keys() & set(args[:1]):
            args = [OLD, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The old spelling has no word of its own in `Usage: isthmus gate`."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == OLD else name), command, rest


def app() -> typer.Typer:
    """The group of all ways."""
    made = typer.Typer(
        cls=Ways,
        help=HELP,
        subcommand_metavar="WAY ...",
        rich_markup_mode=None,
        add_completion=False,
    )
    for name, way in WAYS.items():
        made.command(name)(way)
    made.command(OLD, hidden=True)(gate)
    return made


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
    against_environment: Annotated[
        str | None,
        typer.Option(
            help="Measure this environment and another, in turn: a virtual environment, a "
            "requirements file, or pins such as openvino==2026.3.0."
        ),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="The runs stored of this machine; HEAD.json joins them.")
    ] = None,
    since: options.Since = "",
    self_test: Annotated[
        bool, typer.Option("--self-test", help="What the gate sees and misses on this machine.")
    ] = False,
    pytest: options.Pytest = None,
    command: options.Command = None,
    shape: options.Shape = None,
    variant: options.Variant = None,
    install: options.Install = None,
    shared: options.Shared = False,
    threads: options.Threads = None,
    seconds: options.Seconds = 1.0,
    budget: options.Budget = None,
    margin: options.Margin = None,
    strict: options.Strict = False,
    allow_missing: options.AllowMissing = False,
    allow_different_machines: options.AllowDifferentMachines = False,
    output: options.Output = None,
    junit: options.Junit = None,
    sarif: options.Sarif = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    github: options.Github = None,
    as_json: AsJson = False,
) -> None:
    """The old spelling, with the options of all ways; `isthmus gate --help` lists these.

    Example: isthmus gate --against main --budget 5m
    """
    named = targets or []
    to = Destinations(output, junit, sarif, html, markdown, github, as_json).beside(*named)
    suite = bool(pytest or command or shared or install)
    _check(against, against_environment, self_test, suite)
    what = pytest, command, shape, variant, install, shared
    how = Measuring(*what, threads, seconds, budget)
    judging = Judging(margin, history, strict, allow_missing)
    if self_test:
        run_self_test(named, how, judging, as_json, output)
    if against:
        with steps() as show:
            outcome = ways.of_revisions(against, named, how, judging, show)
    elif against_environment:
        with steps() as show:
            outcome = ways.of_environments(against_environment, named, how, judging, show)
    elif history:
        (head,) = _counted(named, WANTED[1:])
        outcome = ways.of_history(history, head, since, judging)
        to.write(outcome, then=lambda: ways.stored(history, head))
    else:
        base, head = _counted(named, WANTED)
        outcome = ways.of_files(base, head, judging, across_machines=allow_different_machines)
    to.write(outcome)


def _check(
    against: str | None, against_environment: str | None, self_test: bool, suite: bool
) -> None:
    """UsageError for options that exclude each other or belong to another way."""
    given = {
        "--against": against,
        "--against-environment": against_environment,
        "--self-test": self_test,
    }
    if len(named := [name for name, value in given.items() if value]) > 1:
        raise UsageError(f"{' and '.join(named)} exclude each other; give one of them")
    if suite and against_environment:
        raise UsageError(
            "--pytest, --command, --install and --shared go with --against; "
            "--against-environment measures workloads and models"
        )
    if suite and not against and not self_test:
        raise UsageError("--pytest, --command and --shared go with --against REVISION")


def _counted(targets: list[str], wanted: list[str]) -> list[str]:
    if len(targets) != len(wanted):
        step = f"or one of the ways: {', '.join(WAYS)}"
        count = len(targets)
        said = "1 file was" if count == 1 else f"{count} files were"
        raise UsageError(f"{said} named; give {' '.join(wanted)}, {step}")
    return targets
