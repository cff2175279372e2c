"""The ways into the gate as they are typed: a command each, with its own options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from isthmus.errors import FileError
from isthmus.system.extras import require
from isthmus.system.files import try_folder

from . import gate_options as options
from . import gate_ways as ways
from .gate_ways import Judging, Measuring
from .options import AsJson
from .outputs import check_outputs
from .show import show_json, steps

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.rule.verdict import Outcome

__all__ = [
    "Destinations",
    "against",
    "environment",
    "files",
    "history",
    "run_self_test",
    "self_test",
]


@dataclass(frozen=True)
class Destinations:
    """Where an outcome goes: files by format, annotations, the terminal or JSON."""

    output: Path | None
    junit: Path | None
    sarif: Path | None
    html: Path | None
    markdown: Path | None
    github: bool | None
    as_json: bool

    def __post_init__(self) -> None:
        if self.html is not None:
            require("report", "jinja2", user="--html")  # before the measuring, not after it

    def beside(self, *inputs: str) -> Destinations:
        """Itself, tried: FileError if it cannot be written, UsageError for a file that is read."""
        options = {"json": "--output"}
        named = {options.get(name, f"--{name}"): path for name, path in self._files().items()}
        check_outputs(named, inputs, role="compared", makes_folders=True)
        return self

    def write(self, outcome: Outcome, then: Callable[[], object] = lambda: None) -> NoReturn:
        """On the terminal and then everywhere, and end with its exit code.

        then: what is kept besides. Whoever stops reading (`| head`) misses no file.
        """
        try:
            self._print(outcome)
            sys.stdout.flush()
        finally:
            self._keep(outcome)
            then()
        raise typer.Exit(outcome.exit_code)

    def _print(self, outcome: Outcome) -> None:
        from isthmus.benchmarks.gate.outputs import to_json, to_terminal
        from isthmus.reports.outputs.terminal import console

        if self.as_json:
            show_json(to_json.document(outcome))
        else:
            to_terminal.show(outcome, console())

    def _keep(self, outcome: Outcome) -> None:
        """Every file that can be written; FileError for the first that cannot."""
        from isthmus.benchmarks.gate.outputs import to_github, write

        problems = list[FileError]()
        for name, path in self._files().items():
            if path is not None:
                try:
                    write.write(outcome, name, path)
                except FileError as problem:
                    problems.append(problem)
        if self.github if self.github is not None else to_github.is_inside():
            to_github.say(outcome)
        if problems:
            raise problems[0]

    def _files(self) -> dict[str, Path | None]:
        """By the name of the format."""
        names = {"json": self.output, "junit": self.junit, "sarif": self.sarif}
        return {**names, "html": self.html, "markdown": self.markdown}


def files(
    base: Annotated[str, typer.Argument(metavar="BASE", help="The file measured before.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The file measured after.")],
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
    """Compare two result files of one machine.

    Written by `isthmus bench`, or by pytest-benchmark.

    Example: isthmus gate files base.json head.json
    """
    to = Destinations(output, junit, sarif, html, markdown, github, as_json).beside(base, head)
    judging = Judging(margin, None, strict, allow_missing)
    outcome = ways.of_files(base, head, judging, across_machines=allow_different_machines)
    to.write(outcome)


def history(
    store: Annotated[
        Path, typer.Argument(metavar="STORE", help="A folder with the runs of this machine.")
    ],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The file that joins them.")],
    since: options.Since = "",
    margin: options.Margin = None,
    strict: options.Strict = False,
    allow_missing: options.AllowMissing = False,
    output: options.Output = None,
    junit: options.Junit = None,
    sarif: options.Sarif = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    github: options.Github = None,
    as_json: AsJson = False,
) -> None:
    """Compare a result file with the stored runs, and store it.

    Those of this machine, since the last change of level.

    Example: isthmus gate history benchmarks/history head.json
    """
    to = Destinations(output, junit, sarif, html, markdown, github, as_json).beside(head)
    outcome = ways.of_history(store, head, since, Judging(margin, store, strict, allow_missing))
    to.write(outcome, then=lambda: ways.stored(store, head))


def against(
    revision: Annotated[
        str, typer.Argument(metavar="REVISION", help="A commit by any name that git knows.")
    ],
    works: options.Works = None,
    pytest: options.Pytest = None,
    command: options.Command = None,
    shape: options.Shape = None,
    variant: options.Variant = None,
    install: options.Install = None,
    shared: options.Shared = False,
    threads: options.Threads = None,
    seconds: options.Seconds = 1.0,
    budget: options.Budget = None,
    noise: options.Noise = None,
    margin: options.Margin = None,
    strict: options.Strict = False,
    allow_missing: options.AllowMissing = False,
    output: options.Output = None,
    junit: options.Junit = None,
    sarif: options.Sarif = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    github: options.Github = None,
    as_json: AsJson = False,
) -> None:
    """Measure the working tree and a revision, in turn.

    Workloads, a suite by --pytest, or a --command; without any of them the quick workloads.

    Example: isthmus gate against main --pytest benchmarks/ --budget 5m
    """
    to = Destinations(output, junit, sarif, html, markdown, github, as_json).beside()
    what = pytest, command, shape, variant, install, shared
    how = Measuring(*what, threads, seconds, budget)
    judging = Judging(margin, noise, strict, allow_missing)
    with steps() as show:
        outcome = ways.of_revisions(revision, works or [], how, judging, show)
    to.write(outcome)


def environment(
    environment: Annotated[
        str,
        typer.Argument(
            metavar="ENVIRONMENT",
            help="A virtual environment, its python, a requirements file, or pins.",
        ),
    ],
    works: options.Works = None,
    shape: options.Shape = None,
    variant: options.RuntimeVariant = None,
    threads: options.Threads = None,
    seconds: options.Seconds = 1.0,
    budget: options.Budget = None,
    noise: options.Noise = None,
    margin: options.Margin = None,
    strict: options.Strict = False,
    output: options.Output = None,
    junit: options.Junit = None,
    sarif: options.Sarif = None,
    html: options.Html = None,
    markdown: options.Markdown = None,
    github: options.Github = None,
    as_json: AsJson = False,
) -> None:
    """Measure this environment and another one, in turn: the same models under other runtimes.

    This one is HEAD. Of requirements an environment is made, and kept in the cache.

    Example: isthmus gate environment openvino==2026.3.0,onnxruntime==1.31.1 resnet-50
    """
    to = Destinations(output, junit, sarif, html, markdown, github, as_json).beside()
    how = Measuring(shapes=shape, variants=variant, threads=threads, seconds=seconds, budget=budget)
    with steps() as show:
        judging = Judging(margin, noise, strict)
        outcome = ways.of_environments(environment, works or [], how, judging, show)
    to.write(outcome)


def self_test(
    works: options.Works = None,
    variant: options.Variant = None,
    threads: options.Threads = None,
    seconds: options.Seconds = 1.0,
    budget: options.Budget = None,
    store: options.Store = None,
    margin: options.Margin = None,
    output: options.Output = None,
    as_json: AsJson = False,
) -> None:
    """Find out what the gate sees and misses on this machine.

    It compares equals, and slowdowns of a known size.

    Example: isthmus gate self-test --history benchmarks/history
    """
    how = Measuring(variants=variant, threads=threads, seconds=seconds, budget=budget)
    run_self_test(works or [], how, Judging(margin, store), as_json, output)


def run_self_test(
    works: list[str], how: Measuring, judging: Judging, as_json: bool, output: Path | None
) -> NoReturn:
    """The self-test, which ends with its exit code."""
    check_outputs({"--output": output}, makes_folders=True)
    if judging.history is not None:
        try_folder(judging.history)
    with steps() as show:
        raise typer.Exit(
            ways.of_self_test(works, how, judging, show, as_json=as_json, output=output)
        )
