"""`isthmus serve`: a model, a saved program or an ONNX file behind HTTP."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.errors import IsthmusError, UsageError
from isthmus.system.extras import require

from .options import AsJson, ModelOrFile, Seed, Weights
from .show import say, spinner

if TYPE_CHECKING:
    from isthmus.serve.server.settings import Settings

__all__ = ["serve"]

MEGABYTE = 2**20


def serve(
    model: ModelOrFile,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="In addresses; default: the model's, or file's."),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Who can reach it: 127.0.0.1 is this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Of HTTP.")] = 8000,
    weights: Weights = None,
    seed: Seed = 0,
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, gpu, numpy, or another's.")
    ] = "cpu",
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of backend gpu: cuda (default) or cpu.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="f32, bf16 or f16. Default: the program's own."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Compute threads; default: all allowed.")
    ] = None,
    streams: Annotated[
        int, typer.Option(min=1, metavar="N", help="Batches that are computed side by side.")
    ] = 1,
    batch: Annotated[
        int, typer.Option(min=1, metavar="N", help="Examples of a batch at the most.")
    ] = 16,
    wait_ms: Annotated[
        float, typer.Option(metavar="MS", help="How long a request waits for others to join.")
    ] = 2.0,
    pad: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="What an input is lengthened with, so that lengths differ in a batch; repeat; "
            "default: 0 where there is an attention_mask.",
        ),
    ] = None,
    queue: Annotated[
        int, typer.Option(min=1, metavar="N", help="Requests held at once; more have 429.")
    ] = 256,
    body_mb: Annotated[
        float, typer.Option(metavar="MB", help="Of a request at the most; more has 413.")
    ] = 16.0,
    deadline_ms: Annotated[
        float, typer.Option(metavar="MS", help="Of a request; later has 504, and is not computed.")
    ] = 30_000.0,
    grace_s: Annotated[
        float, typer.Option(metavar="S", help="For the requests inside, after SIGTERM.")
    ] = 30.0,
    watch: Annotated[bool, typer.Option(help="Load the file anew when it changes.")] = True,
    as_json: AsJson = False,
) -> None:
    """Serve a model by the Open Inference Protocol (v2, REST), on Ray Serve.

    Requests that wait are computed together, those of like lengths in one batch. Ends on SIGTERM or
    Ctrl-C, when the requests inside are answered. Metrics are at /metrics.

    \b
    Example: isthmus serve minilm-l6
             isthmus serve net.im --port 8080 --deadline-ms 200
             isthmus serve model.onnx --backend gpu --device cpu
    """
    require("serve")
    from isthmus.serve.server.host import Place, check, hosted
    from isthmus.serve.server.settings import Settings, checked, name_of

    with TemporaryDirectory(prefix="isthmus-serve-") as folder:
        program, usual = _program(model, weights, seed, Path(folder))
        settings = checked(
            Settings(
                program=str(Path(program).resolve()),
                name=name_of(usual) if name is None else name,
                backend=backend,
                device=device,
                precision=precision,
                threads=threads,
                streams=streams,
                pad=None if pad is None else _pads(pad),
                batch=batch,
                wait_ms=wait_ms,
                queue=queue,
                body_bytes=int(body_mb * MEGABYTE),
                held_bytes=max(256, int(body_mb)) * MEGABYTE,
                deadline_ms=deadline_ms,
                watch=watch,
                folder=folder,
            )
        )
        place = Place(host, port, grace_s)
        with spinner(f"{settings.name}: starting Ray ..."):
            check(settings, place)
        left = hosted(settings, place, lambda: _tell(settings, place, as_json))
    if left:
        raise IsthmusError(
            f"{left} requests were not answered in {grace_s:g} s; allow more: --grace-s"
        )


def _program(model: str, weights: str | None, seed: int, folder: Path) -> tuple[str, str]:
    """The file of a program, and what it is called: that of a catalogue's model is made here."""
    from isthmus.program.archive import refuse_foreign

    from .run_program import is_program

    refuse_foreign(Path(model))
    if is_program(model):
        if weights is not None:
            raise UsageError(
                f"{model} is a saved program, which has its weights; leave out --weights"
            )
        return model, model
    from isthmus.program.archive import save
    from isthmus.trace.tracing import trace

    from .options import created

    net = created(model, weights, seed)
    path = folder / "model.im"
    save(trace(net, net.specs()), path)
    return str(path), f"{model.lower()}.im"


def _pads(texts: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise UsageError(f"--pad {text}: give NAME=NUMBER, such as --pad input_ids=0")
    return found


def _tell(settings: Settings, place: Any, as_json: bool) -> None:
    """Where it is, once it answers; the line is there at once for who reads it."""
    import json
    import sys

    address = f"{place.url}/v2/models/{settings.name}"
    if as_json:
        say(json.dumps({"name": settings.name, "url": place.url, "model": address}))
    else:
        say(f"serving {settings.name} at {address}; Ctrl-C or SIGTERM ends it")
    sys.stdout.flush()
