"""What `Executable.explain` says: the segments, the reasons of the cuts, and what cuts cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy

from isthmus.graph.runner import Arrays, Ran, Runner

from .partition import Segment

__all__ = ["SegmentTimes", "explanation", "notes_of", "ran_of", "ran_text"]

Array = numpy.ndarray[Any, Any]


class SegmentTimes:
    """Seconds and bytes of each segment of a program that is cut, summed over its calls.

    Two reads of the clock a segment; a program of one segment is not measured.
    """

    def __init__(self, segments: int) -> None:
        self.calls = [0] * segments
        self.seconds = [0.0] * segments
        self.bytes_read = [0] * segments  # in the last call

    def run(
        self, position: int, runner: Runner, arrays: Arrays, sizes: Mapping[str, int]
    ) -> list[Array]:
        """The segment's results."""
        start = perf_counter()
        outputs = runner(arrays, sizes)
        self.seconds[position] += perf_counter() - start
        self.calls[position] += 1
        self.bytes_read[position] = sum(array.nbytes for array in arrays)
        return outputs

    def text(self, position: int) -> str:
        calls = self.calls[position]
        if not calls:
            return "not measured yet: call the program, then explain it again"
        mean_us = self.seconds[position] / calls * 1e6
        return (
            f"measured: {mean_us:,.0f} us a call over {calls} call(s), "
            f"{self.bytes_read[position]:,} bytes handed to it"
        )


def ran_of(runner: Runner) -> Ran | None:
    """In which precision a runner computes; None where it does not say."""
    found = getattr(runner, "ran", None)
    return None if found is None else found()


def notes_of(runner: Runner) -> list[str]:
    """What else a runner has to say."""
    found = getattr(runner, "notes", None)
    return [] if found is None else found()


def ran_text(asked: str, runner: Runner) -> list[str]:
    """Which share of the products and convolutions of a segment runs in what was asked for."""
    if asked == "f32":
        return []
    found = ran_of(runner)
    if found is None:
        return [f"asked {asked}: the backend does not say what ran in it"]
    rest = [f"what is not in integers: {found.rest}"] if asked == "int8" and found.rest else []
    total, reached = sum(found.counts.values()), found.counts.get(asked, 0)
    if not total:
        return [f"asked {asked}: no matrix product and no convolution to run in it", *rest]
    said = f"asked {asked}: {reached} of {total} matrix products and convolutions ran in it"
    if reached == total:
        return [said, *rest]
    others = ", ".join(f"{n} in {name}" for name, n in found.counts.items() if name != asked)
    return [f"{said}, {others}: {found.because}", *rest]


def explanation(
    head: str,
    segments: Sequence[Segment],
    described: Sequence[list[str]],
    backend: str,
    times: SegmentTimes,
    ran: Sequence[list[str]],
) -> str:
    """The lines: a segment each, then its reasons, its precision, its measured cost, and its
    operations."""
    lines = [head]
    for position, (segment, operations) in enumerate(zip(segments, described, strict=True)):
        where = "host (NumPy)" if segment.on_host else backend
        nodes = len(segment.graph.nodes())
        lines.append(f"{position}: {where}: {nodes} nodes, {len(operations)} operations")
        lines += [f"   because {reason}" for reason in segment.reasons]
        lines += [f"   {text}" for text in ran[position]]
        lines += [f"   {times.text(position)}"] * (len(segments) > 1)
        counts = Counter(operations).items()
        lines += [f"   {n} x {text}" if n > 1 else f"   {text}" for text, n in counts]
    return "\n".join(lines)
