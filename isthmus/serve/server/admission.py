"""How much is held at once: what is beyond is refused at once, so that nothing grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .measures import Measures
from .refusals import Refused
from .settings import Settings

__all__ = ["RETRY", "Admission", "Slot"]

RETRY = {"retry-after": "1"}


class Admission:
    """Counts requests and the bytes of their bodies; for one event loop.

    closed: no more are let in, those inside go on.
    """

    def __init__(self, settings: Settings, measures: Measures) -> None:
        self.settings = settings
        self.measures = measures
        self.pending = 0
        self.bytes = 0
        self.closed = False

    @contextmanager
    def entered(self) -> Iterator[Slot]:
        """A place for one request; Refused with 503 after the end, 429 where all are taken."""
        if self.closed:
            raise Refused(
                503, "the server is ending; ask another", {**RETRY, "connection": "close"}
            )
        if self.pending >= self.settings.queue:
            raise Refused(
                429, f"{self.pending} requests are held, which is the most; ask again later", RETRY
            )
        slot = Slot(self)
        self._add(1, 0)
        try:
            yield slot
        finally:
            self._add(-1, -slot.bytes)

    def hold(self, count: int) -> None:
        """Room for so many bytes more; Refused with 429 where there is none."""
        if self.bytes + count > self.settings.held_bytes:
            raise Refused(429, f"{self.bytes} bytes of requests are held; ask again later", RETRY)
        self._add(0, count)

    def _add(self, requests: int, count: int) -> None:
        self.pending += requests
        self.bytes += count
        self.measures.pending.set(self.pending)
        self.measures.held.set(self.bytes)


class Slot:
    """The place of one request."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.bytes = 0

    def grow(self, count: int) -> None:
        """So many bytes more; Refused with 413 where the request is too large."""
        most = self.admission.settings.body_bytes
        if self.bytes + count > most:
            raise Refused(413, f"a body of more than {most} bytes; send less at once")
        self.admission.hold(count)
        self.bytes += count
