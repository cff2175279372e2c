"""`isthmus score`: a whole file or folder of inputs, by many processes, resumed after any end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.errors import UsageError

from .options import AsJson, ModelOrFile, Seed, Weights
from .outputs import check_outputs
from .show import printable, say, show_json

if TYPE_CHECKING:
    from isthmus.serve.scorer import Scorer
    from isthmus.serve.scoring.job import Progress, Summary

__all__ = ["score"]

ENGINES = ("local", "ray")
LINE_SECONDS = 10.0  # between lines of progress where no terminal is


def score(
    model: ModelOrFile,
    inputs: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="A folder of images, .txt (a text a line), .jsonl or .parquet."
        ),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="A file: .parquet, .npz or .jsonl.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="The column of texts or images; INPUT=NAME for a program's input; repeat.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A column of the input that the output has; repeat."),
    ] = None,
    weights: Weights = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="For a program that takes tokens: its tokenizer.json."),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=3, metavar="N", help="At how many tokens texts are cut.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="cpu (default), gpu, numpy, or another's.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of backend gpu: cuda (default) or cpu.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="f32, bf16 or f16; default: a program's own, else f32."),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Default: as many as processors by --threads."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Of each process; default: as tuned, else 1."),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, metavar="ROWS", help="Rows of one call of the model.")
    ] = None,
    part: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="ROWS", help="What a kill may cost; default: 2048, images 256."
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="local: processes here; ray: actors of a cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of the Ray cluster; default: auto.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose price is taken, such as c7i.xlarge.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score every row of a file, or every image of a folder, with a model or a saved program.

    Rows are scored in parts, which are kept beside OUTPUT until all are there: after any end,
    SIGKILL included, the same command goes on where it was. Rows without a result, such as
    empty texts and images that cannot be read, go to OUTPUT.rejected.jsonl with their number and
    reason. In OUTPUT the column row has each row's number, from 0.

    \b
    Example: isthmus score minilm-l6 texts.txt embeddings.parquet
             isthmus score mobilenet-v2 photographs/ labels.jsonl --processes 4
             isthmus score net.im table.parquet scores.parquet --column x=features --keep id
             isthmus score minilm-l6 texts.jsonl out.npz --engine ray --address 10.0.0.1:6379
    """
    from isthmus.serve.scoring.job import REJECTED, Job, run

    if engine not in ENGINES:
        raise UsageError(f"--engine {engine}: give {' or '.join(ENGINES)}")
    if address is not None and engine != "ray":
        raise UsageError(f"--address {address}: is of --engine ray; give that, or leave it out")
    rejects = output.with_name(output.name + REJECTED)
    check_outputs({"OUTPUT": output, "the file of rejected rows": rejects}, [model, inputs])
    scorer = _scorer(
        model, column, precision, weights, tokenizer, max_length, backend, device, batch, seed
    )
    job = Job(
        scorer,
        inputs,
        output,
        tuple(keep or ()),
        part,
        engine,
        processes,
        threads,
        address,
        instance,
    )
    summary = run(job, _shown())
    if as_json:
        show_json(asdict(summary))
    else:
        _say(summary)


def _scorer(
    model: str,
    column: list[str] | None,
    precision: str | None,
    weights: str | None,
    tokenizer: Path | None,
    max_length: int | None,
    backend: str | None,
    device: str | None,
    batch: int | None,
    seed: int,
) -> Scorer:
    from isthmus.program.options import NEEDS_SAMPLES
    from isthmus.serve.scorer import Scorer

    if precision in NEEDS_SAMPLES:
        raise UsageError(
            f"--precision {precision}: is settled on samples; give the program that "
            f"`isthmus tune {model} --output tuned.im` writes"
        )
    return Scorer(
        model,
        precision,
        column=_columns(column or []),
        weights=weights,
        tokenizer=tokenizer,
        max_length=max_length,
        backend=backend,
        device=device,
        batch=batch,
        seed=seed,
    )


def _columns(texts: list[str]) -> dict[str, str]:
    """NAME is the column of texts or of images; INPUT=NAME that of a program's input."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        own = {name: column} if equals else {"text": text, "image": text}
        for key in own:
            if key in found:
                raise UsageError(f"--column {text}: given twice; give each once")
        found |= own
    return found


def _shown() -> Callable[[Progress], None]:
    """One line that changes on a terminal, a line now and then elsewhere."""
    is_terminal = sys.stderr.isatty()
    last = [0.0]

    def show(progress: Progress) -> None:
        now = time.monotonic()
        ended = progress.rows == progress.of
        if not ended and now - last[0] < (0.2 if is_terminal else LINE_SECONDS):
            return
        last[0] = now
        line = _line(progress)
        end = "\r" if is_terminal and not ended else "\n"
        print(f"{line:78}" if is_terminal else line, end=end, file=sys.stderr, flush=True)

    return show


def _line(progress: Progress) -> str:
    from isthmus.benchmarks.harness.clock import readable

    parts = [
        f"{progress.rows:,} of {progress.of:,} rows ({progress.rows / progress.of:.0%})",
        f"{progress.rows_per_second:,.1f} rows/s",
    ]
    if progress.seconds_left is not None:
        parts.append(f"about {readable(progress.seconds_left)} left")
    if progress.rejected:
        parts.append(f"{progress.rejected:,} rejected")
    if progress.usd is not None:
        parts.append(f"${progress.usd:.4f}")
    return ", ".join(parts)


def _say(found: Summary) -> None:
    say(f"{found.scored:,} of {found.rows:,} rows scored, written to {printable(found.output)}")
    if found.rejects is not None:
        say(f"{found.rejected:,} rows rejected; {printable(found.rejects)} says why of each")
    if found.resumed:
        say(f"{found.resumed:,} rows were there from an earlier run")
    say(
        f"{found.rows_per_second:,.1f} rows/s in {found.seconds:.1f} s, {found.processes} "
        f"processes of {found.threads} threads ({found.engine})"
    )
    dollars = f"${found.usd:.4f}: {found.price}" if found.usd is not None else found.price
    say(dollars if found.usd is not None else f"no dollars: {dollars}")
