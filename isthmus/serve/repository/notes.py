"""README.md beside a model's configuration: what a client sends, and what a server does with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .capacity import Capacity
from .settings import Settings
from .signature import ANY, Signature, Tensor

__all__ = ["README", "notes"]

README = "README.md"

START = """\
    tritonserver --model-repository=FOLDER
    ovms --config_path FOLDER/config.json --rest_port 8000

FOLDER is the one above this one."""

ALONE = """\
## Batches

Triton runs each request by itself: {why}. An axis of any size may have any."""

TOGETHER = """\
## Batches

Triton joins requests, of {most} rows at the most in all, along the first axis, and waits at most
{delay} microseconds for others. Rows were run alone and together at the export, and agreed.
Model Server runs requests as they are, {instances} side by side."""

PADDED = """\
## Lengths

Triton joins only requests whose other sizes are equal: requests of many lengths run one by one.
Pad {names} on the client to one of these, and such requests meet:

{rows}

These sizes are run before the first request. Pad so that results do not see it, as with 0 in a
mask of attention, and cut what is longer than the last."""

RUN = """\
## Sizes

These are run before the first request, others as they come:

{rows}"""

OPENVINO = """\
## Precision on Triton

Triton's backend openvino has no setting that keeps float32: on a processor that has bfloat16 it is
computed with, and weights in 8 bits may have their arrays rounded to 8 bits.
Model Server is told not to. Export with `--server-backend onnxruntime` where that matters."""


def notes(
    name: str,
    signature: Signature,
    capacity: Capacity,
    settings: Settings,
    buckets: Sequence[Mapping[str, int]],
    why_alone: str | None,
) -> str:
    """The text; why_alone: why requests are not joined, None where they are."""
    parts = [
        f"# {name}",
        START,
        _table(signature),
        _batches(signature, capacity, settings, why_alone),
        _lengths(buckets, PADDED if why_alone is None else RUN),
        OPENVINO if signature.backend == "openvino" else "",
        _versions(capacity, settings),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(signature: Signature) -> str:
    rows = [_row("input", one) for one in signature.inputs]
    rows += [_row("output", one) for one in signature.outputs]
    return "\n".join(["| | name | type | sizes |", "| --- | --- | --- | --- |", *rows])


def _row(kind: str, tensor: Tensor) -> str:
    sizes = ", ".join("any" if size == ANY else str(size) for size in tensor.dims)
    shown = tensor.name.replace("|", "\\|")
    return f"| {kind} | {shown} | {tensor.type.removeprefix('TYPE_')} | {sizes} |"


def _batches(
    signature: Signature, capacity: Capacity, settings: Settings, why_alone: str | None
) -> str:
    if why_alone is not None:
        return ALONE.format(why=why_alone)
    return TOGETHER.format(
        most=signature.max_batch_size,
        delay=settings.queue_delay_us,
        instances=capacity.instances,
    )


def _lengths(buckets: Sequence[Mapping[str, int]], text: str) -> str:
    names = list(buckets[0]) if buckets else []
    columns = {name: dict.fromkeys(str(row[name]) for row in buckets) for name in names}
    rows = [f"* {name}: {', '.join(sizes)}" for name, sizes in columns.items()]
    return text.format(names=" and ".join(names), rows="\n".join(rows)) if names else ""


def _versions(capacity: Capacity, settings: Settings) -> str:
    served = settings.served_versions
    newest = "newest version is" if served == 1 else f"{served} newest versions are"
    return (
        f"## Versions and threads\n\nThe {newest} served; an export adds one and changes none.\n"
        f"{capacity.instances} at once on {capacity.threads} threads in all, {capacity.source}.\n"
        "What is edited here and in config.pbtxt is kept by later exports."
    )
