"""A server on this machine: Ray begun, the service deployed, and all of it ended in order."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Any

from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.system.signals import begun
from isthmus.system.threads import available_threads

from .ray_node import Node
from .served import Served
from .settings import Settings

__all__ = ["Place", "check", "hosted"]

LAST_BYTES_SECONDS = 0.3  # from the last answer of the service until the client has it
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Place:
    """Where a server listens, and how long it has to answer what is inside when it ends."""

    host: str = "127.0.0.1"
    port: int = 8000
    grace_seconds: float = 30.0

    @property
    def url(self) -> str:
        """What clients are given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def check(settings: Settings, place: Place) -> None:
    """UsageError, FileError or BackendMissing for what would fail later, in another process."""
    if not 0 < place.port < 2**16:
        raise UsageError(f"--port {place.port}: give a number from 1 to 65535")
    if not 0 <= place.grace_seconds <= 3600:
        raise UsageError(f"--grace-s {place.grace_seconds:g}: give a number from 0 to 3600")
    _check_port(place)
    Served(Path(settings.program), 1, settings)


def _check_port(place: Place) -> None:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((place.host, place.port))
        except OSError as problem:
            raise UsageError(
                f"{place.host}:{place.port} cannot be listened at ({problem.strerror}); "
                "give another --port"
            ) from None


def hosted(settings: Settings, place: Place, ready: Callable[[], None]) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP; how many requests were left unanswered.

    `ready` is called when requests are answered. A signal lets no more in (503), and ends when
    those inside are answered, or when the grace is over; another ends at once. Raises
    BackendMissing where Ray does not start, or has ended.
    """
    processors = settings.threads or available_threads()
    with ExitStack() as ended, _asked_to_end() as asked:
        node = begun(ended, Node, processors)
        node.connect()
        asked.take()  # Ray has its own handlers, which end at once
        handle = _deployed(settings, place, processors)
        ready()
        while not asked.wait(LOOK_SECONDS):
            if not node.is_alive():
                raise BackendMissing("Ray has ended; see whether memory was short, and start again")
        return _drained(handle, place, asked)


def _deployed(settings: Settings, place: Place, processors: int) -> Any:
    from ray import serve

    from .deployment import bound

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    quiet: Any = {"log_level": "ERROR", "enable_access_log": False}
    try:
        serve.start(
            proxy_location="HeadOnly",
            http_options={"host": place.host, "port": place.port},
            logging_config=quiet,
        )
        return serve.run(
            bound(settings, processors, place.grace_seconds),
            name=settings.name,
            route_prefix="/",
            logging_config=quiet,
        )
    except (RuntimeError, OSError, TimeoutError) as problem:
        raise BackendMissing(
            f"Ray Serve did not start ({_reason(problem)}); free memory and processors, try again"
        ) from None


def _reason(problem: Exception) -> str:
    """The last words of the replica that failed, else of Ray."""
    from ray import serve

    words = str(problem)
    with suppress(Exception):
        for application in serve.status().applications.values():
            for deployment in application.deployments.values():
                words = deployment.message.strip() or words
    return " ".join((words.splitlines() or [""])[-1].split())[:300]


def _drained(handle: Any, place: Place, asked: _Asked) -> int:
    """Let nobody in any more and wait for those inside; how many are left."""
    until = monotonic() + place.grace_seconds
    most = max(1.0, place.grace_seconds)
    try:
        left = int(handle.close.remote().result(timeout_s=most))
        while left and monotonic() < until and asked.count < 2:
            sleep(0.05)
            left = int(handle.pending.remote().result(timeout_s=most))
    except Exception as problem:
        raise IsthmusError(
            f"the replica did not end its requests ({problem}); see its log"
        ) from None
    if not left:
        sleep(LAST_BYTES_SECONDS)
    return left


class _Asked:
    """Signals that ask to end, counted."""

    numbers = tuple(
        getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
    )

    def __init__(self) -> None:
        self.count = 0
        self._event = threading.Event()

    def take(self) -> None:
        """Have the signals from now on."""
        for number in self.numbers:
            signal.signal(number, self._note)

    def wait(self, seconds: float) -> bool:
        """Whether one came, by now or within so many seconds."""
        return self._event.wait(seconds)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self._event.set()
        if self.count > 2:
            os._exit(128 + number)


@contextmanager
def _asked_to_end() -> Iterator[_Asked]:
    before = {number: signal.getsignal(number) for number in _Asked.numbers}
    try:
        yield _Asked()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
