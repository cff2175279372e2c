"""Requests that are computed together: those of like lengths among the ones that wait.

While a group is computed others come and wait. Then the program's own rule cuts what waits into
groups of which the padded tokens are fewest (`program.requests.grouping`), and the group of the one
that has waited longest is next. One that nobody waits for any more is not computed.

`ray.serve.batch` goes on closing batches while one is computed, after `batch_wait_timeout_s` each,
so that under load they stay small and lengths meet by chance; hence this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Any

import numpy

from isthmus.program.requests.batches import Failure, Outcome
from isthmus.program.requests.joining import Item

from .measures import Measures
from .served import Served
from .settings import Settings

__all__ = ["Batcher"]

Array = numpy.ndarray[Any, Any]

OF_THE_LAST = 0.2  # in the mean of what a request costs
WINDOW = 4  # batches of requests that are grouped at a time, the oldest


@dataclass(eq=False)
class Waiting:
    """A request that waits: the version that it met, until when somebody waits, its outputs."""

    served: Served
    item: Item
    until: float
    since: float = field(default_factory=monotonic)
    future: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.done() or monotonic() >= self.until


class Batcher:
    """Computes requests in groups, as many side by side as the backend has streams."""

    def __init__(self, settings: Settings, measures: Measures) -> None:
        self._settings = settings
        self._measures = measures
        self._threads = ThreadPoolExecutor(settings.streams, "isthmus-serve")
        self._waiting: list[Waiting] = []
        self._came = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._seconds_each = 0.0

    async def __call__(
        self, served: Served, arrays: Mapping[str, Array], until: float
    ) -> dict[str, Array]:
        """The results by name; what the program raised. until: a time of the monotonic clock."""
        if not self._workers:
            workers = range(self._settings.streams)
            self._workers = [asyncio.ensure_future(self._work()) for _ in workers]
        one = Waiting(served, served.item(arrays), until)
        self._waiting.append(one)
        self._came.set()
        outcome = await one.future
        if isinstance(outcome, Failure):
            raise outcome.error
        return dict(zip(served.results, outcome, strict=True))

    def expected_seconds(self, ahead: int) -> float:
        """How long those ahead of a request will take, by what the last ones took."""
        return ahead * self._seconds_each / self._settings.streams

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        since = 0.0  # when the last group was done, if others were waiting then: all between counts
        while True:
            await self._others()
            began = since or monotonic()
            if group := self._next():
                await loop.run_in_executor(self._threads, self._compute, group, loop)
                self._note((monotonic() - began) / len(group))
            since = monotonic() if self._waiting else 0.0

    async def _others(self) -> None:
        """Until there is a request, and then until there are many, or it has waited enough."""
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        until = self._waiting[0].since + self._settings.wait_ms / 1e3
        while 0 < len(self._waiting) < self._settings.batch and (left := until - monotonic()) > 0:
            self._came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), left)

    def _next(self) -> list[Waiting]:
        """The group of the one that has waited longest; it waits no more."""
        live = [one for one in self._waiting if not one.is_over]
        self._measures.expired.inc(len(self._waiting) - len(live))
        self._waiting = live
        if not live:
            return []
        served = live[0].served
        window = islice(live, WINDOW * self._settings.batch)
        mine = [one for one in window if one.served is served]
        groups = served.groups([one.item for one in mine])
        chosen = [mine[place] for place in next(group for group in groups if 0 in group)]
        taken = set(map(id, chosen))
        self._waiting = [one for one in live if id(one) not in taken]
        return chosen

    def _compute(self, group: Sequence[Waiting], loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: the outcomes of a group, of one version."""
        began = monotonic()
        try:
            outcomes = group[0].served.run([one.item for one in group])
        except BaseException as problem:  # memory, or a defect: nobody may wait for ever
            outcomes = [Failure(problem) for _ in group]
        self._measures.items.observe(len(group))
        self._measures.computing.inc(monotonic() - began)
        loop.call_soon_threadsafe(_answer, group, outcomes)

    def _note(self, each: float) -> None:
        """What a request of the last group took, with all that went on beside."""
        before = self._seconds_each
        self._seconds_each = before + OF_THE_LAST * (each - before) if before else each


def _answer(group: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for one, outcome in zip(group, outcomes, strict=True):
        if not one.future.done():
            one.future.set_result(outcome)
