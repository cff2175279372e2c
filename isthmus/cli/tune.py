"""`isthmus tune`: the fastest or cheapest way to run a model or a saved program on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, ModelOrFile, NamedSizes, Weights
from .outputs import check_outputs
from .show import printable, say, show_json, show_table, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from isthmus.benchmarks.harness.clock import Step
    from isthmus.tuning import Choice

    from .tune_work import Found

__all__ = ["tune"]

Share = Annotated[
    float | None, typer.Option(metavar="SHARE", help="The least share of equal top classes.")
]


def tune(
    model: ModelOrFile,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text to tune on; repeat; - reads lines of input."),
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="An image file to tune on; repeat for several."),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz",
            help="Arrays by the names of the inputs; of several sets, 0/NAME, 1/NAME and so on.",
        ),
    ] = None,
    size: NamedSizes = None,
    weights: Weights = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this backend; repeat; default: all there are."),
    ] = None,
    objective: Annotated[
        str, typer.Option(metavar="NAME", help="latency, throughput or dollars.")
    ] = "latency",
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="Time for all of it, such as 60s or 5m.")
    ] = "60s",
    cosine: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="The least cosine with f32; 0.99.")
    ] = None,
    top1: Share = None,
    relative_error: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="The largest relative error.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the price list, such as c7i.xlarge.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Measure again what is remembered.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the program, with the table: program.im."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of random weights and random input.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Find the backend, precision, threads and streams that run a model best here, by measuring.

    Each candidate runs in processes of its own and answers the samples first; what is less exact
    than asked for is never chosen, and nothing slower than the default is. A model has its sample
    inputs unless others are given. The answer is remembered; --refresh measures again.

    \b
    Example: isthmus tune minilm-l6 --budget 90s
             isthmus tune mobilenet-v2 --top1 0.99 --objective dollars --instance c7i.xlarge
             isthmus tune net.im --inputs samples.npz --output tuned.im
    """
    from isthmus.tuning import Accuracy
    from isthmus.tuning import tune as tuned

    from .tune_work import Asked, found

    seconds = _seconds(budget)
    accuracy = Accuracy(0.99 if cosine is None else cosine, top1, relative_error)
    read = [model, inputs, weights, *(image or ())]
    check_outputs({"--output": output}, [each for each in read if each])
    asked = Asked(model, text or [], image or [], inputs, size or [], weights, seed)
    work = found(asked)
    for line in work.remarks:
        say(line, err=True)
    with _progress() as show:
        choice = tuned(
            work.source,
            work.samples,
            work.specs,
            accuracy=accuracy,
            objective=objective,
            budget_seconds=seconds,
            backends=backend,
            instance=instance,
            refresh=refresh,
            progress=show,
        )
        if output is not None:
            choice.executable.save(output)
    if as_json:
        show_json(_document(work, choice, output))
    else:
        _show(choice, output)


def _seconds(budget: str) -> float:
    from isthmus.benchmarks.harness.plan import seconds_of

    return seconds_of(budget)


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """A bar on a terminal; elsewhere a line for each thing that begins, not for every round."""
    with steps() as show:
        last = [""]

        def once(step: Step) -> None:
            if sys.stderr.isatty() or step.text != last[0]:
                last[0] = step.text
                show(step)

        yield once


def _document(work: Found, choice: Choice, output: Path | None) -> dict[str, Any]:
    written = None if output is None else str(output)
    return {**work.about, "output": written, **choice.document}


def _show(choice: Choice, output: Path | None) -> None:
    from isthmus.tuning import text

    document = choice.document
    rows = text.cells(document, choice.table)
    show_table(text.heading(document), text.headers(document), rows)
    for line in text.footer(document):
        say(line)
    if output is not None:
        say(f"wrote {printable(str(output))}, with this table in it")
