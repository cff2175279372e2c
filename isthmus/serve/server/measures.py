"""What a server counts, as Prometheus reads it."""

from __future__ import annotations

from typing import Any

from isthmus.program.requests.statistics import Counter as Tokens

__all__ = ["Measures"]

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ITEMS = (1, 2, 4, 8, 16, 32, 64, 128)


class Measures:
    """Counters of one replica; names follow Prometheus's conventions."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        here = CollectorRegistry()
        self.registry = here
        ProcessCollector(registry=here)  # memory and processor time, by their usual names
        self.answered = Counter(
            "isthmus_requests", "Inference requests by status of HTTP.", ["status"], registry=here
        )
        self.seconds = Histogram(
            "isthmus_request_seconds",
            "Seconds from a request's arrival to its answer, of those answered with 200.",
            buckets=SECONDS,
            registry=here,
        )
        self.items = Histogram(
            "isthmus_batch_items",
            "Requests that were computed together.",
            buckets=ITEMS,
            registry=here,
        )
        self.computing = Counter(
            "isthmus_compute_seconds", "Seconds in which batches were computed.", registry=here
        )
        self.tokens = Counter(
            "isthmus_tokens",
            "Sizes of requests, multiplied: asked for, and computed with padding.",
            ["kind"],
            registry=here,
        )
        self.counted = Counted(self.tokens)
        self.expired = Counter(
            "isthmus_expired", "Requests that were not computed, as nobody waited.", registry=here
        )
        self.pending = Gauge("isthmus_pending_requests", "Requests held now.", registry=here)
        self.held = Gauge("isthmus_pending_bytes", "Bytes of their bodies.", registry=here)
        self.version = Gauge("isthmus_model_version", "The version that answers.", registry=here)
        self.failed = Counter(
            "isthmus_failed_swaps", "New versions that could not take over.", registry=here
        )

    def text(self) -> tuple[bytes, str]:
        """The page and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        page: Any = generate_latest(self.registry)
        return page, str(CONTENT_TYPE_LATEST)


class Counted(Tokens):
    """Adds up what batches compute, for the page as well."""

    def __init__(self, page: Any) -> None:
        super().__init__()
        self._page = page

    def add(self, items: int, asked: int, computed: int) -> None:
        super().add(items, asked, computed)
        self._page.labels("asked").inc(asked)
        self._page.labels("computed").inc(computed)
