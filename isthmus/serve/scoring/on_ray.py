"""Parts scored by actors of a Ray cluster; the driver writes their files.

Actors open the model and the input by their paths, which every machine of the cluster must have.
"""

from __future__ import annotations

import os
from typing import Any

from isthmus.errors import BackendMissing, UsageError
from isthmus.system.extras import require

from .part import Done, Work, scored_part, stored
from .read import Span

__all__ = ["OnRay"]


class _Part:
    """What runs in an actor."""

    def __init__(self, work: Work) -> None:
        self.work = work
        work.scorer.opened()

    def score(self, number: int, span: Span) -> Any:
        return scored_part(self.work, number, Span(*span))


class OnRay:
    """`count` actors of `threads` processors each, at most as many as the cluster has room for.

    address: of a running cluster, as "127.0.0.1:6379" or "auto"; BackendMissing for none.
    """

    def __init__(self, work: Work, count: int | None, threads: int, address: str | None) -> None:
        require("ray", user="--engine ray")
        import ray

        self.ray = ray
        self.folder = work.folder
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self.began = not ray.is_initialized()
        if self.began:
            self._connect(address)
        room = int(ray.cluster_resources().get("CPU", 0) // threads)
        if not room:
            self.end()
            raise UsageError(f"the cluster has no {threads} processors for an actor; give fewer")
        make = ray.remote(num_cpus=threads, max_restarts=2, max_task_retries=2)(_Part)
        self.actors: list[Any] = [make.remote(work) for _ in range(min(count or room, room))]
        self.running: dict[Any, Any] = {}

    def _connect(self, address: str | None) -> None:
        try:
            self.ray.init(address=address or "auto", log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as problem:
            reason = " ".join(str(problem).split())[:160]
            raise BackendMissing(
                f"no Ray cluster at {address or 'auto'} ({reason}); `ray start --head` starts one"
            ) from None

    @property
    def count(self) -> int:
        return len(self.actors)

    def idle(self) -> int:
        return len(self.actors) - len(self.running)

    def give(self, number: int, span: Span) -> None:
        busy = {id(actor) for actor in self.running.values()}
        actor = next(actor for actor in self.actors if id(actor) not in busy)
        self.running[actor.score.remote(number, tuple(span))] = actor

    def finished(self, seconds: float) -> list[Done]:
        if not self.running:
            return []
        ready, _ = self.ray.wait([*self.running], num_returns=1, timeout=seconds)
        found = []
        for reference in ready:
            del self.running[reference]
            done, arrays = self._got(reference)
            stored(self.folder, done.number, arrays)
            found.append(done)
        return found

    def _got(self, reference: Any) -> Any:
        """The result; an error of ours as it was raised there."""
        try:
            return self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as problem:
            raise problem.as_instanceof_cause() from None

    def end(self) -> None:
        """Of a connection that was made here."""
        for actor in getattr(self, "actors", ()):
            self.ray.kill(actor)
        if self.began:
            self.ray.shutdown()
