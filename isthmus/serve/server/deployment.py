"""The service as a deployment of Ray Serve.

`isthmus serve` runs it on this machine. On a cluster it is an application like any other:
`serve run isthmus.serve.server.deployment:application program=/models/net.im name=net`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ray import serve

from isthmus.errors import UsageError

from .service import Service
from .settings import Settings, checked, name_of

__all__ = ["application", "bound"]

# What the replica refuses itself, at once and in the protocol's words, must reach it; what is
# beyond this waits in Ray's proxy, and what is beyond twice this has its 503.
MORE_THAN_QUEUE = 1000


# Of this process, which is one replica: Ray asks the application before it tells it of its replica.
_services: list[Service] = []


class _Asgi:
    """The application of this replica's service; no function, as Ray calls one to build an app."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await _services[-1].application(scope, receive, send)


class Endpoint:
    """A replica: a service, and what the one who deployed it asks of it."""

    def __init__(self, settings: Settings) -> None:
        self.service = Service(settings)
        _services.append(self.service)

    async def close(self) -> int:
        """Let no more requests in; how many are inside."""
        self.service.admission.closed = True
        return self.service.admission.pending

    async def pending(self) -> int:
        """How many requests are inside."""
        return self.service.admission.pending


def bound(settings: Settings, processors: int, grace_seconds: float = 30.0) -> Any:
    """The application that `ray.serve.run` takes, of one replica."""
    deployment = serve.deployment(
        serve.ingress(_Asgi())(Endpoint),
        name=settings.name,
        max_ongoing_requests=settings.queue + MORE_THAN_QUEUE,
        max_queued_requests=MORE_THAN_QUEUE,
        graceful_shutdown_timeout_s=grace_seconds,
        graceful_shutdown_wait_loop_s=0.1,
        ray_actor_options={"num_cpus": processors},
    )
    return deployment.bind(settings)


def application(arguments: Mapping[str, str]) -> Any:
    """The same for `serve run`: arguments are `Settings` by name; `processors`, 1, of a replica."""
    given = dict(arguments)
    processors = int(given.pop("processors", 1))
    known = {field.name: field for field in fields(Settings)}
    for name in given:
        if name not in known:
            raise UsageError(f"no setting {name!r}; there are {', '.join(known)}")
    if "program" not in given:
        raise UsageError("no program; give program=FILE")
    given.setdefault("name", name_of(given["program"]))
    kinds = {"streams": int, "threads": int, "batch": int, "queue": int}
    kinds |= {"body_bytes": int, "held_bytes": int}
    numbers: dict[str, Any] = {**kinds, "wait_ms": float, "deadline_ms": float}
    read = {name: numbers.get(name, str)(value) for name, value in given.items()}
    return bound(checked(Settings(**read)), processors)
