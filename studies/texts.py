"""What a batch of texts of several lengths costs: padded, in buckets, each length alone, packed.

    python -m studies.texts [RESULT.json]

MiniLM on the sentences and paragraphs of the repository's passage, in batches of 8 and of 32 that
arrive as a unit. In a round every way runs every batch once, batch by batch in turn, so that all
meet the same machine; who begins changes. The first round, in which sizes are new to the runtime,
is told apart. A few minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.work.input_sets import all_texts
from isthmus.models import TextProgram, create
from isthmus.models.texts import WAYS
from isthmus.reports import log_ratio
from isthmus.system.threads import available_threads

from .study import default_path, progress

BATCHES = {8: 10, 32: 3}  # texts in a batch, and how many batches
ROUNDS = 10
REFERENCE = "padded"
ALIKE = 1e-5  # embeddings are of length 1

Tokens = dict[str, numpy.ndarray[Any, Any]]


def main(arguments: list[str]) -> None:
    record: dict[str, Any] = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": available_threads(),
        "model": "minilm-l6",
        "batches": [],
    }
    for size, count in BATCHES.items():
        record["batches"].append(measured(size, count))
        print_ways(record["batches"][-1])
    path = Path(arguments[0]) if arguments else default_path("texts")
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")


def measured(size: int, count: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """Every way on the same batches: requests per second, and that over padding's."""
    net = create("minilm-l6", weights="sample")
    programs = {way: TextProgram(net, way=way, batch=size) for way in WAYS}
    batches = drawn(tokens_of(programs[REFERENCE]), size, count)
    first, *times = [
        one_round(programs, batches, number)
        for number in progress(range(rounds + 1), f"batches of {size}")
    ]
    for way, program in programs.items():
        check(way, program, programs[REFERENCE], batches[0])
    lengths = [[len(text["input_ids"]) for text in batch] for batch in batches]
    asked = sum(map(sum, lengths))
    return {
        "size": size,
        "count": count,
        "rounds": rounds,
        "tokens_asked": asked,
        "bound_of_padding": sum(len(batch) * max(batch) for batch in lengths) / asked,
        "ways": {way: summary(way, size * count, first, times, programs[way]) for way in WAYS},
    }


def tokens_of(program: TextProgram) -> list[Tokens]:
    encoded = [program.model.preprocess([text]) for text in all_texts()]
    return [{name: array[0] for name, array in text.items()} for text in encoded]


def drawn(texts: Sequence[Tokens], size: int, count: int) -> list[list[Tokens]]:
    """Batches of texts in an order of chance, in which each comes as often as the others."""
    random = numpy.random.default_rng(0)
    order: list[int] = []
    while len(order) < size * count:
        order += random.permutation(len(texts)).tolist()
    return [[texts[i] for i in order[k * size : (k + 1) * size]] for k in range(count)]


def one_round(
    programs: Mapping[str, TextProgram], batches: Sequence[Sequence[Tokens]], number: int
) -> dict[str, float]:
    """Seconds of each way for all batches."""
    seconds = dict.fromkeys(programs, 0.0)
    for turn, batch in enumerate(batches):
        begin = (number + turn) % len(WAYS)
        for way in (*WAYS[begin:], *WAYS[:begin]):
            started = perf_counter()
            for _ in programs[way].of_tokens(batch):
                pass
            seconds[way] += perf_counter() - started
    return seconds


def check(way: str, program: TextProgram, reference: TextProgram, batch: Sequence[Tokens]) -> None:
    """A way that says something else has no time."""
    found, wanted = (
        numpy.array([own["embedding"] for own in each.of_tokens(batch)])
        for each in (program, reference)
    )
    difference = float(numpy.abs(found - wanted).max())
    assert difference < ALIKE, f"{way} differs from {REFERENCE} by {difference}"


def summary(
    way: str,
    requests: int,
    first: Mapping[str, float],
    times: Sequence[Mapping[str, float]],
    program: TextProgram,
) -> dict[str, Any]:
    ratio = log_ratio([[t[REFERENCE]] for t in times], [[t[way]] for t in times], paired=True)
    return {
        "requests_per_second": requests / float(numpy.median([t[way] for t in times])),
        "over_padded": ratio.ratio,
        "interval_95": list(ratio.interval(0.95)),
        "over_padded_at_first_sight": first[REFERENCE] / first[way],
        "padding": program.stats.padding,
        "seconds": [t[way] for t in times],
    }


def print_ways(batch: Mapping[str, Any]) -> None:
    print(f"batches of {batch['size']}: padding bounds it at {batch['bound_of_padding']:.2f} times")
    for way, found in batch["ways"].items():
        low, high = found["interval_95"]
        print(
            f"  {way:8} {found['requests_per_second']:7.1f} requests/s, "
            f"{found['over_padded']:.2f} times padded ({low:.2f} to {high:.2f}), "
            f"{found['over_padded_at_first_sight']:.2f} at first sight, "
            f"{found['padding']:.1%} padding"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
