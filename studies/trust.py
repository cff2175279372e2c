"""How far the intervals can be trusted: comparisons whose true ratio is known.

    python -m studies.trust --aa 100 --injected 10 [RESULT.json]

A comparison is `rounds` rounds of two processes of one variant that take turns, and the ratio of
their times turn by turn with its 95 % interval, made as `isthmus report` makes it. In an A/A
comparison both do the same and the ratio is 1; with a slowdown of d, each call of the second
waits d of its own time on top, and the ratio is 1 + d. Of exact intervals, 95 % hold the true
ratio. The file is written after every comparison; the same command goes on after a kill.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.benchmarks.harness import result, variants
from isthmus.benchmarks.harness.processes import Process, cycles
from isthmus.benchmarks.work import workloads
from isthmus.benchmarks.work.prepare import prepare
from isthmus.errors import IsthmusError, UsageError
from isthmus.reports.files.turns import Turns, ratio_of_turns, turns_of
from isthmus.system.signals import begun
from isthmus.system.threads import available_threads

from . import study

CONFIDENCE = 0.95
SLOWDOWNS = (0.01, 0.03, 0.10)
FEWEST_ROUNDS = 3  # below, an interval is made of samples and cannot see the processes' differences
Round = Callable[[Sequence[float]], list[Turns]]  # slowdowns -> the turns of a process of each
Comparison = dict[str, Any]


@dataclass(frozen=True)
class Design:
    """What one comparison is; a result file holds comparisons of one design."""

    workload: str = "mobilenet-v2"
    variant: str = "cpu"
    rounds: int = 5
    seconds: float = 1.0
    threads: int = field(default_factory=available_threads)


def main(arguments: list[str]) -> None:
    asked = _arguments(arguments)
    design = Design(asked.workload, asked.variant, asked.rounds, asked.seconds, asked.threads)
    _check(design)
    wanted = {0.0: asked.aa, **dict.fromkeys(SLOWDOWNS, asked.injected)}
    path = asked.result or study.default_path("trust")
    done = compare_all(design, wanted, path)
    print(f"{table(summary(done))}\n{path}")


def compare_all(design: Design, wanted: Mapping[float, int], path: Path) -> list[Comparison]:
    """The wanted number of comparisons for each slowdown, with those that the file holds."""
    known = study.known(asdict(design))
    done = study.earlier(path, known)
    todo = remaining(wanted, done)
    if not todo:
        return done
    with TemporaryDirectory(prefix="isthmus-") as place:
        round_of = _round_of(design, Path(place))
        for slowdown in study.progress(todo, f"trust {design.workload}"):
            done.append(comparison(round_of, slowdown, design.rounds, len(done)))
            result.write(path, {**known, **document(done)})
    return done


def _round_of(design: Design, folder: Path) -> Round:
    """Rounds of the design's processes, on files prepared in the folder."""
    (work,), (variant,) = workloads.find([design.workload]), variants.find([design.variant])
    prepare(work, folder, named=variant.needs == "named")

    def run(slowdowns: Sequence[float]) -> list[Turns]:
        with ExitStack() as ended:
            group = []
            for slowdown in slowdowns:
                given = folder, variant, design.threads, design.seconds
                one = begun(ended, Process, *given, delay=slowdown)
                group.append(one.opened())
            cycles(group)
            return [_turns(one.record or {}) for one in group]

    return run


def _turns(record: Mapping[str, Any]) -> Turns:
    return turns_of(record["seconds"], record["windows"]["turns"])


def remaining(wanted: Mapping[float, int], done: Sequence[Comparison]) -> list[float]:
    """The slowdown of each comparison still to be made, the kinds spread evenly over the time."""
    made = Counter(comparison["slowdown"] for comparison in done)
    places = [
        (number / count, slowdown)
        for slowdown, count in wanted.items()
        for number in range(made[slowdown], count)
    ]
    return [slowdown for _, slowdown in sorted(places)]


def comparison(round_of: Round, slowdown: float, rounds: int, number: int) -> Comparison:
    """One comparison; its number says who begins."""
    pairs = [_pair(round_of, slowdown, (number + at) % 2 == 0) for at in range(rounds)]
    plain, slowed = ([pair[which] for pair in pairs] for which in (0, 1))
    ratio = ratio_of_turns(slowed, plain)
    if ratio is None:
        raise IsthmusError("a round has no cycle in which both turns were good; run it again")
    low, high = ratio.interval(CONFIDENCE)
    return {
        "slowdown": slowdown,
        "plain_seconds": [_seconds(turns) for turns in plain],
        "slowed_seconds": [_seconds(turns) for turns in slowed],
        "estimate": ratio.ratio,
        "interval_95": [low, high],
        "holds": low <= 1 + slowdown <= high,
    }


def _pair(round_of: Round, slowdown: float, plain_first: bool) -> tuple[Turns, Turns]:
    """The turns of a plain process and of a slowed one."""
    if plain_first:
        plain, slowed = round_of([0.0, slowdown])
    else:
        slowed, plain = round_of([slowdown, 0.0])
    return plain, slowed


def _seconds(turns: Turns) -> dict[str, float]:
    """The median seconds of each turn, by cycle."""
    return {str(cycle): round(math.exp(log), result.DIGITS) for cycle, log in turns.items()}


# What they say together


def document(done: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "datetime": datetime.now(UTC).isoformat(),
        "summary": summary(done),
        "measurements": list(done),
    }


def summary(done: Sequence[Comparison]) -> list[dict[str, Any]]:
    """A row for each slowdown: how many intervals hold the true ratio, and the estimates."""
    kinds = sorted({comparison["slowdown"] for comparison in done})
    return [_row(kind, [c for c in done if c["slowdown"] == kind]) for kind in kinds]


def _row(slowdown: float, found: Sequence[Comparison]) -> dict[str, Any]:
    estimates = [comparison["estimate"] for comparison in found]
    widths = [math.log(high / low) / 2 for low, high in (c["interval_95"] for c in found)]
    return {
        "true_ratio": 1 + slowdown,
        "comparisons": len(found),
        "hold": sum(comparison["holds"] for comparison in found),
        "hold_if_exact": exact(len(found)),
        "estimates": {"least": min(estimates), "median": median(estimates), "most": max(estimates)},
        "median_half_width": math.expm1(median(widths)),
    }


def exact(count: int) -> list[int]:
    """Between which counts, in 95 % of studies, the intervals that hold are, if they are exact."""
    chances = [math.comb(count, k) * 0.95**k * 0.05 ** (count - k) for k in range(count + 1)]
    below = list(accumulate(chances))
    return [next((k for k, p in enumerate(below) if p >= tail), count) for tail in (0.025, 0.975)]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = f"{'true ratio':>10} {'hold it':>9} {'if exact':>9}   estimates: least, median, most"
    return "\n".join([f"{head}   half width", *map(_line, rows)])


def _line(row: Mapping[str, Any]) -> str:
    hold, (low, high) = f"{row['hold']}/{row['comparisons']}", row["hold_if_exact"]
    least, middle, most = (row["estimates"][name] for name in ("least", "median", "most"))
    return (
        f"{row['true_ratio']:>10.2f} {hold:>9} {f'{low}-{high}':>9}"
        f"   {least:>16.4f} {middle:>7.4f} {most:>6.4f}   {row['median_half_width']:>9.2%}"
    )


# What was asked for


def _arguments(arguments: list[str]) -> argparse.Namespace:
    usual = Design()
    parser = argparse.ArgumentParser(
        prog="python -m studies.trust", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("result", nargs="?", type=Path, help="default: reports/results/trust-DATE")
    parser.add_argument("--aa", type=int, default=100, help="A/A comparisons (100)")
    parser.add_argument("--injected", type=int, default=10, help="comparisons a slowdown (10)")
    parser.add_argument("--workload", default=usual.workload)
    parser.add_argument("--variant", default=usual.variant)
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="of two processes (5)")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="timed (0.3)")
    parser.add_argument("--threads", type=int, default=usual.threads)
    asked = parser.parse_args(arguments)
    if min(asked.aa, asked.injected) < 0 or asked.aa + asked.injected == 0:
        raise UsageError(f"--aa {asked.aa} --injected {asked.injected}: one must be above 0")
    return asked


def _check(design: Design) -> None:
    if design.rounds < FEWEST_ROUNDS:
        raise UsageError(f"--rounds {design.rounds}: give {FEWEST_ROUNDS} or more")
    if not 0 < design.seconds < 600:
        raise UsageError(f"--seconds {design.seconds}: give a number above 0 and below 600")
    study.check_threads(design.threads)


if __name__ == "__main__":
    study.run(main)
