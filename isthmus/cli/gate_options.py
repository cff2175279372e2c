"""The options of `isthmus gate`, each once: several ways in take them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AllowDifferentMachines",
    "AllowMissing",
    "Budget",
    "Command",
    "Github",
    "Html",
    "Install",
    "Junit",
    "Margin",
    "Markdown",
    "Noise",
    "Output",
    "Pytest",
    "RuntimeVariant",
    "Sarif",
    "Seconds",
    "Shape",
    "Shared",
    "Since",
    "Store",
    "Strict",
    "Threads",
    "Variant",
    "Works",
]

# What is measured, and how

Works = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="WORKLOAD",
        help="Workloads, or models of yours: bert-base-128, mypackage.mymodule:net.",
    ),
]
Pytest = Annotated[
    list[str] | None,
    typer.Option(help="A pytest-benchmark suite's path; repeat for several."),
]
Command = Annotated[
    str | None,
    typer.Option(
        help="A command to time whole, or one that writes pytest-benchmark's JSON to {output}."
    ),
]
Shape = Annotated[
    list[str] | None, typer.Option(help="Shape of an input: NAME[:DTYPE]=1,3,224,224.")
]
Variant = Annotated[list[str] | None, typer.Option(help="Variant of the workloads; default: cpu.")]
RuntimeVariant = Annotated[
    list[str] | None,
    typer.Option(help="Variant of the workloads; default: of the runtimes that differ."),
]
Install = Annotated[
    list[str] | None,
    typer.Option(help="What pip installs in each revision's environment; default: '.'"),
]
Shared = Annotated[
    bool,
    typer.Option("--shared", help="No environments: both use the packages of this one."),
]
Threads = Annotated[int | None, typer.Option(help="Threads of each process.")]
Seconds = Annotated[float, typer.Option(help="Timed calls in each process.")]
Budget = Annotated[
    str | None,
    typer.Option(help="Time for measuring, such as 5m; default: the project's, or 5m."),
]

# What is judged

Margin = Annotated[
    float | None,
    typer.Option(help="Smallest change that matters; default: the project's, or 0.05."),
]
Noise = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="STORE",
        help="Where a self-test keeps this machine's noise; default: the project's.",
    ),
]
Store = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="STORE",
        help="Keep the noise of this machine there, where every gate finds it.",
    ),
]
Since = Annotated[str, typer.Option(help="The day from which stored runs count, 2026-11-20.")]
Strict = Annotated[bool, typer.Option(help="Exit 4 where anything is inconclusive.")]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="Accept benchmarks that HEAD lacks.")
]
AllowDifferentMachines = Annotated[
    bool,
    typer.Option("--allow-different-machines", help="Compare files across machines."),
]

# Where the outcome goes

Output = Annotated[Path | None, typer.Option(help="Write the outcome as JSON.")]
Junit = Annotated[Path | None, typer.Option(help="Write JUnit XML.")]
Sarif = Annotated[Path | None, typer.Option(help="Write SARIF.")]
Html = Annotated[Path | None, typer.Option(help="Write a page.")]
Markdown = Annotated[Path | None, typer.Option(help="Write the text of a comment.")]
Github = Annotated[
    bool | None,
    typer.Option(help="Annotations and a step summary; by itself inside GitHub Actions."),
]
