"""`precision="auto"`: the precision alone, chosen for the backend, device and threads as asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.program.executable import Executable
from isthmus.program.options import Options
from isthmus.program.precision import is_mostly_dense, last_blocks
from isthmus.system import topology
from isthmus.trace.tracing import Traced

from .accuracy import Accuracy
from .axes import AXES_OF_AUTO, LATENCY, Offer, precisions
from .money import prices_for, quote
from .opening import Given, opened
from .setting import Setting
from .tuner import BUDGET_SECONDS, answer
from .work import work_of

__all__ = ["automatic"]


def automatic(
    traced: Traced, samples: Sequence[Any], backend: str, options: Options, on_host: str
) -> Executable:
    """The program in the fastest precision that keeps a cosine of 0.99, by latency; see `tune`.

    What `isthmus.compile(..., precision="auto")` asks for through a slot; `tuning` has the table.
    A backend that offers float32 alone is not measured.
    """
    work = work_of(traced, samples)
    first = Setting(
        backend,
        options.device,
        threads=options.threads,
        streams=options.streams,
        extra=tuple(options.extra.items()),
    )
    given = Given(options.numerics, on_host, dict(options.overrides))
    cores = topology.cores(topology.usable()) or options.threads
    offered = Offer(
        *((first,), {}, options.threads, cores, False, LATENCY, given),
        last=last_blocks(traced),
        dense=is_mostly_dense(traced),
    )
    if all(setting == first for setting in precisions(first, offered)):
        return opened(traced, first, given)
    prices = prices_for(None)
    return answer(
        work,
        offered,
        Accuracy(),
        axes=AXES_OF_AUTO,
        budget_seconds=BUDGET_SECONDS,
        quotes=lambda setting: quote(setting, prices),
        facts={},
    ).executable
