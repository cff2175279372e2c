"""A server at twice what it can answer: what is accepted, how fast and how right, and what grows.

    python -m studies.overload [RESULT.json] [--model MODEL] [--seconds 60] [--deadline-ms 2000]

Starts `isthmus serve` on 127.0.0.1, measures what it answers to clients that wait for each answer,
then sends twice as many a second, at random times, whether answers come or not. Every answer is
compared with the program's own. Latencies count from when a request was due. Clients and server
share the machine, so the capacity is that of both. Writes reports/results/overload-DATE.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.harness.parity import relative_error
from isthmus.benchmarks.portable.peers.on_endpoint import (
    HEADER_LENGTH,
    Endpoint,
    request_of,
    results_of,
)
from isthmus.benchmarks.portable.timing.early_stopping import nearest_rank
from isthmus.benchmarks.portable.timing.server import arrivals
from isthmus.errors import BackendMissing, UsageError
from isthmus.serve.server.ray_node import free_ports
from isthmus.system import files

from .study import default_path
from .study import run as run_study

CLIENTS = 32
SETS, LONGEST = 64, 128  # requests that differ, and their tokens
TIMES = 2.0  # the capacity
TOLERANCE = 1e-3  # of the largest magnitude, as kernels are chosen by size
GROWTH = 1.1  # of memory, from the second quarter of the time to the last
START_SECONDS = 300.0
MIB = 2**20

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Load:
    """Requests as bytes, and what the program answers itself."""

    bodies: Sequence[bytes]
    lengths: Sequence[int]
    expected: Sequence[Sequence[Any]]
    names: Sequence[str]


@dataclass(frozen=True)
class Seen:
    """One answer: its status, seconds from due to answered, and whether it was right.

    Accepted are those of 200 and of 504, which were let in and then took longer than the deadline.
    """

    status: int
    seconds: float
    right: bool


def main(arguments: list[str]) -> None:
    asked = _asked(arguments)
    with TemporaryDirectory(prefix="isthmus-") as name:
        program, sets = _program(asked.model, Path(name))
        with _served(program, asked) as (address, pid):
            document = measured(Endpoint(address), pid, program, sets, asked)
    path = Path(asked.result) if asked.result else default_path("overload")
    files.write_text(path, json.dumps(document, indent=1) + "\n")
    print(json.dumps({k: document[k] for k in ("capacity_per_s", "overload", "verdict")}, indent=1))
    print(path)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studies.overload")
    parser.add_argument("result", nargs="?")
    parser.add_argument("--model", default="minilm-l6")
    parser.add_argument("--queue", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--capacity-seconds", type=float, default=15.0)
    parser.add_argument("--deadline-ms", type=float, default=2000.0)
    asked = parser.parse_args(arguments)
    for name in ("seconds", "capacity_seconds", "deadline_ms"):
        if not 0 < getattr(asked, name) < 1e6:
            raise UsageError(f"--{name.replace('_', '-')}: give a number above 0")
    return asked


def _program(model: str, folder: Path) -> tuple[Path, list[Arrays]]:
    """A text model's program, and inputs of lengths that differ."""
    import isthmus as im

    entry = im.models.find(model)
    if "input_ids" not in entry.kind.specs():
        raise UsageError(f"--model {model}: takes no texts, of which lengths differ; name another")
    net = im.models.create(model, weights="sample" if entry.sample else None)
    path = folder / f"{model}.im"
    im.compile(net, net.specs()).save(path)
    random = numpy.random.default_rng(0)
    sets = []
    for length in random.integers(4, LONGEST + 1, SETS):
        ids = random.integers(0, net.options["vocabulary"], (1, int(length)), numpy.int32)
        arrays = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
        arrays["token_type_ids"] = numpy.zeros_like(ids)
        sets.append({name: arrays[name] for name in net.specs()})
    return path, sets


@contextmanager
def _served(program: Path, asked: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """The address and the process of a server of the program."""
    (port,) = free_ports(1)
    options = {"--port": port, "--queue": asked.queue, "--deadline-ms": asked.deadline_ms}
    words = [str(word) for pair in options.items() for word in pair]
    process = subprocess.Popen(
        [sys.executable, "-m", "isthmus", "serve", str(program), "--json", *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise BackendMissing("the server did not start; its own words are above")
        yield json.loads(line)["model"], process.pid
    finally:
        watchdog.cancel()
        process.terminate()
        process.wait()
        process.stdout.close()


def measured(
    endpoint: Endpoint, pid: int, program: Path, sets: Sequence[Arrays], asked: argparse.Namespace
) -> dict[str, Any]:
    """The document of the study."""
    load = _load(endpoint, program, sets)
    before = _metrics(endpoint)
    found = asyncio.run(_capacity(endpoint, load, asked.capacity_seconds))
    capacity = sum(one.status == 200 for one in found) / asked.capacity_seconds
    with _watched(pid) as memory:
        seen = asyncio.run(_overload(endpoint, load, TIMES * capacity, asked.seconds))
    after = _metrics(endpoint)
    overload = _described(seen, memory, asked.seconds)
    return {
        "study": "overload",
        "datetime": datetime.now(UTC).isoformat(),
        "fingerprint": fingerprint(),
        "versions": versions(),
        "design": {**vars(asked), "clients": CLIENTS, "times": TIMES, "sets": SETS},
        "capacity_per_s": capacity,
        "capacity_statuses": dict(Counter(str(one.status) for one in found)),
        "overload": overload,
        "batch_items": _mean(before, after, "isthmus_batch_items"),
        "padding": 1
        - _grown(before, after, 'isthmus_tokens_total{kind="asked"}')
        / max(1.0, _grown(before, after, 'isthmus_tokens_total{kind="computed"}')),
        "memory_mib": [[round(at, 1), round(size / MIB, 1)] for at, size in memory],
        "verdict": {
            "all_right": all(one.right for one in [*found, *seen]),
            "no_crash": before[BEGUN] == after[BEGUN] and not overload["statuses"].get("500"),
            "memory_bounded": overload["memory_growth"] <= GROWTH,
            "excess_refused": overload["statuses"].get("429", 0) > 0,
            "only_known_statuses": set(overload["statuses"]) <= {"200", "429", "504"},
            "p99_within_deadline": overload["p99_ms"] <= asked.deadline_ms,
        },
    }


BEGUN = "process_start_time_seconds"


def _load(endpoint: Endpoint, program: Path, sets: Sequence[Arrays]) -> Load:
    import isthmus as im
    from isthmus.graph.tree import leaves

    own = im.load(program)
    types = {one["name"]: one["datatype"] for one in endpoint.model["inputs"]}
    names = [one["name"] for one in endpoint.model["outputs"]]
    made = [request_of(arrays, types, names) for arrays in sets]
    expected = [[leaf for _, leaf in leaves(own(**arrays))] for arrays in sets]
    return Load([body for body, _ in made], [length for _, length in made], expected, names)


async def _capacity(endpoint: Endpoint, load: Load, seconds: float) -> list[Seen]:
    """Clients that each wait for the answer before they ask again."""
    numbers, until = count(), monotonic() + seconds

    async def client(session: Any) -> list[Seen]:
        found = []
        while monotonic() < until:
            found.append(await _one(session, endpoint, load, next(numbers), monotonic()))
            if found[-1].status != 200:
                await asyncio.sleep(0.1)  # or those that are refused keep it from its work
        return found

    async with _session() as session:
        every = await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return [one for some in every for one in some]


async def _overload(endpoint: Endpoint, load: Load, rate: float, seconds: float) -> list[Seen]:
    """Requests at random times, none of which waits for another."""
    began, tasks = monotonic(), []
    async with _session() as session:
        for number, at in enumerate(arrivals(rate, seconds)):
            await asyncio.sleep(max(0.0, began + at - monotonic()))
            one = _one(session, endpoint, load, number, began + at)
            tasks.append(asyncio.ensure_future(one))
        return list(await asyncio.gather(*tasks))


def _session() -> Any:
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
    )


async def _one(session: Any, endpoint: Endpoint, load: Load, number: int, due: float) -> Seen:
    """A request and its answer; status 0 where the connection was lost."""
    import aiohttp

    place = number % len(load.bodies)
    url = f"http://{endpoint.netloc}{endpoint.path}/infer"
    headers = {HEADER_LENGTH: str(load.lengths[place])}
    try:
        async with session.post(url, data=load.bodies[place], headers=headers) as answer:
            content = await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        return Seen(0, monotonic() - due, True)
    seconds = monotonic() - due
    if answer.status != 200:
        return Seen(answer.status, seconds, True)
    found = results_of(content, answer.headers.get(HEADER_LENGTH), load.names)
    pairs = zip(found, load.expected[place], strict=True)
    return Seen(200, seconds, all(_is_right(a, b) for a, b in pairs))


def _is_right(found: Any, expected: Any) -> bool:
    return found.shape == expected.shape and relative_error(found, expected) <= TOLERANCE


def _described(seen: Sequence[Seen], memory: Sequence[tuple[float, int]], seconds: float) -> Any:
    accepted = [1e3 * one.seconds for one in seen if one.status in (200, 504)]
    refused = [1e3 * one.seconds for one in seen if one.status == 429]
    quarter = max(1, len(memory) // 4)
    early = median(size for _, size in memory[quarter : 2 * quarter] or memory)
    late = median(size for _, size in memory[-quarter:])
    return {
        "sent": len(seen),
        "statuses": dict(Counter(str(one.status) for one in seen)),
        "answered_per_s": sum(one.status == 200 for one in seen) / seconds,
        "wrong": sum(not one.right for one in seen),
        "p50_ms": nearest_rank(accepted, 50) if accepted else None,
        "p99_ms": nearest_rank(accepted, 99) if accepted else float("inf"),
        "refused_p99_ms": nearest_rank(refused, 99) if refused else None,
        "memory_most_mib": max(size for _, size in memory) / MIB,
        "memory_growth": late / early,
    }


@contextmanager
def _watched(pid: int) -> Iterator[list[tuple[float, int]]]:
    """Seconds, and bytes resident in all processes of the server, once a second."""
    found, done, began = [(0.0, _resident(pid))], threading.Event(), monotonic()

    def look() -> None:
        while not done.wait(1.0):
            found.append((monotonic() - began, _resident(pid)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _resident(pid: int) -> int:
    """Bytes of the process and all that descend from it; pages that they share count each time."""
    parents, sizes = dict[int, int](), dict[int, int]()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
            sizes[int(entry.name)] = 4096 * int((entry / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(sizes.get(one, 0) for one in found)


def _metrics(endpoint: Endpoint) -> dict[str, float]:
    _, body = endpoint.ask("GET", "/metrics")
    lines = [line.rpartition(" ") for line in body.decode().splitlines() if line[:1] != "#"]
    return {name: float(value) for name, _, value in lines}


def _grown(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)


def _mean(before: dict[str, float], after: dict[str, float], name: str) -> float:
    return _grown(before, after, f"{name}_sum") / max(1.0, _grown(before, after, f"{name}_count"))


if __name__ == "__main__":
    run_study(main)
