"""k scorers of one thread on k processors, beside one: on processes, Ray, Spark and Dask.

    python -m studies.engines [RESULT.json] [--engine NAME ...] [--workers K] [--rounds N]

Run it by the interpreter that has the engines: `make test-scale` makes build/scale. MiniLM embeds
texts of the repository's passage, in tables of 64, by one worker and by k in turns, each
in a process of its own that starts the engine, warms every worker up, and times the rest. The goal
is 0.9 k times the rate of one. An engine that is not here is told as missing. Ray is started by
`ray.init`, or used where RAY_ADDRESS says.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy

import isthmus as im
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.system.threads import available_threads

from .scoring import drawn
from .study import default_path, progress
from .study import run as run_study

ROWS, TABLES = 64, 12  # of a table, and tables a worker; as many again warm it up
GOAL = 0.9
PATIENCE_SECONDS = 1800
PACKAGE = {"processes": "numpy", "ray": "ray", "spark": "pyspark", "dask": "distributed"}

Tables = list[dict[str, Any]]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        print(json.dumps(ENGINES[arguments[1]](int(arguments[2]))))
        return
    parser = argparse.ArgumentParser(prog="python -m studies.engines")
    parser.add_argument("path", nargs="?", type=Path, default=default_path("engines"))
    parser.add_argument("--engine", action="append", choices=[*PACKAGE])
    parser.add_argument("--workers", type=int, default=available_threads())
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    record: dict[str, Any] = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "workers": given.workers,
        "rows": ROWS * TABLES,
        "engines": {
            name: measured(name, given.workers, given.rounds) for name in given.engine or PACKAGE
        },
    }
    for name, found in record["engines"].items():
        print(f"{name:10} {_line(found, given.workers)}")
    given.path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {given.path}")


def measured(engine: str, workers: int, rounds: int) -> dict[str, Any]:
    """Texts per second of one worker and of all, and how much of k times one that is."""
    if find_spec(PACKAGE[engine]) is None:
        return {"missing": f"{PACKAGE[engine]} is not installed"}
    rates: dict[int, list[float]] = {1: [], workers: []}
    for number in progress(range(rounds), engine):
        for count in (1, workers) if number % 2 == 0 else (workers, 1):
            try:
                rates[count].append(process(engine, count))
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
                said = str(problem.stderr or "").strip().splitlines()
                return {"missing": said[-1] if said else str(problem)}
    one, every = (float(numpy.median(rates[count])) for count in (1, workers))
    return {"one": one, "all": every, "of_k_times_one": every / (workers * one), "rates": rates}


def process(engine: str, workers: int) -> float:
    """The rate of so many workers, from a process of its own."""
    command = [sys.executable, "-m", "studies.engines", "--process", engine, str(workers)]
    text = subprocess.run(
        command, check=True, text=True, capture_output=True, timeout=PATIENCE_SECONDS
    ).stdout
    found: float = json.loads(text.splitlines()[-1])
    return found


def _line(found: Mapping[str, Any], workers: int) -> str:
    if "missing" in found:
        return f"missing: {found['missing']}"
    return (
        f"one {found['one']:.1f}, {workers} {found['all']:.1f} texts/s: "
        f"{found['of_k_times_one']:.2f} of {workers} times one, goal {GOAL}"
    )


# One process: the engine, with so many workers of one thread


def tables(count: int, seed: int) -> Tables:
    texts = drawn(count * ROWS, seed)
    return [{"text": texts[at : at + ROWS]} for at in range(0, len(texts), ROWS)]


def scorer() -> im.Scorer:
    return im.Scorer("minilm-l6", threads=1)


def timed(run: Callable[[Tables], int], workers: int) -> float:
    """Texts per second of the second half; the first opens and warms up every worker."""
    run(tables(workers * TABLES, 0))
    work = tables(workers * TABLES, 1)
    started = time.perf_counter()
    rows = run(work)
    seconds = time.perf_counter() - started
    assert rows == len(work) * ROWS, f"{rows} of {len(work) * ROWS} rows"
    return rows / seconds


def _rows(found: Any) -> int:
    return sum(len(table["embedding"]) for table in found)


def _processes(workers: int) -> float:
    from multiprocessing import get_context

    score = scorer()
    with get_context("spawn").Pool(workers) as pool:
        return timed(lambda work: _rows(pool.map(score, work, chunksize=1)), workers)


def _dask(workers: int) -> float:
    from dask.distributed import Client

    score = scorer()
    with Client(n_workers=workers, threads_per_worker=1, dashboard_address=None) as client:
        return timed(lambda work: _rows(client.gather(client.map(score, work))), workers)


def _ray(workers: int) -> float:
    """Actors, as `map_batches` makes of them with an actor pool."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(**({} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers}))
    actors = [ray.remote(num_cpus=1)(_Actor).remote(scorer()) for _ in range(workers)]
    pool = ray.util.ActorPool(actors)
    found = timed(
        lambda work: _rows(pool.map(lambda actor, table: actor.score.remote(table), work)), workers
    )
    ray.shutdown()
    return found


class _Actor:
    def __init__(self, score: im.Scorer) -> None:
        self.scorer = score

    def score(self, table: dict[str, Any]) -> Any:
        return self.scorer(table)


def _spark(workers: int) -> float:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master(f"local[{workers}]").getOrCreate()
    score = scorer()

    def run(work: Tables) -> int:
        """A partition a table, so that workers that are done take the next."""
        rows = [(text,) for table in work for text in table["text"]]
        given = session.createDataFrame(rows, "text string").repartition(len(work))
        found: int = given.mapInArrow(score.each, "embedding array<float>").count()
        return found

    found = timed(run, workers)
    session.stop()
    return found


ENGINES: Mapping[str, Callable[[int], float]] = {
    "processes": _processes,
    "ray": _ray,
    "spark": _spark,
    "dask": _dask,
}


if __name__ == "__main__":
    run_study(main)
