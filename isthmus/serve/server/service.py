"""What each request is answered: the routes of the Open Inference Protocol, and who is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import numpy
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus._version import __version__
from isthmus.errors import IsthmusError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type

from .admission import RETRY, Admission, Slot
from .batcher import Batcher
from .measures import Measures
from .protocol import HEADER_LENGTH, encoded, parsed
from .refusals import Refused
from .served import Served
from .settings import Settings
from .versions import Versions

__all__ = ["TIMEOUT", "Service"]

TIMEOUT = "x-request-timeout-ms"
SHARE_OF_WAITING = 0.5  # of a request's time; the rest is for its own run, and for surprises
LARGE = 2**18  # bytes that are parsed in a thread, so that others are not kept waiting
# What a program raises for the numbers it was given, as NumPy does in the parts it computes.
OF_THE_NUMBERS = (IndexError, ZeroDivisionError, numpy.linalg.LinAlgError)

Answer = Callable[[Request], Coroutine[Any, Any, Response]]

log = logging.getLogger("isthmus.serve")


class Service:
    """A program and who asks it. application: of ASGI. Raises what `Served` raises."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.measures = Measures()
        self.admission = Admission(settings, self.measures)
        self.versions = Versions(
            settings,
            self.measures.counted,
            lambda served: self.measures.version.set(served.version),
            lambda _: self.measures.failed.inc(),
        )
        self.measures.version.set(1)
        self.batcher = Batcher(settings, self.measures)
        routes = [
            Route(path, _answered(getattr(self, name)), methods=[method])
            for method, path, name in ROUTES
        ]
        self.application = Starlette(
            routes=routes, lifespan=self._life, exception_handlers={HTTPException: _no_route}
        )

    @asynccontextmanager
    async def _life(self, _: Any) -> AsyncIterator[None]:
        watching = asyncio.ensure_future(self.versions.watch()) if self.settings.watch else None
        yield
        if watching is not None:
            watching.cancel()

    async def server(self, request: Request) -> Response:
        """Who answers, and which extensions of the protocol."""
        extensions = ["binary_tensor_data", "model_repository", "schedule_policy"]
        return JSONResponse({"name": "isthmus", "version": __version__, "extensions": extensions})

    async def live(self, request: Request) -> Response:
        """That the process answers."""
        return JSONResponse({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether requests are let in; 503 once the server is ending."""
        if "name" in request.path_params:
            self._named(request)
        ready = not self.admission.closed
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def model(self, request: Request) -> Response:
        """The program's tensors."""
        served = self._named(request)
        described = {
            name: [_described(n, served.datatypes[n], kind) for n, kind in kinds.items()]
            for name, kinds in (("inputs", served.types), ("outputs", served.results))
        }
        return JSONResponse(
            {
                "name": self.settings.name,
                "versions": [str(served.version)],
                "platform": "isthmus",
                **described,
            }
        )

    async def infer(self, request: Request) -> Response:
        """The results of the program on a request's tensors."""
        began = monotonic()
        served = self._named(request)
        with self.admission.entered() as slot:
            seconds = self._allowed(request)
            self._check_time(seconds)
            try:
                async with asyncio.timeout(seconds) as limit:
                    return await self._inferred(request, served, slot, began, limit)
            except TimeoutError:
                raise Refused(
                    504, f"not answered in {1e3 * (monotonic() - began):.0f} ms; allow more time"
                ) from None

    async def _inferred(
        self, request: Request, served: Served, slot: Slot, began: float, limit: Any
    ) -> Response:
        body = await _body(request, slot)
        told = body, request.headers.get(HEADER_LENGTH), served.inputs, list(served.results)
        asked = parsed(*told) if len(body) < LARGE else await asyncio.to_thread(parsed, *told)
        until = monotonic() + limit.when() - asyncio.get_running_loop().time()
        if asked.timeout_us is not None and began + asked.timeout_us / 1e6 < until:
            limit.reschedule(limit.when() - until + began + asked.timeout_us / 1e6)
            until = began + asked.timeout_us / 1e6
        results = await self.batcher(served, asked.arrays, until)
        content, headers = encoded(self.settings.name, str(served.version), asked, results)
        self.measures.seconds.observe(monotonic() - began)
        return Response(content, headers=headers)

    async def load(self, request: Request) -> Response:
        """The program's file as it is now takes over; requests that are inside have the old one."""
        self._named(request)
        try:
            served = await self.versions.reload()
        except IsthmusError as problem:
            raise Refused(
                409, f"version {self.versions.current.version} goes on: {problem}"
            ) from None
        return JSONResponse({"name": self.settings.name, "version": str(served.version)})

    async def index(self, request: Request) -> Response:
        """The one program that is here."""
        version = str(self.versions.current.version)
        state = "UNAVAILABLE" if self.admission.closed else "READY"
        return JSONResponse([{"name": self.settings.name, "version": version, "state": state}])

    async def metrics(self, request: Request) -> Response:
        """Counters, for Prometheus."""
        page, kind = self.measures.text()
        return Response(page, media_type=kind)

    def _named(self, request: Request) -> Served:
        """The version that is asked for; Refused with 404 for what is not here."""
        served, name = self.versions.current, request.path_params["name"]
        if name != self.settings.name:
            raise Refused(404, f"no model {name[:60]!r}; there is {self.settings.name!r}")
        version = request.path_params.get("version", str(served.version))
        if version != str(served.version):
            raise Refused(404, f"no version {version[:20]!r}; there is {served.version}")
        return served

    def _check_time(self, seconds: float) -> None:
        """Refused with 429 where those ahead would take most of the time: who waits and is then too
        late has cost what others could have had. With nobody ahead everyone is let in."""
        ahead = self.batcher.expected_seconds(self.admission.pending - 1)
        if ahead > SHARE_OF_WAITING * seconds:
            raise Refused(
                429,
                f"those ahead take {1e3 * ahead:.0f} ms of {1e3 * seconds:.0f}; ask again later",
                RETRY,
            )

    def _allowed(self, request: Request) -> float:
        """Seconds that a request has, of its header or the settings."""
        usual, said = self.settings.deadline_ms, request.headers.get(TIMEOUT)
        if said is None:
            return usual / 1e3
        try:
            value = float(said)
        except ValueError:
            value = 0.0
        if not 0 < value < 1e12:
            raise Refused(400, f"{TIMEOUT}: {said[:30]!r} is no number of ms; give one above 0")
        return min(usual, value) / 1e3


ROUTES = (
    ("GET", "/v2", "server"),
    ("GET", "/v2/health/live", "live"),
    ("GET", "/v2/health/ready", "ready"),
    ("GET", "/v2/models/{name}", "model"),
    ("GET", "/v2/models/{name}/versions/{version}", "model"),
    ("GET", "/v2/models/{name}/ready", "ready"),
    ("GET", "/v2/models/{name}/versions/{version}/ready", "ready"),
    ("POST", "/v2/models/{name}/infer", "infer"),
    ("POST", "/v2/models/{name}/versions/{version}/infer", "infer"),
    ("POST", "/v2/repository/index", "index"),
    ("POST", "/v2/repository/models/{name}/load", "load"),
    ("GET", "/metrics", "metrics"),
)


def _answered(answer: Answer) -> Answer:
    """The same with every failure as JSON of one line: {"error": ...}."""

    async def answered(request: Request) -> Response:
        service: Service = answer.__self__  # type: ignore[attr-defined]
        try:
            response = await answer(request)
        except Exception as problem:
            response = _refusal(problem)
        except asyncio.CancelledError:
            service.measures.answered.labels("cancelled").inc()
            raise
        if answer.__name__ == "infer":
            service.measures.answered.labels(str(response.status_code)).inc()
        return response

    return answered


def _refusal(problem: Exception) -> Response:
    if isinstance(problem, Refused):
        return _error(problem.status, str(problem), problem.headers)
    if isinstance(problem, IsthmusError):
        return _error(400, str(problem))
    if isinstance(problem, OF_THE_NUMBERS):
        return _error(400, f"{type(problem).__name__}: {problem}; give other numbers")
    if isinstance(problem, MemoryError):
        return _error(413, "the results need more memory than there is; ask for less at once")
    if isinstance(problem, ClientDisconnect):
        return _error(400, "the body ended early; send all of it")
    log.error("a request failed", exc_info=problem)
    return _error(500, f"{type(problem).__name__}: the server's log has more; report it")


def _error(status: int, message: str, headers: Any = None) -> Response:
    return JSONResponse({"error": " ".join(message.split())}, status, headers=headers)


async def _no_route(request: Request, problem: Any) -> Response:
    said = f"{request.method} {request.url.path[:100]}: {problem.detail}; see GET /v2"
    return _error(problem.status_code, said, problem.headers)


async def _body(request: Request, slot: Slot) -> bytes:
    """The body, no larger than what is allowed; of one that says its length before it comes."""
    if "content-encoding" in request.headers:
        raise Refused(415, "a body that is compressed; send it as it is")
    said = request.headers.get("content-length", "")
    known = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0
    slot.grow(known)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        slot.grow(max(0, size - max(known, size - len(chunk))))
        chunks.append(chunk)
    return b"".join(chunks)


def _described(name: str, datatype: str, kind: Type) -> dict[str, Any]:
    """As the protocol describes a tensor: -1 for a size that is named."""
    shape = [-1 if isinstance(size, Dim) else size for size in kind.shape]
    return {"name": name, "datatype": datatype, "shape": shape}
